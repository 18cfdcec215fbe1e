//! A subgraph's answer → rows.
//!
//! One pass over the text, driven by the fetch's shape: values are pieces of the body, nothing is decoded. Objects are
//! read into fresh rows, so that an answer that breaks off leaves nothing behind; when all of it is read, `merge` puts
//! them where they belong. An entity that stands at several places is read once, and what is inside of it is then the
//! same rows at all of them.

mod parsed;
mod values;

use super::call::Destination;
use super::compile::Program;
use super::entities::Joins;
use super::json::{Json, Malformed};
use super::merge::{self, Findings};
use super::rows::{BodyId, Datum, RowId, Rows};
use super::shape::{RowLayout, Shape};
use super::weigh::Scales;
use super::{Answer, CallError, ErrorCode};
use crate::planner::Weight;
use crate::schema::TypeId;
use bytes::Bytes;
use serde_json::Value;
use smallvec::SmallVec;
use std::ops::Range;

/// Why a fetch gave nothing.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub code: ErrorCode,
    pub message: String,
}

/// What an answer held besides the rows that were filled.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// What stands under `errors`; null if there is nothing.
    pub errors: Value,
    /// What the rows point into, if there are any.
    body: Option<BodyId>,
    pub findings: Findings,
    /// What it cost, if it is weighed.
    pub cost: f64,
}

/// Reads the answer to the step `index` into the rows it is meant for. A body that is a GraphQL response counts as one
/// whatever its status (<https://graphql.github.io/graphql-over-http/draft/#sec-Processing-the-response>).
pub(super) fn read(
    program: &Program,
    (index, destination): (usize, &Destination),
    (answer, weights): (&Answer, Option<&[Weight]>),
    rows: &mut Rows,
) -> Result<Reading, Failure> {
    let read = read_body(program, (index, destination), (answer, weights), rows);
    read.map_err(|failure| match answer.status.is_success() {
        true => failure,
        false => Failure {
            code: ErrorCode::Http(answer.status.as_u16()),
            message: format!("HTTP status {}", answer.status),
        },
    })
}

fn read_body(
    program: &Program,
    (index, destination): (usize, &Destination),
    (answer, weights): (&Answer, Option<&[Weight]>),
    rows: &mut Rows,
) -> Result<Reading, Failure> {
    let (placed, mut reading) = match &answer.shared {
        Some(shared) if !program.has_contexts => {
            parsed::read(program, (index, destination), (answer, shared), rows)?
        }
        _ => parse(program, destination, &answer.body, rows)?,
    };
    let Some(body) = reading.body else {
        return Ok(reading);
    };
    if let Some(weights) = weights {
        reading.cost = cost(destination, &placed, Scales { weights, rows });
    }
    match destination {
        Destination::Root {
            rows: into, shape, ..
        } => {
            rows.shared |= shape.has_composites && into.len() > placed.len();
            // One for all rows, or one for each.
            for (&into, placed) in into.iter().zip(placed.iter().cycle()) {
                let both = (into, placed.row);
                merge::merge((rows, body), both, shape, &mut reading.findings);
            }
        }
        Destination::Entities(joins) => {
            for placed in placed {
                let joins = &joins[placed.field as usize];
                let join = &joins.all()[placed.join as usize];
                let (both, shape) = ((join.row, placed.row), &joins.target(join).shape);
                merge::merge((rows, body), both, shape, &mut reading.findings);
            }
        }
    }
    Ok(reading)
}

/// What an answer cost. An entity that stands at several places was resolved once.
fn cost(destination: &Destination, placed: &[Placed], scales: Scales<'_>) -> f64 {
    let mut last = None;
    let fresh = placed.iter().filter(|placed| {
        let is_fresh = last != Some(placed.row);
        last = Some(placed.row);
        is_fresh
    });
    let costs = fresh.map(|placed| match destination {
        Destination::Root { shape, .. } => scales.object(shape, placed.row),
        Destination::Entities(joins) => {
            let joins = &joins[placed.field as usize];
            let target = joins.target(&joins.all()[placed.join as usize]);
            let entity = scales.weights[target.position.0 as usize].entity;
            entity + scales.object(&target.shape, placed.row)
        }
    });
    costs.sum()
}

/// A fresh row, and where it belongs: by `_entities` field, the index of a join. Of root fields: one for every row of the
/// destination, or one for all.
#[derive(Clone, Copy, Debug)]
struct Placed {
    field: u32,
    join: u32,
    row: RowId,
}

/// Reads a body into fresh rows.
fn parse(
    program: &Program,
    destination: &Destination,
    body: &Bytes,
    rows: &mut Rows,
) -> Result<(Vec<Placed>, Reading), Failure> {
    let text = simdutf8::compat::from_utf8(body)
        .map_err(|error| Failure::malformed(format!("not UTF-8: {error}")))?;
    let body = rows.add_body(body.clone());
    let body = body.ok_or_else(|| Failure::malformed("the answer is too large"))?;
    let mut reader = Reader {
        program,
        rows,
        body,
        json: Json::new(text),
        stack: Vec::new(),
        is_long: false,
        placed: Vec::new(),
        findings: Findings::default(),
    };
    let envelope = reader.envelope(destination).map_err(not_graphql)?;
    let errors = envelope
        .errors
        .map_or(Ok(Value::Null), serde_json::from_str);
    let errors: Value = errors.map_err(not_graphql)?;
    match envelope.data {
        Data::NotAnObject => return Err(Failure::malformed("data is not an object")),
        Data::Missing if !has_errors(&errors) => {
            return Err(Failure::malformed("neither data nor errors"));
        }
        Data::Missing | Data::Read => {}
    }
    let Reader {
        placed, findings, ..
    } = reader;
    let reading = Reading {
        errors,
        findings,
        body: Some(body),
        cost: 0.0,
    };
    Ok((placed, reading))
}

fn not_graphql(error: impl ToString) -> Failure {
    Failure::malformed(format!("not a GraphQL response: {}", error.to_string()))
}

/// Whether there is anything under `errors`.
pub(super) fn has_errors(errors: &Value) -> bool {
    match errors {
        Value::Null => false,
        Value::Array(errors) => !errors.is_empty(),
        _ => true,
    }
}

/// The parts of a GraphQL response.
struct Envelope<'a> {
    data: Data,
    errors: Option<&'a str>,
}

enum Data {
    /// There is none, or null.
    Missing,
    NotAnObject,
    Read,
}

struct Reader<'a, 't> {
    program: &'a Program,
    rows: &'a mut Rows,
    body: BodyId,
    json: Json<'t>,
    /// The items of the lists being read, innermost on top.
    stack: Vec<Datum>,
    /// Whether a list in the leaf being read has too many items.
    is_long: bool,
    placed: Vec<Placed>,
    findings: Findings,
}

impl<'t> Reader<'_, 't> {
    fn envelope(&mut self, destination: &Destination) -> Result<Envelope<'t>, Malformed> {
        let mut envelope = Envelope {
            data: Data::Missing,
            errors: None,
        };
        self.json.mark(b'{', "an object")?;
        if !self.json.takes_mark(b'}') {
            loop {
                let key = self.json.key()?;
                match &*key {
                    "data" => envelope.data = self.data(destination)?,
                    "errors" => {
                        let start = self.json.value()?;
                        envelope.errors = Some(self.json.since(start));
                    }
                    _ => {
                        self.json.value()?;
                    }
                }
                if !self.json.comes_another(b'}')? {
                    break;
                }
            }
        }
        self.json.end()?;
        Ok(envelope)
    }

    fn data(&mut self, destination: &Destination) -> Result<Data, Malformed> {
        // Of several, the last one counts.
        self.placed.clear();
        self.findings = Findings::default();
        let first = self.json.peek();
        if first != b'{' {
            self.json.value()?;
            return Ok(match first {
                b'n' => Data::Missing,
                _ => Data::NotAnObject,
            });
        }
        match destination {
            Destination::Root {
                rows,
                layout,
                shape,
                ..
            } => self.root(rows.len(), *layout, shape)?,
            Destination::Entities(joins) => self.entity_fields(joins)?,
        }
        Ok(Data::Read)
    }

    /// Root fields, for so many rows: once, or for each of them where what follows may differ.
    fn root(&mut self, rows: usize, layout: RowLayout, shape: &Shape) -> Result<(), Malformed> {
        let start = self.json.at();
        let times = if self.program.has_contexts { rows } else { 1 };
        for join in 0..times {
            self.json.back_to(start);
            let row = self.rows.add(layout);
            self.object(shape, row)?;
            self.placed.push(Placed {
                field: 0,
                join: join as u32,
                row,
            });
        }
        Ok(())
    }

    /// The fields of an entity fetch.
    fn entity_fields(&mut self, joins: &[Joins]) -> Result<(), Malformed> {
        // By field: nothing yet, or how many entities there are, if there is a list.
        let mut received: Vec<Option<Option<usize>>> = vec![None; joins.len()];
        self.json.mark(b'{', "an object")?;
        if !self.json.takes_mark(b'}') {
            loop {
                let key = self.json.key()?;
                match joins.iter().position(|joins| joins.key() == key) {
                    Some(index) => {
                        if received[index].is_some() {
                            // Of several, the last one counts.
                            self.placed.retain(|placed| placed.field as usize != index);
                            self.findings.odd.retain(|(field, _)| *field != index);
                        }
                        received[index] = Some(self.entities((index, &joins[index]))?);
                    }
                    None => {
                        self.json.value()?;
                    }
                }
                if !self.json.comes_another(b'}')? {
                    break;
                }
            }
        }
        let received = received.into_iter().map(Option::flatten);
        for (field, (received, joins)) in received.zip(joins).enumerate() {
            if received.is_none_or(|received| received < joins.representations()) {
                self.findings.short.push((field, received));
            }
        }
        Ok(())
    }

    /// The list of an `_entities` field. Returns how many there were; none if it is no list.
    fn entities(&mut self, (field, joins): (usize, &Joins)) -> Result<Option<usize>, Malformed> {
        if !self.json.takes_mark(b'[') {
            self.json.value()?;
            return Ok(None);
        }
        let mut received = 0;
        if self.json.takes_mark(b']') {
            return Ok(Some(received));
        }
        let all = joins.all();
        let mut next = 0;
        loop {
            let first = next;
            while all
                .get(next)
                .is_some_and(|join| join.representation == received)
            {
                next += 1;
            }
            match self.json.peek() {
                b'n' => {
                    self.json.value()?;
                }
                b'{' => self.entity((field, joins), first..next)?,
                _ => {
                    self.json.value()?;
                    self.findings.odd.push((field, received));
                }
            }
            received += 1;
            if !self.json.comes_another(b']')? {
                return Ok(Some(received));
            }
        }
    }

    /// One entity, for some joins.
    fn entity(
        &mut self,
        (field, joins): (usize, &Joins),
        joined: Range<usize>,
    ) -> Result<(), Malformed> {
        let start = self.json.at();
        if joined.is_empty() {
            self.json.value()?;
        }
        let mut fresh: SmallVec<[(usize, Option<TypeId>, RowId); 2]> = SmallVec::new();
        for index in joined {
            let join = &joins.all()[index];
            let (target, object) = (joins.target(join), join.object);
            let same = |known: &&(_, _, _)| (known.0, known.1) == (join.target, object);
            let known = fresh.iter().find(same).map(|known| known.2);
            let row = match known.filter(|_| !self.program.has_contexts) {
                Some(row) => {
                    // The objects inside of it are then at several places.
                    self.rows.shared |= target.shape.has_composites;
                    row
                }
                None => {
                    self.json.back_to(start);
                    let row = self.rows.add(RowLayout {
                        object,
                        ..target.rows
                    });
                    self.object(&target.shape, row)?;
                    fresh.push((join.target, object, row));
                    row
                }
            };
            self.placed.push(Placed {
                field: field as u32,
                join: index as u32,
                row,
            });
        }
        Ok(())
    }
}

impl Failure {
    pub(super) fn malformed(message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::Malformed,
            message: message.into(),
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let code = match &error {
            CallError::Timeout { .. } => ErrorCode::Timeout,
            CallError::Connect(_) | CallError::Unavailable(_) | CallError::Broken(_) => {
                ErrorCode::Connection
            }
            CallError::TooLarge { .. } | CallError::Coding(_) => ErrorCode::Malformed,
            CallError::TooExpensive { .. } => ErrorCode::TooExpensive,
        };
        Self {
            code,
            message: error.to_string(),
        }
    }
}
