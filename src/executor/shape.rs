//! The shape of an object in a subgraph's response: a [`Read`] by key, with slots in place of positions.

use super::leaf::LeafType;
use crate::planner::{Position, PositionId, Read, ReadField};
use crate::schema::{TypeId, TypeSet};

/// How to read an object.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// The keys in the order in which the document asks for them, each once.
    pub keys: Vec<Key>,
    /// Whether one of the keys tells the object's type.
    pub tells_type: bool,
    /// Whether there are objects inside.
    pub has_composites: bool,
}

/// A key of an object in a response.
#[derive(Debug)]
pub(super) struct Key {
    pub text: String,
    /// As subgraphs write it, mostly: with quotes and a colon.
    pub literal: String,
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
    /// What clients expect of a leaf, if they see it.
    pub leaf: Option<LeafType>,
}

/// What shapes are made from, by position.
pub(super) struct Layouts<'p> {
    pub positions: &'p [Position],
    pub leaves: &'p [Option<LeafType>],
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
    pub(super) fn new(read: Read, layouts: &Layouts<'_>) -> Self {
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
            shape.has_composites |= read.is_some();
            let key = shape.key(key);
            key.depends_on_type |= types.is_some();
            key.uses.push(Use {
                types,
                position,
                slot: layouts.positions[position.0 as usize].slot,
                composite: read.map(|read| Composite::new(read, position, layouts)),
                leaf: layouts.leaves[position.0 as usize].clone(),
            });
        }
        shape
    }

    fn key(&mut self, text: String) -> &mut Key {
        let index = self.find(&text).unwrap_or_else(|| {
            self.keys.push(Key {
                literal: format!("\"{text}\":"),
                text,
                is_typename: false,
                depends_on_type: false,
                uses: Vec::new(),
            });
            self.keys.len() - 1
        });
        &mut self.keys[index]
    }

    /// The index of the key with this text.
    pub(super) fn find(&self, text: &str) -> Option<usize> {
        self.keys.iter().position(|key| key.text == text)
    }
}

impl Composite {
    fn new(read: Read, position: PositionId, layouts: &Layouts<'_>) -> Self {
        let layout = &layouts.positions[position.0 as usize];
        Self {
            lists: layout.lists,
            rows: RowLayout::of(layout),
            shape: Shape::new(read, layouts),
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
