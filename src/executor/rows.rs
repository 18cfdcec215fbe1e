//! The response under construction: objects as rows of slots, all in a few vectors.
//!
//! Scalars are not decoded: a slot remembers where in which response body its JSON text stands. Places that show the same
//! entity have a row each, but the objects inside of it may be the same rows. Knows nothing of plans.

use super::shape::RowLayout;
use crate::schema::TypeId;
use bytes::Bytes;

/// All rows of one run, and the bodies that their leaves point into.
#[derive(Debug, Default)]
pub(super) struct Rows {
    bodies: Vec<Bytes>,
    rows: Vec<Row>,
    slots: Vec<Datum>,
    items: Vec<Datum>,
    /// Whether some rows are at several places.
    pub shared: bool,
}

/// An object of the response.
#[derive(Clone, Copy, Debug)]
struct Row {
    object: Option<TypeId>,
    /// Its first slot in [`Rows::slots`].
    first: u32,
}

/// Index of a row. (Indices of 32 bits do: 4 G slots would be 64 GB.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct RowId(u32);

/// What is known of a field of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Datum {
    /// No subgraph has said anything.
    Absent,
    Null,
    /// A leaf as it was sent. `fits`: it is what its type allows, as it stands.
    Leaf {
        text: Text,
        fits: bool,
    },
    Object(RowId),
    List(List),
    /// A subgraph sent something else than what may be here.
    Unfit(Unfit),
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// Something else than the objects or lists that should be here.
    Shape,
    /// Nested more deeply than [`Limits::depth`](super::Limits::depth).
    Deep,
    /// A list of more than [`Limits::list_items`](super::Limits::list_items).
    Long,
}

/// A piece of a response body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text {
    body: u32,
    start: u32,
    length: u32,
}

/// A run of [`Rows::items`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct List {
    first: u32,
    length: u32,
}

/// A body that has been added, so that pieces of it can be named.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyId(u32);

impl RowId {
    /// The root object, which is there from the start.
    pub(super) const ROOT: Self = Self(0);
}

impl Rows {
    /// The rows of a response of which nothing is known yet.
    pub(super) fn new(root: RowLayout) -> Self {
        let mut rows = Self::default();
        rows.add(root);
        rows
    }

    /// Adds a row whose slots are all absent.
    pub(super) fn add(&mut self, layout: RowLayout) -> RowId {
        let id = RowId(self.rows.len() as u32);
        let first = self.slots.len();
        self.rows.push(Row {
            object: layout.object,
            first: first as u32,
        });
        self.slots
            .resize(first + layout.slots as usize, Datum::Absent);
        id
    }

    /// The runtime type of an object, where known.
    pub(super) fn object(&self, row: RowId) -> Option<TypeId> {
        self.rows[row.0 as usize].object
    }

    pub(super) fn set_object(&mut self, row: RowId, object: TypeId) {
        self.rows[row.0 as usize].object = Some(object);
    }

    pub(super) fn get(&self, row: RowId, slot: u32) -> Datum {
        self.slots[(self.rows[row.0 as usize].first + slot) as usize]
    }

    pub(super) fn set(&mut self, row: RowId, slot: u32, datum: Datum) {
        self.slots[(self.rows[row.0 as usize].first + slot) as usize] = datum;
    }

    /// Makes a list of the items on top of `stack`, from `base` on, and takes them off it.
    pub(super) fn add_list(&mut self, stack: &mut Vec<Datum>, base: usize) -> List {
        let first = self.items.len() as u32;
        self.items.extend(stack.drain(base..));
        List {
            first,
            length: self.items.len() as u32 - first,
        }
    }

    pub(super) fn items(&self, list: List) -> &[Datum] {
        &self.items[list.first as usize..][..list.length as usize]
    }

    pub(super) fn items_mut(&mut self, list: List) -> &mut [Datum] {
        &mut self.items[list.first as usize..][..list.length as usize]
    }

    /// Keeps a response body for the leaves that will point into it. None if it is too large to point into.
    pub(super) fn add_body(&mut self, body: Bytes) -> Option<BodyId> {
        u32::try_from(body.len()).ok()?;
        let id = BodyId(self.bodies.len() as u32);
        self.bodies.push(body);
        Some(id)
    }

    /// The JSON text of a leaf.
    pub(super) fn text(&self, text: Text) -> &[u8] {
        &self.bodies[text.body as usize][text.start as usize..][..text.length as usize]
    }

    /// Adds copies of all rows of another response. They are the same objects under other names.
    pub(super) fn take_over(&mut self, other: &Self) -> Moved {
        let moved = Moved {
            bodies: self.bodies.len() as u32,
            rows: self.rows.len() as u32,
            slots: self.slots.len() as u32,
            items: self.items.len() as u32,
        };
        self.bodies.extend_from_slice(&other.bodies);
        self.rows.extend(other.rows.iter().map(|row| Row {
            object: row.object,
            first: row.first + moved.slots,
        }));
        self.slots
            .extend(other.slots.iter().map(|datum| moved.datum(*datum)));
        self.items
            .extend(other.items.iter().map(|datum| moved.datum(*datum)));
        self.shared |= other.shared;
        moved
    }

    /// Adds the objects in `datum`, through all lists, to `found`.
    pub(super) fn objects_in(&self, datum: Datum, found: &mut Vec<RowId>) {
        match datum {
            Datum::Object(row) => found.push(row),
            Datum::List(list) => self
                .items(list)
                .iter()
                .for_each(|item| self.objects_in(*item, found)),
            Datum::Absent | Datum::Null | Datum::Leaf { .. } | Datum::Unfit(_) => {}
        }
    }
}

/// How far things were moved when rows were taken over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved {
    bodies: u32,
    rows: u32,
    slots: u32,
    items: u32,
}

impl Moved {
    pub(super) fn row(self, row: RowId) -> RowId {
        RowId(row.0 + self.rows)
    }

    pub(super) fn body(self, body: BodyId) -> BodyId {
        BodyId(body.0 + self.bodies)
    }

    fn datum(self, datum: Datum) -> Datum {
        match datum {
            Datum::Leaf { text, fits } => Datum::Leaf {
                text: Text {
                    body: text.body + self.bodies,
                    ..text
                },
                fits,
            },
            Datum::Object(row) => Datum::Object(self.row(row)),
            Datum::List(list) => Datum::List(List {
                first: list.first + self.items,
                ..list
            }),
            Datum::Absent | Datum::Null | Datum::Unfit(_) => datum,
        }
    }
}

impl List {
    pub(super) fn len(self) -> usize {
        self.length as usize
    }

    /// The first `length` items.
    pub(super) fn truncated(self, length: usize) -> Self {
        Self {
            first: self.first,
            length: self.length.min(length as u32),
        }
    }
}

impl BodyId {
    /// Names a piece of this body.
    pub(super) fn text(self, start: usize, length: usize) -> Text {
        Text {
            body: self.0,
            start: start as u32,
            length: length as u32,
        }
    }
}

impl Text {
    /// Whether both are pieces of one body.
    pub(super) fn shares_body_with(self, body: BodyId) -> bool {
        self.body == body.0
    }
}
