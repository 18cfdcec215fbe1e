//! One document, and what was planned for it.

use super::Refusal;
use crate::{
    executor::{self, Program},
    operation::{self, Conditions, Document, ParserLimits},
    planner::{self, Budget},
    schema::Supergraph,
};
use quick_cache::Equivalent;
use std::{
    hash::{Hash, Hasher},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Programs kept for one document, each for other values of its conditions and labels.
const PROGRAMS_MAX: usize = 32;
/// A parsed document takes about this many times the bytes of its text.
const BYTES_PER_TEXT_BYTE: u64 = 32;
const BYTES_PER_ENTRY: u64 = 2048;

/// A document that passed validation, with the programs planned for it so far.
pub(super) struct Prepared {
    key: Key,
    document: Document,
    /// The most recently used last.
    programs: Mutex<Vec<Planned>>,
    /// How often clients have asked for it.
    uses: AtomicU64,
    /// Held while planning, so that each program is planned once.
    pub(super) planning: tokio::sync::Mutex<()>,
}

/// What it takes to answer an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Shape {
    /// To subgraphs.
    pub requests: usize,
    /// How many of them wait for each other.
    pub stages: usize,
}

/// What was planned for one set of condition values.
struct Planned {
    conditions: Conditions,
    program: Arc<Program>,
    /// The plan as JSON, once somebody asked to see it.
    shown: Option<Arc<str>>,
}

/// Why there is no program for a document.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlanError {
    #[error(transparent)]
    Fold(#[from] operation::Error),
    #[error(transparent)]
    Plan(#[from] planner::Error),
}

impl From<PlanError> for Refusal {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Fold(error) => error.into(),
            PlanError::Plan(error) => error.into(),
        }
    }
}

/// What a document is found by.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) operation_name: Option<Arc<str>>,
    pub(super) text: Arc<str>,
}

/// The same, borrowed.
pub(super) struct KeyRef<'a> {
    pub(super) operation_name: Option<&'a str>,
    pub(super) text: &'a str,
}

impl Prepared {
    /// Parses, validates and measures a document.
    pub(super) fn new(
        supergraph: &Supergraph,
        key: Key,
        parser: &ParserLimits,
    ) -> Result<Arc<Self>, operation::Error> {
        let name = key.operation_name.as_deref();
        let document = operation::prepare(supergraph, &key.text, name, parser)?;
        Ok(Arc::new(Self {
            key,
            document,
            programs: Mutex::default(),
            uses: AtomicU64::new(1),
            planning: tokio::sync::Mutex::default(),
        }))
    }

    /// Plans it for one set of conditions, and keeps the program.
    pub(super) fn plan(
        &self,
        supergraph: &Arc<Supergraph>,
        conditions: Conditions,
        (budget, rules): (&Budget<'_>, &executor::Rules),
    ) -> Result<Arc<Program>, PlanError> {
        let operation = self.document.fold(supergraph, &conditions)?;
        let plan = planner::plan_within(supergraph, &operation, budget)?;
        let program = executor::compile_by(supergraph, plan, rules);
        self.keep(conditions, Arc::clone(&program));
        Ok(program)
    }

    /// The document.
    pub(super) fn document(&self) -> &Document {
        &self.document
    }

    /// How often it was asked for; less for what came over from another supergraph.
    pub(super) fn uses(&self) -> u64 {
        self.uses.load(Ordering::Relaxed)
    }

    /// What logs call it: its name, for its text may hold secrets.
    pub(super) fn shown_name(&self) -> String {
        self.document.name().unwrap_or("(no name)").to_owned()
    }

    /// What it takes to answer it under the conditions used last. None: it has no program.
    pub(super) fn shape(&self) -> Option<Shape> {
        let programs = self.programs();
        let program = &programs.last()?.program;
        Some(Shape {
            requests: program.requests(),
            stages: program.stages(),
        })
    }

    /// The program for these conditions, if there is one.
    pub(super) fn program(&self, conditions: &Conditions) -> Option<Arc<Program>> {
        let mut programs = self.programs();
        let index = programs
            .iter()
            .rposition(|known| known.conditions == *conditions)?;
        programs[index..].rotate_left(1);
        programs.last().map(|known| Arc::clone(&known.program))
    }

    /// What the plan for these conditions is shown as, if it was.
    pub(super) fn shown(&self, conditions: &Conditions) -> Option<Arc<str>> {
        let programs = self.programs();
        let known = programs
            .iter()
            .find(|known| known.conditions == *conditions)?;
        known.shown.clone()
    }

    /// What it was found by.
    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    /// Somebody asks for it.
    pub(super) fn is_used(&self) {
        self.uses.fetch_add(1, Ordering::Relaxed);
    }

    /// It was asked for so often, elsewhere.
    pub(super) fn was_used(&self, uses: u64) {
        self.uses.store(uses, Ordering::Relaxed);
    }

    /// The conditions that it has programs for.
    pub(super) fn asked(&self) -> Vec<Conditions> {
        let programs = self.programs();
        programs
            .iter()
            .map(|planned| planned.conditions.clone())
            .collect()
    }

    fn programs(&self) -> MutexGuard<'_, Vec<Planned>> {
        self.programs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, conditions: Conditions, program: Arc<Program>) {
        let mut programs = self.programs();
        if programs.len() >= PROGRAMS_MAX {
            programs.remove(0);
        }
        programs.push(Planned {
            conditions,
            program,
            shown: None,
        });
    }

    /// Keeps what a plan is shown as, beside its program, if that is still there.
    pub(super) fn keep_shown(&self, conditions: &Conditions, shown: Arc<str>) {
        let mut programs = self.programs();
        let known = programs
            .iter_mut()
            .find(|known| known.conditions == *conditions);
        if let Some(known) = known {
            known.shown = Some(shown);
        }
    }

    /// An estimate: the text itself, the document, and the programs there are with what they are shown as.
    pub(super) fn bytes(&self) -> u64 {
        let programs = self.programs();
        let programs = programs.iter().map(|known| {
            let shown = known.shown.as_ref().map_or(0, |shown| shown.len() as u64);
            known.program.bytes() + shown
        });
        let programs: u64 = programs.sum();
        BYTES_PER_ENTRY + self.key.text.len() as u64 * (1 + BYTES_PER_TEXT_BYTE) + programs
    }
}

// A key and its borrowed form must hash alike.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        KeyRef {
            operation_name: self.operation_name.as_deref(),
            text: &self.text,
        }
        .hash(state);
    }
}

impl Hash for KeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.operation_name, self.text).hash(state);
    }
}

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.text == &*key.text && self.operation_name == key.operation_name.as_deref()
    }
}
