//! The operations we know: prepared documents and their programs, by the exact text clients send.
//!
//! On a hit everything comes from one lookup by (operation name, document text), compared in full, never by hash
//! alone. An entry holds the document and a program for each set of condition values and override labels seen lately. What is not there is
//! prepared and planned once, however many wait for it, on the planning threads.

use super::{Refusal, metrics::PlanMetrics, planning::Planning};
use crate::{
    executor::{self, Program},
    operation::{self, Conditions, Document, ParserLimits},
    planner::{self, Budget},
    schema::Supergraph,
};
use quick_cache::{Equivalent, Weighter, sync::Cache};
use serde_json::{Map, Value, json};
use std::{
    hash::{Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// What all entries together may weigh, in estimated bytes.
const CACHE_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Programs kept for one document, each for other values of its conditions and labels.
const PROGRAMS_MAX: usize = 32;
/// A parsed document takes about this many times the bytes of its text.
const BYTES_PER_TEXT_BYTE: u64 = 32;
const BYTES_PER_ENTRY: u64 = 2048;
/// Only sizes the cache's first table.
const ENTRIES_ESTIMATE: usize = 1024;

/// Prepared documents over one supergraph.
pub(super) struct Documents {
    supergraph: Arc<Supergraph>,
    parser: ParserLimits,
    rules: executor::Rules,
    planning: Arc<Planning>,
    cache: Cache<Key, Entry, Weight>,
    metrics: Arc<PlanMetrics>,
}

/// A document that passed validation, with the programs planned for it so far.
pub(super) struct Prepared {
    key: Key,
    document: Document,
    /// The most recently used last.
    programs: Mutex<Vec<Planned>>,
    /// Held while planning, so that each program is planned once.
    planning: tokio::sync::Mutex<()>,
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

#[derive(Clone, PartialEq, Eq)]
struct Key {
    operation_name: Option<Arc<str>>,
    text: Arc<str>,
}

struct KeyRef<'a> {
    operation_name: Option<&'a str>,
    text: &'a str,
}

#[derive(Clone)]
struct Entry {
    prepared: Arc<Prepared>,
    /// Fixed when the entry is put in; a new program puts in a new entry.
    bytes: u64,
}

#[derive(Clone)]
struct Weight;

impl Documents {
    /// Nothing known yet.
    pub(super) fn new(
        supergraph: Arc<Supergraph>,
        (parser, rules): (ParserLimits, executor::Rules),
        planning: Arc<Planning>,
    ) -> Self {
        let cache = Cache::with_weighter(ENTRIES_ESTIMATE, CACHE_BYTES_MAX, Weight);
        Self {
            supergraph,
            parser,
            rules,
            planning,
            cache,
            metrics: Arc::new(PlanMetrics::new()),
        }
    }

    /// The supergraph that they are over.
    pub(super) fn supergraph(&self) -> &Supergraph {
        &self.supergraph
    }

    /// Prepares a document of the configuration, here and now. It is not for the cache: whoever has it keeps it.
    pub(super) fn own(
        &self,
        text: &str,
        operation_name: Option<&str>,
    ) -> Result<Arc<Prepared>, operation::Error> {
        let key = Key {
            operation_name: operation_name.map(Arc::from),
            text: text.into(),
        };
        Prepared::new(&self.supergraph, key, &self.parser)
    }

    /// Plans a document of the configuration under these conditions, here and now.
    pub(super) fn plan_own(
        &self,
        prepared: &Prepared,
        conditions: Conditions,
    ) -> Result<(), PlanError> {
        let planned = prepared.plan(
            &self.supergraph,
            conditions,
            (&Budget::usual(), &self.rules),
        );
        planned.map(drop)
    }

    /// Parses, validates and measures a document, or finds it done.
    pub(super) async fn prepare(
        &self,
        text: &str,
        operation_name: Option<&str>,
    ) -> Result<Arc<Prepared>, Refusal> {
        match self.cache.get(&KeyRef {
            operation_name,
            text,
        }) {
            Some(entry) => Ok(entry.prepared),
            None => {
                self.prepare_new(Key {
                    operation_name: operation_name.map(Arc::from),
                    text: text.into(),
                })
                .await
            }
        }
    }

    async fn prepare_new(&self, key: Key) -> Result<Arc<Prepared>, Refusal> {
        let guard = match self.cache.get_value_or_guard_async(&key).await {
            Ok(entry) => return Ok(entry.prepared),
            Err(guard) => guard,
        };
        let (supergraph, parser) = (Arc::clone(&self.supergraph), self.parser);
        let job = move |_: &dyn Fn() -> bool| Prepared::new(&supergraph, key, &parser);
        let prepared = self.planning.run(job).await??;
        // It cannot be put in when it alone is too heavy for the cache; it is used all the same.
        let _ = guard.insert(Entry {
            prepared: Arc::clone(&prepared),
            bytes: prepared.bytes(),
        });
        Ok(prepared)
    }

    /// The program that answers a document under these conditions.
    pub(super) async fn program(
        &self,
        prepared: &Arc<Prepared>,
        conditions: &Conditions,
    ) -> Result<Arc<Program>, Refusal> {
        match prepared.program(conditions) {
            Some(program) => {
                self.metrics.hits.increment(1);
                Ok(program)
            }
            None => {
                self.metrics.misses.increment(1);
                self.plan(prepared, conditions.clone()).await
            }
        }
    }

    async fn plan(
        &self,
        prepared: &Arc<Prepared>,
        conditions: Conditions,
    ) -> Result<Arc<Program>, Refusal> {
        let _turn = prepared.planning.lock().await;
        if let Some(program) = prepared.program(&conditions) {
            return Ok(program);
        }
        let (supergraph, planned) = (Arc::clone(&self.supergraph), Arc::clone(prepared));
        let (metrics, rules) = (Arc::clone(&self.metrics), self.rules.clone());
        let job = move |is_given_up: &dyn Fn() -> bool| {
            let began = Instant::now();
            let budget = Budget::until(is_given_up);
            let program = planned.plan(&supergraph, conditions, (&budget, &rules))?;
            metrics.planning.record(began.elapsed());
            Ok::<_, Refusal>(program)
        };
        let program = self.planning.run(job).await??;
        self.weigh(prepared);
        Ok(program)
    }

    /// The plan of a document under these conditions as a JSON object: its `text`, and its tree as `object`. Programs do
    /// not keep the plan they were made of, so it is planned again for the first who asks to see it.
    pub(super) async fn show(
        &self,
        prepared: &Arc<Prepared>,
        conditions: Conditions,
    ) -> Result<Arc<str>, Refusal> {
        let _turn = prepared.planning.lock().await;
        if let Some(shown) = prepared.shown(&conditions) {
            return Ok(shown);
        }
        let (supergraph, planned) = (Arc::clone(&self.supergraph), Arc::clone(prepared));
        let job = move |is_given_up: &dyn Fn() -> bool| {
            let operation = planned.document.fold(&supergraph, &conditions)?;
            let plan = planner::plan_within(&supergraph, &operation, &Budget::until(is_given_up))?;
            let text = plan.display(&supergraph).to_string();
            let shown = json!({ "text": text, "object": plan.to_json(&supergraph) }).to_string();
            let shown: Arc<str> = shown.into();
            planned.keep_shown(&conditions, Arc::clone(&shown));
            Ok::<_, Refusal>(shown)
        };
        let shown = self.planning.run(job).await??;
        self.weigh(prepared);
        Ok(shown)
    }

    /// Puts an entry in anew, for it has grown.
    fn weigh(&self, prepared: &Arc<Prepared>) {
        let entry = Entry {
            prepared: Arc::clone(prepared),
            bytes: prepared.bytes(),
        };
        self.cache.insert(prepared.key.clone(), entry);
    }

    /// The values of a document's introspection fields, if it has any. It may walk the whole schema, so it is no work
    /// for a thread that others wait on.
    pub(super) async fn introspect(
        &self,
        prepared: &Arc<Prepared>,
        variables: &Map<String, Value>,
    ) -> Result<Option<Map<String, Value>>, Refusal> {
        if !prepared.document.has_introspection() {
            return Ok(None);
        }
        let (supergraph, prepared) = (Arc::clone(&self.supergraph), Arc::clone(prepared));
        let variables = variables.clone();
        let job = move |_: &dyn Fn() -> bool| {
            let (document, operation) = prepared.document.executable();
            executor::introspect(supergraph.api(), document, operation, &variables)
        };
        Ok(Some(self.planning.run(job).await??))
    }
}

impl Prepared {
    fn new(
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
            planning: tokio::sync::Mutex::default(),
        }))
    }

    /// Plans it for one set of conditions, and keeps the program.
    fn plan(
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

    fn program(&self, conditions: &Conditions) -> Option<Arc<Program>> {
        let mut programs = self.programs();
        let index = programs
            .iter()
            .rposition(|known| known.conditions == *conditions)?;
        programs[index..].rotate_left(1);
        programs.last().map(|known| Arc::clone(&known.program))
    }

    fn shown(&self, conditions: &Conditions) -> Option<Arc<str>> {
        let programs = self.programs();
        let known = programs
            .iter()
            .find(|known| known.conditions == *conditions)?;
        known.shown.clone()
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
    fn keep_shown(&self, conditions: &Conditions, shown: Arc<str>) {
        let mut programs = self.programs();
        let known = programs
            .iter_mut()
            .find(|known| known.conditions == *conditions);
        if let Some(known) = known {
            known.shown = Some(shown);
        }
    }

    /// An estimate: the text itself, the document, and the programs there are with what they are shown as.
    fn bytes(&self) -> u64 {
        let programs = self.programs();
        let programs = programs.iter().map(|known| {
            let shown = known.shown.as_ref().map_or(0, |shown| shown.len() as u64);
            known.program.bytes() + shown
        });
        let programs: u64 = programs.sum();
        BYTES_PER_ENTRY + self.key.text.len() as u64 * (1 + BYTES_PER_TEXT_BYTE) + programs
    }
}

impl Weighter<Key, Entry> for Weight {
    fn weight(&self, _: &Key, entry: &Entry) -> u64 {
        entry.bytes
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Conditions;
    use std::num::NonZero;

    /// A document whose fragments spread each other: the text grows by a line where its fields double.
    fn doubling(name: &str, times: usize) -> String {
        let fragments = (0..times).map(|index| {
            let next = index + 1;
            format!("fragment F{index} on User {{ a: friends {{ ...F{next} }} b: friends {{ ...F{next} }} }}")
        });
        let fragments: Vec<String> = fragments.collect();
        format!(
            "query {name} {{ me {{ ...F0 }} }} {} fragment F{times} on User {{ id }}",
            fragments.join(" ")
        )
    }

    #[tokio::test]
    async fn what_is_kept_is_weighed_by_its_plan_and_not_by_its_text() {
        let sdl = include_str!("../../tests/cases/supergraphs/shop.graphql");
        let supergraph = Arc::new(Supergraph::parse(sdl).unwrap());
        let planning = Arc::new(Planning::start(NonZero::<usize>::MIN).unwrap());
        let documents = Documents::new(supergraph, Default::default(), planning);
        let weigh = async |text: &str| {
            let prepared = documents.prepare(text, None).await.unwrap();
            let conditions: Conditions = prepared.document().conditions(&Map::new());
            documents.program(&prepared, &conditions).await.unwrap();
            prepared.bytes()
        };
        let (small, large) = (doubling("A", 2), doubling("A", 9));
        assert!(large.len() < small.len() * 5);
        let (small, large) = (weigh(&small).await, weigh(&large).await);
        // 2^9 users with an id each, against 2^2 of them.
        assert!(large > small * 50, "{large} against {small}");
        assert_eq!(documents.cache.weight(), small + large);
    }
}
