//! Representations of rows, equal ones once, and which row each of them stands for.
//!
//! <https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/entities/contribute-fields>

use super::compile::{EntityField, Program, Target};
use super::rows::{Datum, RowId, Rows};
use super::walk;
use crate::planner::{PositionId, Representation, RepresentationField, Typename};
use crate::schema::TypeId;
use foldhash::fast::RandomState;
use std::collections::{HashMap, hash_map::Entry};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
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
        writer.expect(candidates.len());
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
        Datum::Absent | Datum::Null | Datum::Unfit(_) => json.extend_from_slice(b"null"),
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

/// For so many rows there is room in the table of representations from the start: most may turn out to be the same.
const ROWS_EXPECTED: usize = 256;

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
        if !joins.list.is_sorted_by_key(|join| join.representation) {
            joins.list = by_representation(&joins.list, joins.representations);
        }
        joins
    }

    /// Makes room for some more rows.
    fn expect(&mut self, rows: usize) {
        self.joins.list.reserve(rows);
        self.seen.by_hash.reserve(rows.min(ROWS_EXPECTED));
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
        let representation = match self.seen.find_or_add(self.json, start) {
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
            Datum::Absent | Datum::Null | Datum::Unfit(_) if field.key => return Err(Unaskable),
            Datum::Absent | Datum::Null | Datum::Unfit(_) => self.json.extend_from_slice(b"null"),
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

/// Joins by ascending representation, those of one as they were.
fn by_representation(joins: &[Join], representations: usize) -> Vec<Join> {
    let mut next = vec![0; representations + 1];
    for join in joins {
        next[join.representation + 1] += 1;
    }
    for index in 0..representations {
        next[index + 1] += next[index];
    }
    let mut sorted = joins.to_vec();
    for join in joins {
        let at = &mut next[join.representation];
        sorted[*at] = *join;
        *at += 1;
    }
    sorted
}

/// The representations written so far, by the hash of their text. Texts are compared in full.
#[derive(Default)]
struct Seen {
    hasher: RandomState,
    /// The last one with each hash.
    by_hash: HashMap<u64, usize, BuildHasherDefault<Hashed>>,
    /// By representation.
    written: Vec<Written>,
}

/// A representation that stands in the list.
struct Written {
    text: Range<usize>,
    /// Another one with the same hash.
    before: Option<usize>,
}

impl Seen {
    /// The representation with the same text as `json` has from `start` on; if there is none, this text is remembered as
    /// the next representation.
    fn find_or_add(&mut self, json: &[u8], start: usize) -> Option<usize> {
        let text = &json[start..];
        let next = self.written.len();
        let known = self.by_hash.entry(self.hasher.hash_one(text));
        let before = match &known {
            Entry::Occupied(last) => Some(*last.get()),
            Entry::Vacant(_) => None,
        };
        let mut alike = before;
        while let Some(index) = alike {
            let written = &self.written[index];
            if &json[written.text.clone()] == text {
                return Some(index);
            }
            alike = written.before;
        }
        known.insert_entry(next);
        self.written.push(Written {
            text: start..json.len(),
            before,
        });
        None
    }
}

/// The hash of what is a hash already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
