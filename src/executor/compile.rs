//! Plan → [`Program`]: what every request would otherwise work out again.
//!
//! Document texts become the beginnings of request bodies, reads become [`Shape`]s with slots in place of positions,
//! `after` is turned around into "who waits for me". Knows nothing of requests.

use super::leaf::LeafType;
use super::shape::{Layouts, RowLayout, Shape};
use crate::operation::OperationKind;
use crate::planner::{
    ContextSource, ContextVariable, Cost, Fetch, FetchKind, ListSizes, Output, OutputValue, Plan,
    Position, PositionId, Representation, RepresentationField, Template,
};
use crate::schema::{SubgraphId, Supergraph, TypeSet};
use apollo_compiler::Name;
use smallvec::SmallVec;
use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// A plan, ready to run any number of times. Made by [`compile`] alone.
#[derive(Debug)]
pub struct Program {
    /// Another one for every program.
    pub(super) id: u64,
    pub(super) supergraph: Arc<Supergraph>,
    pub(super) positions: Vec<Position>,
    /// By position: the response key under which clients see it, if they do.
    pub(super) shown_as: Vec<Option<Name>>,
    pub(super) steps: Vec<Step>,
    /// Whether what is asked of an object depends on what is around it, too.
    pub(super) has_contexts: bool,
    pub(super) output: Output,
    pub(super) forbidden: TypeSet,
    denied: Vec<Vec<String>>,
    pub(super) limits: Limits,
    cost: Option<Cost>,
    /// About the length of the largest response lately: the next one gets that much room.
    pub(super) largest: AtomicUsize,
}

/// What an answer may hold. A value with more is null, with an error at its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep arrays and objects may be nested in a leaf.
    pub depth: usize,
    /// How many items a list may have; not those in leaves of custom scalars.
    pub list_items: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 128,
            list_items: 1_000_000,
        }
    }
}

/// How plans are prepared.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub limits: Limits,
    /// How long lists are taken to be, if it matters what operations cost.
    pub list_sizes: Option<Arc<ListSizes>>,
}

/// A fetch.
#[derive(Debug)]
pub(super) struct Step {
    pub subgraph: SubgraphId,
    pub operation: OperationKind,
    /// The request body up to and without its variables: `{"query":"…"`.
    pub head: Vec<u8>,
    pub variables: Vec<Name>,
    /// How many steps this one waits for.
    pub waits_for: usize,
    /// The steps that wait for this one.
    pub awaited_by: Vec<usize>,
    pub kind: StepKind,
}

/// What a step asks for; see [`FetchKind`].
#[derive(Debug)]
pub(super) enum StepKind {
    Root {
        at: PositionId,
        rows: RowLayout,
        shape: Arc<Shape>,
    },
    Entities(Vec<Arc<EntityField>>),
    Contextual(Contextual),
}

/// `_entities` fields of which some take arguments from contexts: the document is made for each request.
#[derive(Debug)]
pub(super) struct Contextual {
    pub fields: Vec<Arc<EntityField>>,
    pub template: Template,
}

/// An `_entities` field of a step.
#[derive(Debug)]
pub(super) struct EntityField {
    pub key: String,
    pub variable: String,
    pub contexts: Vec<ContextVariable>,
    pub targets: Vec<Target>,
}

/// Rows that send representations to an `_entities` field; see [`crate::planner::Target`].
#[derive(Debug)]
pub(super) struct Target {
    pub position: PositionId,
    pub types: Option<TypeSet>,
    pub representation: Representation,
    /// By context variable of the field; see [`ContextSource`].
    pub contexts: Vec<Vec<Source>>,
    /// What its rows look like.
    pub rows: RowLayout,
    pub shape: Shape,
}

/// An object around a row that sets a context.
#[derive(Debug)]
pub(super) struct Source {
    /// How many positions above the row it is.
    pub up: usize,
    pub types: Option<TypeSet>,
    pub fields: Vec<RepresentationField>,
}

/// Prepares a plan to be run, with the default [`Rules`].
pub fn compile(supergraph: &Arc<Supergraph>, plan: Plan) -> Arc<Program> {
    compile_by(supergraph, plan, &Rules::default())
}

/// Prepares a plan to be run by these rules.
pub fn compile_by(supergraph: &Arc<Supergraph>, mut plan: Plan, rules: &Rules) -> Arc<Program> {
    let sizes = rules.list_sizes.as_deref();
    let cost = sizes.map(|sizes| Cost::new(&plan, supergraph, sizes));
    let mut awaited_by = vec![Vec::new(); plan.fetches.len()];
    for (index, fetch) in plan.fetches.iter().enumerate() {
        for earlier in &fetch.after {
            awaited_by[earlier.0 as usize].push(index);
        }
    }
    let mut shown = Shown {
        keys: vec![None; plan.positions.len()],
        leaves: vec![None; plan.positions.len()],
    };
    shown.note(&plan.output);
    let fetches = std::mem::take(&mut plan.fetches);
    let steps = fetches.into_iter().zip(awaited_by);
    let steps: Vec<Step> = steps
        .map(|(fetch, awaited_by)| Step::new(fetch, awaited_by, (&plan, &shown.leaves)))
        .collect();
    let is_contextual = |step: &Step| matches!(step.kind, StepKind::Contextual(_));
    static NEXT: AtomicU64 = AtomicU64::new(0);
    Arc::new(Program {
        id: NEXT.fetch_add(1, Ordering::Relaxed),
        supergraph: Arc::clone(supergraph),
        has_contexts: steps.iter().any(is_contextual),
        steps,
        positions: plan.positions,
        shown_as: shown.keys,
        denied: {
            let mut denied = Vec::new();
            note_denied(&plan.output, &mut Vec::new(), &mut denied);
            denied
        },
        output: plan.output,
        forbidden: plan.forbidden,
        limits: rules.limits,
        cost,
        largest: AtomicUsize::new(0),
    })
}

fn note_denied(output: &Output, above: &mut Vec<String>, denied: &mut Vec<Vec<String>>) {
    for field in &output.fields {
        above.push(field.key.to_string());
        match &field.value {
            OutputValue::Denied { .. } => denied.push(above.clone()),
            OutputValue::Object { output, .. } => note_denied(output, above, denied),
            OutputValue::Typename | OutputValue::Leaf { .. } | OutputValue::Introspection => {}
        }
        above.pop();
    }
}

/// What clients see, by position.
struct Shown {
    keys: Vec<Option<Name>>,
    leaves: Vec<Option<LeafType>>,
}

impl Shown {
    fn note(&mut self, output: &Output) {
        for field in &output.fields {
            match &field.value {
                OutputValue::Leaf { position, ty, leaf } => {
                    self.keys[position.0 as usize] = Some(field.key.clone());
                    self.leaves[position.0 as usize] = Some(LeafType {
                        ty: ty.clone(),
                        leaf: *leaf,
                    });
                }
                OutputValue::Object {
                    position, output, ..
                } => {
                    self.keys[position.0 as usize] = Some(field.key.clone());
                    self.note(output);
                }
                OutputValue::Typename | OutputValue::Introspection | OutputValue::Denied { .. } => {
                }
            }
        }
    }
}

/// What a position takes altogether (its shape, its output, names), as measured over large plans.
const BYTES_PER_POSITION: u64 = 2048;

impl Program {
    /// About how much memory it takes. Fragments make this large where the text of the operation is small.
    pub fn bytes(&self) -> u64 {
        let bodies: usize = self.steps.iter().map(|step| step.head.len()).sum();
        self.positions.len() as u64 * BYTES_PER_POSITION + bodies as u64
    }

    /// Where clients are shown null because the caller may not have what they asked for, as paths of response keys. What is
    /// null because of the type that an object turns out to have is not among these.
    pub fn denied(&self) -> &[Vec<String>] {
        &self.denied
    }

    /// What it costs, if that matters.
    pub fn cost(&self) -> Option<&Cost> {
        self.cost.as_ref()
    }

    /// How many requests to subgraphs it takes.
    pub fn requests(&self) -> usize {
        self.steps.len()
    }

    /// The length of the longest chain of requests that wait for each other.
    pub fn stages(&self) -> usize {
        let mut before = vec![0; self.steps.len()];
        for (index, step) in self.steps.iter().enumerate() {
            for waiting in &step.awaited_by {
                before[*waiting] = before[*waiting].max(before[index] + 1);
            }
        }
        before.iter().map(|before| before + 1).max().unwrap_or(0)
    }

    /// Remembers the length of a response, if it is large, or else forgets a little of the largest.
    pub(super) fn note_length(&self, length: usize) {
        let known = self.largest.load(Ordering::Relaxed);
        if length > known {
            self.largest.store(length, Ordering::Relaxed);
        } else if length < known / 2 {
            self.largest.store(known - known / 16, Ordering::Relaxed);
        }
    }

    pub(super) fn position(&self, id: PositionId) -> &Position {
        &self.positions[id.0 as usize]
    }

    pub(super) fn shown_as(&self, id: PositionId) -> Option<&Name> {
        self.shown_as[id.0 as usize].as_ref()
    }

    /// The positions from below the root down to `id`.
    pub(super) fn chain(&self, id: PositionId) -> SmallVec<[PositionId; 8]> {
        let mut chain = SmallVec::new();
        let mut here = id;
        while let Some(parent) = self.position(here).parent {
            chain.push(here);
            here = parent;
        }
        chain.reverse();
        chain
    }
}

impl Step {
    fn new(
        fetch: Fetch,
        awaited_by: Vec<usize>,
        (plan, leaves): (&Plan, &[Option<LeafType>]),
    ) -> Self {
        Self {
            subgraph: fetch.subgraph,
            operation: fetch.operation,
            head: format!("{{\"query\":{}", serde_json::Value::from(&*fetch.document)).into_bytes(),
            variables: fetch.variables,
            waits_for: fetch.after.len(),
            awaited_by,
            kind: StepKind::new(fetch.kind, fetch.template, (plan, leaves)),
        }
    }
}

impl StepKind {
    fn new(
        kind: FetchKind,
        template: Option<Template>,
        (plan, leaves): (&Plan, &[Option<LeafType>]),
    ) -> Self {
        let layouts = Layouts {
            positions: &plan.positions,
            leaves,
        };
        let fields = match kind {
            FetchKind::Root { at, read } => {
                return Self::Root {
                    at,
                    rows: RowLayout::of(&plan.positions[at.0 as usize]),
                    shape: Arc::new(Shape::new(read, &layouts)),
                };
            }
            FetchKind::Entities(fields) => fields,
        };
        let fields = fields.into_iter().map(|field| EntityField {
            key: field.key,
            variable: field.variable,
            contexts: field.contexts,
            targets: field
                .targets
                .into_iter()
                .map(|target| Target::new(target, (plan, &layouts)))
                .collect(),
        });
        let fields = fields.map(Arc::new).collect();
        match template {
            Some(template) => Self::Contextual(Contextual { fields, template }),
            None => Self::Entities(fields),
        }
    }
}

impl Target {
    fn new(target: crate::planner::Target, (plan, layouts): (&Plan, &Layouts<'_>)) -> Self {
        let source = |source: ContextSource| Source {
            up: plan.steps_up(target.position, source.position),
            types: source.types,
            fields: source.fields,
        };
        let contexts = target.contexts.into_iter();
        Self {
            position: target.position,
            types: target.types,
            representation: target.representation,
            contexts: contexts
                .map(|sources| sources.into_iter().map(source).collect())
                .collect(),
            rows: RowLayout::of(&plan.positions[target.position.0 as usize]),
            shape: Shape::new(target.read, layouts),
        }
    }
}
