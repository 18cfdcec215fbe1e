//! Representations of rows, equal ones once, and which row each of them stands for.
//!
//! <https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/entities/contribute-fields>

use super::compile::{EntityField, Program, Target};
use super::rows::{Datum, RowId, Rows};
use super::walk;
use crate::planner::{PositionId, Representation, RepresentationField, Typename};
use crate::schema::TypeId;
use foldhash::fast::RandomState;
use smallvec::SmallVec;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::Arc;

/// Which row receives which entity of an `_entities` field, by representation.
#[derive(Debug)]
pub(super) struct Joins {
    pub field: Arc<EntityField>,
    /// The response key of a copy; none: the field's own.
    pub copy: Option<String>,
    list: Vec<Join>,
    representations: usize,
}

/// The entity of `representation` goes into `row`, as the target says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Join {
    pub representation: usize,
    /// Index in [`EntityField::targets`].
    pub target: usize,
    pub row: RowId,
    /// The type of the row when it was asked for, if that was known.
    pub object: Option<TypeId>,
}

impl Joins {
    /// The response key.
    pub(super) fn key(&self) -> &str {
        self.copy.as_deref().unwrap_or(&self.field.key)
    }

    /// The target whose rows a join is about.
    pub(super) fn target(&self, join: &Join) -> &Target {
        &self.field.targets[join.target]
    }

    /// How many representations were sent.
    pub(super) fn representations(&self) -> usize {
        self.representations
    }

    /// All of them, by ascending representation.
    pub(super) fn all(&self) -> &[Join] {
        &self.list
    }

    /// The rows that a representation stands for.
    pub(super) fn of(&self, representation: usize) -> &[Join] {
        let start = self
            .list
            .partition_point(|join| join.representation < representation);
        let length =
            self.list[start..].partition_point(|join| join.representation == representation);
        &self.list[start..start + length]
    }
}

/// Writes the list of all representations of an `_entities` field.
pub(super) fn write(
    program: &Program,
    rows: &Rows,
    field: &Arc<EntityField>,
    json: &mut Vec<u8>,
) -> Joins {
    let mut writer = Writer::new(program, rows, field, json);
    let mut at: Option<(PositionId, Vec<RowId>)> = None;
    for (index, target) in field.targets.iter().enumerate() {
        let candidates = match at.take() {
            Some((position, rows)) if position == target.position => rows,
            _ => walk::rows_at(program, rows, target.position),
        };
        for row in &candidates {
            writer.row(*row, target, index);
        }
        at = Some((target.position, candidates));
    }
    writer.finish()
}

/// Writes the list of the representations of some rows, each of one of the field's targets.
pub(super) fn write_some(
    program: &Program,
    rows: &Rows,
    (field, candidates): (&Arc<EntityField>, &[(usize, RowId)]),
    json: &mut Vec<u8>,
) -> Joins {
    let mut writer = Writer::new(program, rows, field, json);
    for (index, row) in candidates {
        writer.row(*row, &field.targets[*index], *index);
    }
    writer.finish()
}

/// Writes the leaf that `fields` of a row lead to; null if there is none.
pub(super) fn write_leaf(
    program: &Program,
    rows: &Rows,
    (row, fields): (RowId, &[RepresentationField]),
    json: &mut Vec<u8>,
) {
    let object = rows.object(row);
    let applies = |field: &&RepresentationField| {
        let types = field.types.as_ref();
        types.is_none_or(|types| object.is_some_and(|object| types.contains(object)))
    };
    let value = fields.iter().find(applies).map(|field| {
        let slot = program.position(field.position).slot;
        (rows.get(row, slot), field)
    });
    let (datum, fields) = value.map_or((Datum::Null, &[][..]), |(datum, field)| {
        (datum, &field.fields)
    });
    write_leaves(program, rows, (datum, fields), json);
}

fn write_leaves(
    program: &Program,
    rows: &Rows,
    (datum, fields): (Datum, &[RepresentationField]),
    json: &mut Vec<u8>,
) {
    match datum {
        Datum::Absent | Datum::Null | Datum::Misshapen => json.extend_from_slice(b"null"),
        Datum::Leaf { text, .. } => json.extend_from_slice(rows.text(text)),
        Datum::Object(row) => write_leaf(program, rows, (row, fields), json),
        Datum::List(list) => {
            json.push(b'[');
            for (index, item) in rows.items(list).iter().enumerate() {
                if index > 0 {
                    json.push(b',');
                }
                write_leaves(program, rows, (*item, fields), json);
            }
            json.push(b']');
        }
    }
}

struct Writer<'a> {
    program: &'a Program,
    rows: &'a Rows,
    json: &'a mut Vec<u8>,
    seen: Seen,
    joins: Joins,
}

/// The row cannot be asked for: a key field of its representation has no value.
struct Unaskable;

impl<'a> Writer<'a> {
    fn new(
        program: &'a Program,
        rows: &'a Rows,
        field: &Arc<EntityField>,
        json: &'a mut Vec<u8>,
    ) -> Self {
        json.push(b'[');
        Self {
            program,
            rows,
            json,
            seen: Seen::default(),
            joins: Joins {
                field: Arc::clone(field),
                copy: None,
                list: Vec::new(),
                representations: 0,
            },
        }
    }

    fn finish(self) -> Joins {
        self.json.push(b']');
        let mut joins = self.joins;
        // Nearly sorted already: a representation is new, or one of few.
        joins.list.sort_by_key(|join| join.representation);
        joins
    }

    fn row(&mut self, row: RowId, target: &Target, index: usize) {
        if let Some(types) = &target.types
            && !self
                .rows
                .object(row)
                .is_some_and(|object| types.contains(object))
        {
            return;
        }
        let before = self.json.len();
        if self.joins.representations > 0 {
            self.json.push(b',');
        }
        let start = self.json.len();
        if self.representation(row, &target.representation).is_err() {
            self.json.truncate(before);
            return;
        }
        let representation =
            match self
                .seen
                .find_or_add(self.json, start, self.joins.representations)
            {
                Some(earlier) => {
                    self.json.truncate(before);
                    earlier
                }
                None => {
                    self.joins.representations += 1;
                    self.joins.representations - 1
                }
            };
        self.joins.list.push(Join {
            representation,
            target: index,
            row,
            object: self.rows.object(row),
        });
    }

    fn representation(
        &mut self,
        row: RowId,
        representation: &Representation,
    ) -> Result<(), Unaskable> {
        let typename = match &representation.typename {
            Typename::Fixed(name) => name,
            Typename::Runtime => self
                .program
                .supergraph
                .type_name(self.rows.object(row).ok_or(Unaskable)?),
        };
        self.json.extend_from_slice(b"{\"__typename\":\"");
        self.json.extend_from_slice(typename.as_bytes());
        self.json.push(b'"');
        self.fields(row, &representation.fields)?;
        self.json.push(b'}');
        Ok(())
    }

    /// The fields of an object. What stands before them ends without a comma.
    fn fields(&mut self, row: RowId, fields: &[RepresentationField]) -> Result<(), Unaskable> {
        for field in fields {
            if let Some(types) = &field.types
                && !self
                    .rows
                    .object(row)
                    .is_some_and(|object| types.contains(object))
            {
                continue;
            }
            if self.json.last() != Some(&b'{') {
                self.json.push(b',');
            }
            self.json.push(b'"');
            self.json.extend_from_slice(field.name.as_bytes());
            self.json.extend_from_slice(b"\":");
            self.value(
                self.rows
                    .get(row, self.program.position(field.position).slot),
                field,
            )?;
        }
        Ok(())
    }

    fn value(&mut self, datum: Datum, field: &RepresentationField) -> Result<(), Unaskable> {
        match datum {
            Datum::Absent | Datum::Null | Datum::Misshapen if field.key => return Err(Unaskable),
            Datum::Absent | Datum::Null | Datum::Misshapen => self.json.extend_from_slice(b"null"),
            Datum::Leaf { text, .. } => self.json.extend_from_slice(self.rows.text(text)),
            Datum::Object(row) => self.object(row, field)?,
            Datum::List(list) => {
                self.json.push(b'[');
                for (index, item) in self.rows.items(list).iter().enumerate() {
                    if index > 0 {
                        self.json.push(b',');
                    }
                    self.value(*item, field)?;
                }
                self.json.push(b']');
            }
        }
        Ok(())
    }

    fn object(&mut self, row: RowId, field: &RepresentationField) -> Result<(), Unaskable> {
        self.json.push(b'{');
        if field.typename
            && let Some(object) = self.rows.object(row)
        {
            self.json.extend_from_slice(b"\"__typename\":\"");
            self.json
                .extend_from_slice(self.program.supergraph.type_name(object).as_bytes());
            self.json.push(b'"');
        }
        self.fields(row, &field.fields)?;
        self.json.push(b'}');
        Ok(())
    }
}

/// The representations written so far, by the hash of their text. Texts are compared in full.
#[derive(Default)]
struct Seen {
    hasher: RandomState,
    by_hash: HashMap<u64, SmallVec<[Written; 1]>, RandomState>,
}

/// A representation that stands in the list.
struct Written {
    text: Range<usize>,
    representation: usize,
}

impl Seen {
    /// The representation with the same text as `json` has from `start` on; if there is none, this text is remembered as
    /// representation `next`.
    fn find_or_add(&mut self, json: &[u8], start: usize, next: usize) -> Option<usize> {
        let text = &json[start..];
        let alike = self.by_hash.entry(self.hasher.hash_one(text)).or_default();
        let same = alike
            .iter()
            .find(|written| &json[written.text.clone()] == text);
        if let Some(written) = same {
            return Some(written.representation);
        }
        alike.push(Written {
            text: start..json.len(),
            representation: next,
        });
        None
    }
}
