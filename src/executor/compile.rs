//! Plan → [`Program`]: what every request would otherwise work out again.
//!
//! Document texts become the beginnings of request bodies, reads become [`Shape`]s with slots in place of positions,
//! `after` is turned around into "who waits for me". Knows nothing of requests.

use super::shape::Shape;
use crate::operation::OperationKind;
use crate::planner::{
    Fetch, FetchKind, Output, OutputValue, Plan, Position, PositionId, Representation,
};
use crate::schema::{SubgraphId, Supergraph, TypeSet};
use apollo_compiler::Name;
use smallvec::SmallVec;
use std::sync::Arc;

/// A plan, ready to run any number of times. Made by [`compile`] alone.
#[derive(Debug)]
pub struct Program {
    pub(super) supergraph: Arc<Supergraph>,
    pub(super) positions: Vec<Position>,
    /// By position: the response key under which clients see it, if they do.
    pub(super) shown_as: Vec<Option<Name>>,
    pub(super) steps: Vec<Step>,
    pub(super) output: Output,
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
    Root { at: PositionId, shape: Shape },
    Entities(Vec<EntityField>),
}

/// An `_entities` field of a step.
#[derive(Debug)]
pub(super) struct EntityField {
    pub key: String,
    pub variable: String,
    pub targets: Vec<Target>,
}

/// Rows that send representations to an `_entities` field; see [`crate::planner::Target`].
#[derive(Debug)]
pub(super) struct Target {
    pub position: PositionId,
    pub types: Option<TypeSet>,
    pub representation: Representation,
    pub shape: Shape,
}

/// Prepares a plan to be run.
pub fn compile(supergraph: &Arc<Supergraph>, plan: Plan) -> Program {
    let mut awaited_by = vec![Vec::new(); plan.fetches.len()];
    for (index, fetch) in plan.fetches.iter().enumerate() {
        for earlier in &fetch.after {
            awaited_by[earlier.0 as usize].push(index);
        }
    }
    let mut shown_as = vec![None; plan.positions.len()];
    note_response_keys(&plan.output, &mut shown_as);
    let steps = plan.fetches.into_iter().zip(awaited_by);
    Program {
        supergraph: Arc::clone(supergraph),
        steps: steps
            .map(|(fetch, awaited_by)| Step::new(fetch, awaited_by, &plan.positions))
            .collect(),
        positions: plan.positions,
        shown_as,
        output: plan.output,
    }
}

fn note_response_keys(output: &Output, shown_as: &mut [Option<Name>]) {
    for field in &output.fields {
        match &field.value {
            OutputValue::Leaf { position, .. } => {
                shown_as[position.0 as usize] = Some(field.key.clone())
            }
            OutputValue::Object {
                position, output, ..
            } => {
                shown_as[position.0 as usize] = Some(field.key.clone());
                note_response_keys(output, shown_as);
            }
            OutputValue::Typename | OutputValue::Introspection => {}
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
    fn new(fetch: Fetch, awaited_by: Vec<usize>, positions: &[Position]) -> Self {
        Self {
            subgraph: fetch.subgraph,
            operation: fetch.operation,
            head: format!("{{\"query\":{}", serde_json::Value::from(&*fetch.document)).into_bytes(),
            variables: fetch.variables,
            waits_for: fetch.after.len(),
            awaited_by,
            kind: StepKind::new(fetch.kind, positions),
        }
    }
}

impl StepKind {
    fn new(kind: FetchKind, positions: &[Position]) -> Self {
        let target = |target: crate::planner::Target| Target {
            position: target.position,
            types: target.types,
            representation: target.representation,
            shape: Shape::new(target.read, positions),
        };
        match kind {
            FetchKind::Root { at, read } => Self::Root {
                at,
                shape: Shape::new(read, positions),
            },
            FetchKind::Entities(fields) => {
                let fields = fields.into_iter().map(|field| EntityField {
                    key: field.key,
                    variable: field.variable,
                    targets: field.targets.into_iter().map(target).collect(),
                });
                Self::Entities(fields.collect())
            }
        }
    }
}
