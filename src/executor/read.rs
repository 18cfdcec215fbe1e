//! A subgraph's `data` → rows.
//!
//! One pass, driven by the fetch's shape. What several rows need (an entity that stands at several places, a key whose
//! use depends on a type not known yet) is kept as text and read once for each of them. Rows that exist are merged
//! into: a null never replaces a value, lists are joined index by index.

mod seeds;

use self::seeds::{EntityFieldsSeed, FieldSeed, ObjectSeed};
use super::call::Destination;
use super::compile::Program;
use super::entities::Joins;
use super::leaf;
use super::rows::{BodyId, Datum, RowId, Rows};
use super::shape::{Key, Shape};
use crate::planner::PositionId;
use crate::schema::{TypeId, TypeKind};
use serde::de::DeserializeSeed;
use serde_json::value::RawValue;

/// What was wrong with data that could be read all the same.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Lists of another length than the one they were merged into: the object around, and the position of the list.
    pub uneven: Vec<(RowId, PositionId)>,
    /// `_entities` fields, by index, with fewer entities than representations, and how many came. None: no list at all.
    pub short: Vec<(usize, Option<usize>)>,
}

impl Findings {
    pub(super) fn is_empty(&self) -> bool {
        self.uneven.is_empty() && self.short.is_empty()
    }
}

/// Reads `data`, a piece of `body`, into the rows it is meant for.
pub(super) fn read(
    program: &Program,
    destination: &Destination<'_>,
    (body, data): (BodyId, &RawValue),
    rows: &mut Rows,
) -> Result<Findings, serde_json::Error> {
    let mut reader = Reader {
        program,
        rows,
        body,
        stack: Vec::new(),
        findings: Findings::default(),
    };
    match destination {
        Destination::Root { rows, shape, .. } => {
            for row in rows {
                reader.object(data, shape, *row)?;
            }
        }
        Destination::Entities(joins) => reader.entity_fields(data, joins)?,
    }
    Ok(reader.findings)
}

struct Reader<'a> {
    program: &'a Program,
    rows: &'a mut Rows,
    body: BodyId,
    /// The items of the lists being read, innermost on top.
    stack: Vec<Datum>,
    findings: Findings,
}

impl Reader<'_> {
    fn object(
        &mut self,
        text: &RawValue,
        shape: &Shape,
        row: RowId,
    ) -> Result<(), serde_json::Error> {
        let seed = ObjectSeed {
            reader: self,
            shape,
            row,
        };
        seed.deserialize(&mut serde_json::Deserializer::from_str(text.get()))
    }

    fn entity_fields(
        &mut self,
        data: &RawValue,
        joins: &[Joins<'_>],
    ) -> Result<(), serde_json::Error> {
        let mut received = vec![None; joins.len()];
        let seed = EntityFieldsSeed {
            reader: self,
            joins,
            received: &mut received,
        };
        seed.deserialize(&mut serde_json::Deserializer::from_str(data.get()))?;
        for (field, (received, joins)) in received.into_iter().zip(joins).enumerate() {
            if received.is_none_or(|received| received < joins.representations()) {
                self.findings.short.push((field, received));
            }
        }
        Ok(())
    }

    /// Learns the type of a row from its `__typename`, unless it is known already.
    fn learn_type(&mut self, row: RowId, name: &RawValue) {
        if self.rows.object(row).is_none()
            && let Some(object) = self.object_type(name)
        {
            self.rows.set_object(row, object);
        }
    }

    fn object_type(&self, name: &RawValue) -> Option<TypeId> {
        let supergraph = &self.program.supergraph;
        let id = supergraph.type_id(&leaf::string(name.get().as_bytes())?)?;
        (supergraph.ty(id).kind == TypeKind::Object).then_some(id)
    }

    /// Stores the value of a key again for each use that applies.
    fn each_use(
        &mut self,
        text: &RawValue,
        key: &Key,
        row: RowId,
    ) -> Result<(), serde_json::Error> {
        for one in &key.uses {
            if one.applies_to(self.rows.object(row)) {
                let seed = FieldSeed {
                    reader: self,
                    field: one,
                    row,
                };
                seed.deserialize(&mut serde_json::Deserializer::from_str(text.get()))?;
            }
        }
        Ok(())
    }

    fn leaf(&self, text: &RawValue) -> Datum {
        match text.get() {
            "null" => Datum::Null,
            text => Datum::Leaf(self.body.text(text)),
        }
    }
}
