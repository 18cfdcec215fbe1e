//! The shape of an object in a subgraph's response: a [`Read`] by key, with slots in place of positions.

use crate::planner::{Position, PositionId, Read, ReadField};
use crate::schema::{TypeId, TypeSet};

/// How to read an object.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// The keys in the order in which the document asks for them, each once.
    pub keys: Vec<Key>,
    /// Whether one of the keys tells the object's type.
    pub tells_type: bool,
}

/// A key of an object in a response.
#[derive(Debug)]
pub(super) struct Key {
    pub text: String,
    /// Its value is the object's `__typename`.
    pub is_typename: bool,
    /// Whether what happens to the value depends on the object's type.
    pub depends_on_type: bool,
    pub uses: Vec<Use>,
}

/// What happens to the value of a key.
#[derive(Debug)]
pub(super) struct Use {
    /// Only in objects of these types.
    pub types: Option<TypeSet>,
    pub position: PositionId,
    /// Where the value goes in the object's row.
    pub slot: u32,
    /// For composite values: how to read the objects among them. None: a leaf.
    pub composite: Option<Composite>,
}

/// Objects, in as many lists as the position says.
#[derive(Debug)]
pub(super) struct Composite {
    pub lists: u8,
    pub rows: RowLayout,
    pub shape: Shape,
}

/// What a new row looks like.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RowLayout {
    pub slots: u32,
    pub object: Option<TypeId>,
}

impl Shape {
    pub(super) fn new(read: Read, positions: &[Position]) -> Self {
        let mut shape = Self::default();
        if let Some(key) = read.typename {
            shape.key(key).is_typename = true;
            shape.tells_type = true;
        }
        for field in read.fields {
            let ReadField {
                key,
                types,
                position,
                read,
            } = field;
            let key = shape.key(key);
            key.depends_on_type |= types.is_some();
            key.uses.push(Use {
                types,
                position,
                slot: positions[position.0 as usize].slot,
                composite: read.map(|read| Composite::new(read, position, positions)),
            });
        }
        shape
    }

    fn key(&mut self, text: String) -> &mut Key {
        let index = self.find(&text, 0).unwrap_or_else(|| {
            self.keys.push(Key {
                text,
                is_typename: false,
                depends_on_type: false,
                uses: Vec::new(),
            });
            self.keys.len() - 1
        });
        &mut self.keys[index]
    }

    /// The index of the key with this text, most likely `expected`: subgraphs answer in the order of the document.
    pub(super) fn find(&self, text: &str, expected: usize) -> Option<usize> {
        if self.keys.get(expected).is_some_and(|key| key.text == text) {
            return Some(expected);
        }
        self.keys.iter().position(|key| key.text == text)
    }
}

impl Composite {
    fn new(read: Read, position: PositionId, positions: &[Position]) -> Self {
        let layout = &positions[position.0 as usize];
        Self {
            lists: layout.lists,
            rows: RowLayout::of(layout),
            shape: Shape::new(read, positions),
        }
    }
}

impl RowLayout {
    /// What the rows at a position look like.
    pub(super) fn of(position: &Position) -> Self {
        Self {
            slots: position.slots,
            object: position.object,
        }
    }
}

impl Use {
    /// Whether the value is wanted in an object of this type. Of an object of unknown type everything is taken.
    pub(super) fn applies_to(&self, object: Option<TypeId>) -> bool {
        match (&self.types, object) {
            (Some(types), Some(object)) => types.contains(object),
            _ => true,
        }
    }
}
