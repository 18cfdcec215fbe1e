//! The JSON body of a request to a subgraph.

use super::compile::{EntityField, Program, Step};
use super::entities::{self, Joins};
use super::rows::{RowId, Rows};
use super::shape::{RowLayout, Shape};
use super::{Call, Request, walk};
use crate::planner::PositionId;
use apollo_compiler::Name;
use smallvec::SmallVec;
use std::sync::Arc;

/// Where the answer to a call goes.
#[derive(Debug)]
pub(super) enum Destination {
    /// Root fields go into every row at a position.
    Root {
        at: PositionId,
        rows: Vec<RowId>,
        /// What a row there looks like.
        layout: RowLayout,
        shape: Arc<Shape>,
    },
    /// By `_entities` field: which entity goes into which row.
    Entities(Vec<Joins>),
}

/// A row that cannot be asked for: nothing, or null, sets an argument that must not be null.
#[derive(Debug)]
pub(super) struct Unset {
    pub row: RowId,
    pub position: PositionId,
    /// The argument's type.
    pub ty: String,
}

/// The requests for a step.
#[derive(Default)]
pub(super) struct Calls {
    pub list: SmallVec<[(Call, Destination); 1]>,
    /// The rows that cannot be asked for.
    pub unset: Vec<Unset>,
}

impl Calls {
    pub(super) fn add(&mut self, step: &Step, body: Vec<u8>, destination: Destination) {
        let call = Call {
            subgraph: step.subgraph,
            operation: step.operation,
            body: body.into(),
        };
        self.list.push((call, destination));
    }
}

/// The request for root fields at a position.
pub(super) fn root(
    program: &Program,
    (step, at, (layout, shape)): (&Step, PositionId, (RowLayout, &Arc<Shape>)),
    rows: &Rows,
    request: &Request<'_>,
) -> Calls {
    let mut calls = Calls::default();
    let rows = walk::rows_at(program, rows, at);
    if !rows.is_empty() {
        let body = Body::new(&step.head, step.variables.iter(), request);
        let destination = Destination::Root {
            at,
            rows,
            layout,
            shape: Arc::clone(shape),
        };
        calls.add(step, body.finish(), destination);
    }
    calls
}

/// The request for entities.
pub(super) fn entities(
    program: &Program,
    (step, fields): (&Step, &[Arc<EntityField>]),
    rows: &Rows,
    request: &Request<'_>,
) -> Calls {
    let mut calls = Calls::default();
    let mut body = Body::new(&step.head, step.variables.iter(), request);
    let join = |field: &Arc<EntityField>| {
        body.variable(&field.variable);
        entities::write(program, rows, field, &mut body.json)
    };
    let joins: Vec<Joins> = fields.iter().map(join).collect();
    if joins.iter().any(|joins| !joins.all().is_empty()) {
        calls.add(step, body.finish(), Destination::Entities(joins));
    }
    calls
}

/// A body under construction.
pub(super) struct Body {
    pub json: Vec<u8>,
    variables: usize,
}

impl Body {
    /// Room for a few representations, so that most bodies are allocated once.
    const ROOM: usize = 256;

    /// The document, in what the body begins with, and the client's variables.
    pub(super) fn new<'n>(
        head: &[u8],
        variables: impl Iterator<Item = &'n Name>,
        request: &Request<'_>,
    ) -> Self {
        let mut json = Vec::with_capacity(head.len() + Self::ROOM);
        json.extend_from_slice(head);
        let mut body = Self { json, variables: 0 };
        for name in variables {
            if let Some(value) = request.variables.get(name.as_str()) {
                body.variable(name);
                // Writing JSON values to memory cannot fail.
                let _ = serde_json::to_writer(&mut body.json, value);
            }
        }
        body
    }

    /// Begins a variable; its value is what is written next.
    pub(super) fn variable(&mut self, name: &str) {
        let separator: &[u8] = if self.variables == 0 {
            b",\"variables\":{\""
        } else {
            b",\""
        };
        self.json.extend_from_slice(separator);
        self.json.extend_from_slice(name.as_bytes());
        self.json.extend_from_slice(b"\":");
        self.variables += 1;
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.variables > 0 {
            self.json.push(b'}');
        }
        self.json.push(b'}');
        self.json
    }
}
