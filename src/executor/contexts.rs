//! Requests whose `_entities` fields take arguments from contexts: one copy of a field for every set of values.
//!
//! A copy has its own variables; the document is made for the request. Values of so many objects that one document would
//! be too long go out in several requests.

use super::Request;
use super::call::{Body, Calls, Destination, Unset};
use super::compile::{Contextual, EntityField, Program, Source, Step, Target};
use super::entities::{self, Joins};
use super::rows::{RowId, Rows};
use super::walk::Lineage;
use crate::planner::{PositionId, copy_of};
use foldhash::fast::RandomState;
use indexmap::IndexMap;

/// Copies of `_entities` fields in one request.
const COPIES_MAX: usize = 100;

/// A copy of an `_entities` field.
struct Copy {
    /// The index of the field.
    field: usize,
    /// By context variable, as JSON.
    values: Values,
    /// The representations, as JSON.
    representations: Vec<u8>,
    joins: Joins,
}

type Values = Vec<Vec<u8>>;

/// The calls of a step whose fields take arguments from contexts.
pub(super) fn calls(
    program: &Program,
    (step, contextual): (&Step, &Contextual),
    rows: &Rows,
    request: &Request<'_>,
) -> Calls {
    let mut calls = Calls::default();
    let mut copies = Vec::new();
    for (index, field) in contextual.fields.iter().enumerate() {
        for (values, candidates) in by_values(program, rows, field, &mut calls.unset) {
            let mut representations = Vec::new();
            let joins =
                entities::write_some(program, rows, (field, &candidates), &mut representations);
            if !joins.all().is_empty() {
                copies.push(Copy {
                    field: index,
                    values,
                    representations,
                    joins,
                });
            }
        }
    }
    let mut copies = copies.into_iter();
    loop {
        let some: Vec<Copy> = copies.by_ref().take(COPIES_MAX).collect();
        if some.is_empty() {
            return calls;
        }
        let (body, joins) = body(contextual, some, request);
        calls.add(step, body, Destination::Entities(joins));
    }
}

/// The rows of a field by the values of its context variables.
fn by_values(
    program: &Program,
    rows: &Rows,
    field: &EntityField,
    unset: &mut Vec<Unset>,
) -> IndexMap<Values, Vec<(usize, RowId)>, RandomState> {
    let mut groups: IndexMap<Values, Vec<(usize, RowId)>, RandomState> = IndexMap::default();
    let mut at: Option<(PositionId, Lineage)> = None;
    for (index, target) in field.targets.iter().enumerate() {
        let lineage = match at.take() {
            Some((position, lineage)) if position == target.position => lineage,
            _ => Lineage::new(program, rows, target.position),
        };
        for (place, row) in lineage.rows().enumerate() {
            if !target.is_for(rows.object(row)) {
                continue;
            }
            let around = |source: &Source| lineage.above(place, source.up);
            let values = field.contexts.iter().zip(&target.contexts);
            let values = values.map(|(variable, sources)| {
                let value = value(program, rows, sources, &around);
                match value.as_slice() {
                    b"null" if variable.ty.is_non_null() => Err(&variable.ty),
                    _ => Ok(value),
                }
            });
            match values.collect::<Result<Values, _>>() {
                Ok(values) => groups.entry(values).or_default().push((index, row)),
                Err(ty) => unset.push(Unset {
                    row,
                    position: target.position,
                    ty: ty.to_string(),
                }),
            }
        }
        at = Some((target.position, lineage));
    }
    groups
}

/// What the nearest object that sets a context sets it to; null if there is none.
fn value(
    program: &Program,
    rows: &Rows,
    sources: &[Source],
    around: &dyn Fn(&Source) -> Option<RowId>,
) -> Vec<u8> {
    let mut json = Vec::new();
    let found = sources.iter().find_map(|source| {
        let row = around(source)?;
        let applies = source.types.as_ref().is_none_or(|types| {
            let object = rows.object(row);
            object.is_some_and(|object| types.contains(object))
        });
        applies.then_some((row, source))
    });
    match found {
        Some((row, source)) => {
            entities::write_leaf(program, rows, (row, &source.fields), &mut json)
        }
        None => json.extend_from_slice(b"null"),
    }
    json
}

/// The body of a request with some copies, and which of its entities go where.
fn body(
    contextual: &Contextual,
    copies: Vec<Copy>,
    request: &Request<'_>,
) -> (Vec<u8>, Vec<Joins>) {
    let mut counts = vec![0; contextual.fields.len()];
    copies.iter().for_each(|copy| counts[copy.field] += 1);
    let document = contextual.template.document(&counts);
    let head = format!("{{\"query\":{}", serde_json::Value::from(document));
    let variables = contextual.template.variables(&counts).into_iter();
    let mut body = Body::new(head.as_bytes(), variables.map(|(name, _)| name), request);
    let mut counts = vec![0; contextual.fields.len()];
    let mut all = Vec::with_capacity(copies.len());
    for mut copy in copies {
        let number = counts[copy.field];
        counts[copy.field] += 1;
        let field = &contextual.fields[copy.field];
        body.variable(&copy_of(&field.variable, number));
        body.json.extend_from_slice(&copy.representations);
        for (variable, value) in field.contexts.iter().zip(&copy.values) {
            body.variable(&copy_of(&variable.name, number));
            body.json.extend_from_slice(value);
        }
        copy.joins.copy = Some(copy_of(&field.key, number));
        all.push(copy.joins);
    }
    (body.finish(), all)
}

impl Target {
    /// Whether it is about objects of a type.
    fn is_for(&self, object: Option<crate::schema::TypeId>) -> bool {
        let types = self.types.as_ref();
        types.is_none_or(|types| object.is_some_and(|object| types.contains(object)))
    }
}
