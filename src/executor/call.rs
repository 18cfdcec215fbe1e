//! The JSON body of a request to a subgraph.

use super::compile::{EntityField, Program, Step, StepKind};
use super::entities::{self, Joins};
use super::rows::{RowId, Rows};
use super::shape::Shape;
use super::{Call, Request, walk};
use crate::planner::PositionId;

/// Where the answer to a call goes.
#[derive(Debug)]
pub(super) enum Destination<'p> {
    /// Root fields go into every row at a position.
    Root {
        at: PositionId,
        rows: Vec<RowId>,
        shape: &'p Shape,
    },
    /// By `_entities` field: which entity goes into which row.
    Entities(Vec<Joins<'p>>),
}

/// The request for a step, now that all it waits for is there. None if there is nothing to ask for.
pub(super) fn call<'p>(
    program: &'p Program,
    step: &'p Step,
    rows: &Rows,
    request: &Request<'_>,
) -> Option<(Call, Destination<'p>)> {
    let mut body = Body::new(step, request);
    let destination = match &step.kind {
        StepKind::Root { at, shape } => {
            let rows = walk::rows_at(program, rows, *at);
            (!rows.is_empty()).then_some(Destination::Root {
                at: *at,
                rows,
                shape,
            })?
        }
        StepKind::Entities(fields) => {
            let join = |field: &'p EntityField| {
                body.variable(&field.variable);
                entities::write(program, rows, field, &mut body.json)
            };
            let joins: Vec<Joins<'_>> = fields.iter().map(join).collect();
            let any = joins.iter().any(|joins| !joins.all().is_empty());
            any.then_some(Destination::Entities(joins))?
        }
    };
    let call = Call {
        subgraph: step.subgraph,
        operation: step.operation,
        body: body.finish().into(),
    };
    Some((call, destination))
}

/// A body under construction.
struct Body {
    json: Vec<u8>,
    variables: usize,
}

impl Body {
    /// Room for a few representations, so that most bodies are allocated once.
    const ROOM: usize = 256;

    /// The document and the client's variables.
    fn new(step: &Step, request: &Request<'_>) -> Self {
        let mut json = Vec::with_capacity(step.head.len() + Self::ROOM);
        json.extend_from_slice(&step.head);
        let mut body = Self { json, variables: 0 };
        for name in &step.variables {
            if let Some(value) = request.variables.get(name.as_str()) {
                body.variable(name);
                // Writing JSON values to memory cannot fail.
                let _ = serde_json::to_writer(&mut body.json, value);
            }
        }
        body
    }

    /// Begins a variable; its value is what is written next.
    fn variable(&mut self, name: &str) {
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

    fn finish(mut self) -> Vec<u8> {
        if self.variables > 0 {
            self.json.push(b'}');
        }
        self.json.push(b'}');
        self.json
    }
}
