//! A subgraph's answer → rows.
//!
//! One pass over the text, driven by the fetch's shape: values are pieces of the body, nothing is decoded. Objects are
//! read into fresh rows, so that an answer that breaks off leaves nothing behind; when all of it is read, `merge` puts
//! them where they belong. An entity that stands at several places is read once, and what is inside of it is then the
//! same rows at all of them.

mod values;

use super::call::Destination;
use super::compile::Program;
use super::entities::{Join, Joins};
use super::json::{Json, Malformed};
use super::merge::{Findings, Merge};
use super::rows::{BodyId, Datum, RowId, Rows};
use super::shape::{RowLayout, Shape};
use super::{Answer, CallError, ErrorCode};
use crate::schema::TypeId;
use serde_json::Value;
use smallvec::SmallVec;
use std::str;

/// How deep arrays and objects may be nested in a leaf.
pub(super) const DEPTH_MAX: usize = 128;

/// Why a fetch gave nothing.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub code: ErrorCode,
    pub message: String,
}

/// What an answer held besides the rows that were filled.
pub(super) struct Reading {
    /// What stands under `errors`; null if there is nothing.
    pub errors: Value,
    pub findings: Findings,
}

/// Reads an answer into the rows it is meant for. A body that is a GraphQL response counts as one whatever its status
/// (<https://graphql.github.io/graphql-over-http/draft/#sec-Processing-the-response>).
pub(super) fn read(
    program: &Program,
    destination: &Destination<'_>,
    answer: &Answer,
    rows: &mut Rows,
) -> Result<Reading, Failure> {
    let read = read_body(program, destination, answer, rows);
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
    destination: &Destination<'_>,
    answer: &Answer,
    rows: &mut Rows,
) -> Result<Reading, Failure> {
    let text = str::from_utf8(&answer.body)
        .map_err(|error| Failure::malformed(format!("not UTF-8: {error}")))?;
    let body = rows.add_body(answer.body.clone());
    let body = body.ok_or_else(|| Failure::malformed("the answer is too large"))?;
    let mut reader = Reader {
        program,
        rows,
        body,
        json: Json::new(text),
        stack: Vec::new(),
        merges: Vec::new(),
        findings: Findings::default(),
    };
    let not_graphql = |error: &dyn ToString| {
        Failure::malformed(format!("not a GraphQL response: {}", error.to_string()))
    };
    let envelope = reader
        .envelope(destination)
        .map_err(|error| not_graphql(&error))?;
    let errors = envelope
        .errors
        .map_or(Ok(Value::Null), serde_json::from_str);
    let errors: Value = errors.map_err(|error| not_graphql(&error))?;
    match envelope.data {
        Data::NotAnObject => return Err(Failure::malformed("data is not an object")),
        Data::Missing if !has_errors(&errors) => {
            return Err(Failure::malformed("neither data nor errors"));
        }
        Data::Missing | Data::Read => {}
    }
    let Reader {
        merges,
        mut findings,
        ..
    } = reader;
    for merge in merges {
        merge.run((rows, body), &mut findings);
    }
    Ok(Reading { errors, findings })
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

struct Reader<'a, 'd, 't> {
    program: &'a Program,
    rows: &'a mut Rows,
    body: BodyId,
    json: Json<'t>,
    /// The items of the lists being read, innermost on top.
    stack: Vec<Datum>,
    /// What is to be done when all is read.
    merges: Vec<Merge<'d>>,
    findings: Findings,
}

impl<'d, 't> Reader<'_, 'd, 't> {
    fn envelope(&mut self, destination: &'d Destination<'_>) -> Result<Envelope<'t>, Malformed> {
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

    fn data(&mut self, destination: &'d Destination<'_>) -> Result<Data, Malformed> {
        // Of several, the last one counts.
        self.merges.clear();
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
            } => self.root(rows, *layout, shape)?,
            Destination::Entities(joins) => self.entity_fields(joins)?,
        }
        Ok(Data::Read)
    }

    /// Root fields, for every row of the destination.
    fn root(
        &mut self,
        rows: &[RowId],
        layout: RowLayout,
        shape: &'d Shape,
    ) -> Result<(), Malformed> {
        let start = self.json.at();
        let mut fresh = None;
        for &into in rows {
            let from = match fresh.filter(|_| !self.program.has_contexts) {
                Some(from) => self.share(from, shape),
                None => {
                    self.json.back_to(start);
                    let from = self.rows.add(layout);
                    self.object(shape, from)?;
                    from
                }
            };
            fresh = Some(from);
            self.merges.push(Merge { into, from, shape });
        }
        Ok(())
    }

    /// The fields of an entity fetch.
    fn entity_fields(&mut self, joins: &'d [Joins<'_>]) -> Result<(), Malformed> {
        let mut received = vec![None; joins.len()];
        self.json.mark(b'{', "an object")?;
        if !self.json.takes_mark(b'}') {
            loop {
                let key = self.json.key()?;
                match joins.iter().position(|joins| *joins.key == *key) {
                    Some(index) => received[index] = self.entities((index, &joins[index]))?,
                    None => {
                        self.json.value()?;
                    }
                }
                if !self.json.comes_another(b'}')? {
                    break;
                }
            }
        }
        for (field, (received, joins)) in received.into_iter().zip(joins).enumerate() {
            if received.is_none_or(|received| received < joins.representations()) {
                self.findings.short.push((field, received));
            }
        }
        Ok(())
    }

    /// The list of an `_entities` field. Returns how many there were; none if it is no list.
    fn entities(
        &mut self,
        (field, joins): (usize, &'d Joins<'_>),
    ) -> Result<Option<usize>, Malformed> {
        if !self.json.takes_mark(b'[') {
            self.json.value()?;
            return Ok(None);
        }
        let mut received = 0;
        if self.json.takes_mark(b']') {
            return Ok(Some(received));
        }
        let mut left = joins.all();
        loop {
            let count = left
                .iter()
                .take_while(|join| join.representation == received)
                .count();
            let (joined, others) = left.split_at(count);
            left = others;
            match self.json.peek() {
                b'n' => {
                    self.json.value()?;
                }
                b'{' => self.entity(joins, joined)?,
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

    /// One entity, for all rows that it goes into.
    fn entity(&mut self, joins: &'d Joins<'_>, joined: &[Join]) -> Result<(), Malformed> {
        let start = self.json.at();
        if joined.is_empty() {
            self.json.value()?;
        }
        let mut fresh: SmallVec<[(usize, Option<TypeId>, RowId); 2]> = SmallVec::new();
        for join in joined {
            let target = joins.target(join);
            let object = self.rows.object(join.row);
            let same = |known: &&(_, _, _)| (known.0, known.1) == (join.target, object);
            let known = fresh.iter().find(same).map(|known| known.2);
            let from = match known.filter(|_| !self.program.has_contexts) {
                Some(from) => self.share(from, &target.shape),
                None => {
                    self.json.back_to(start);
                    let from = self.rows.add(RowLayout {
                        object,
                        ..target.rows
                    });
                    self.object(&target.shape, from)?;
                    fresh.push((join.target, object, from));
                    from
                }
            };
            self.merges.push(Merge {
                into: join.row,
                from,
                shape: &target.shape,
            });
        }
        Ok(())
    }

    /// Another row gets what was read for one: the objects inside of it are then at several places.
    fn share(&mut self, from: RowId, shape: &Shape) -> RowId {
        self.rows.shared |= shape.has_composites;
        from
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
            CallError::Connect(_) | CallError::Broken(_) => ErrorCode::Connection,
            CallError::TooLarge { .. } => ErrorCode::Malformed,
        };
        Self {
            code,
            message: error.to_string(),
        }
    }
}
