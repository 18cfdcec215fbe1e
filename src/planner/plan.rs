//! The plan: a DAG of fetches over one tree of positions.
//!
//! A *position* is a field occurrence in the response under construction: "`reviews` of the objects at position 3".
//! Objects are rows of slots, one slot per child position. Fetches read subgraph responses into slots, build
//! representations out of slots, and the output says which slots the client sees, under which response keys. Wire
//! keys, slots and response keys are independent of each other, so aliases can never clash.

use super::template::{ContextVariable, Template};
use crate::operation::OperationKind;
use crate::schema::{Argument, FieldId, SubgraphId, TypeId, TypeSet};
use apollo_compiler::{Name, ast::Type};
use smallvec::SmallVec;
use std::sync::Arc;

/// Index of a [`Position`] in [`Plan::positions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PositionId(pub u32);

/// Index of a [`Fetch`] in [`Plan::fetches`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FetchId(pub u32);

/// Everything the executor needs to answer one operation. Made by [`super::plan()`] alone.
#[derive(Clone, Debug)]
pub struct Plan {
    pub kind: OperationKind,
    /// The tree of positions; the first is the root object. A parent comes before its children.
    pub positions: Vec<Position>,
    /// In an order in which every fetch comes after those it waits for.
    pub fetches: Vec<Fetch>,
    /// What the client sees of the root object.
    pub output: Output,
    /// Object types that the caller may have nothing of: an object of such a type is null, with an error.
    pub forbidden: TypeSet,
}

impl Plan {
    /// The length of the longest chain of requests that wait for each other.
    pub fn depth(&self) -> usize {
        let mut depths: Vec<usize> = Vec::with_capacity(self.fetches.len());
        for fetch in &self.fetches {
            let before = fetch.after.iter().map(|id| depths[id.0 as usize]);
            depths.push(before.max().unwrap_or(0) + 1);
        }
        depths.into_iter().max().unwrap_or(0)
    }

    /// How many positions `around` is above `position`.
    pub fn steps_up(&self, position: PositionId, around: PositionId) -> usize {
        let mut steps = 0;
        let mut at = position;
        while at != around
            && let Some(parent) = self.positions[at.0 as usize].parent
        {
            at = parent;
            steps += 1;
        }
        steps
    }
}

/// A place in the response tree that fetches fill and the output reads.
#[derive(Clone, Debug)]
pub struct Position {
    /// The object this is a field of; none for the root.
    pub parent: Option<PositionId>,
    /// The slot of this field in the rows of its parent.
    pub slot: u32,
    /// How many slots a row at this position has; 0 for leaves.
    pub slots: u32,
    /// The field's name in the supergraph (empty for the root), for display and error messages.
    pub field: Name,
    /// How many lists stand around each value here.
    pub lists: u8,
    /// The only object type that can stand here, when the schema leaves no choice.
    pub object: Option<TypeId>,
    /// The named type of its values.
    pub named: TypeId,
    /// The fields that it stands for: one for each kind of objects around it.
    pub fields: SmallVec<[FieldId; 1]>,
    pub arguments: Vec<Argument>,
}

/// One request to one subgraph.
#[derive(Clone, Debug)]
pub struct Fetch {
    pub id: FetchId,
    pub subgraph: SubgraphId,
    /// The fetches whose results this one needs (or, in mutations, must come after).
    pub after: Vec<FetchId>,
    /// The GraphQL document to send.
    pub document: Arc<str>,
    /// Client variables the document uses; forwarded when the request (or a default) gives them a value.
    pub variables: Vec<Name>,
    pub operation: OperationKind,
    pub kind: FetchKind,
    /// Where arguments come from contexts: how to make a document with several copies of each `_entities` field.
    pub template: Option<Template>,
}

/// What a fetch asks for.
#[derive(Clone, Debug)]
pub enum FetchKind {
    /// Root fields. `at` is the root position, or a deeper one whose field returns the root type again; then every row
    /// there gets the same values.
    Root { at: PositionId, read: Read },
    /// Entities, one `_entities` field or several in one request.
    Entities(Vec<Entities>),
}

/// One `_entities` field of a request. Its variable holds the representations of all targets, equal ones once.
#[derive(Clone, Debug)]
pub struct Entities {
    /// The response key, `_entities` or an alias.
    pub key: String,
    /// The variable with the representations, without `$`.
    pub variable: String,
    /// Variables whose values rows take from objects around them. Rows whose values differ are asked for in copies of the
    /// field.
    pub contexts: Vec<ContextVariable>,
    pub targets: Vec<Target>,
}

/// Rows that receive what an `_entities` field returns for their representations.
#[derive(Clone, Debug)]
pub struct Target {
    /// Every row at this position, through all lists above and at it…
    pub position: PositionId,
    /// …whose runtime type is one of these. None: every row, also of unknown type.
    pub types: Option<TypeSet>,
    pub representation: Representation,
    /// By context variable of the field: what sets it for a row. The first that applies does; they are about objects ever
    /// farther away.
    pub contexts: Vec<Vec<ContextSource>>,
    /// How to read an entity into such a row.
    pub read: Read,
}

/// An object around a row that sets a context.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextSource {
    /// The object is the row at this position that the other row is inside of…
    pub position: PositionId,
    /// …if its runtime type is one of these. None: whatever its type.
    pub types: Option<TypeSet>,
    /// The value: the first field that applies, and so on down to a leaf.
    pub fields: Vec<RepresentationField>,
}

/// How to build the representation of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Representation {
    pub typename: Typename,
    pub fields: Vec<RepresentationField>,
}

/// The `__typename` of a representation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typename {
    /// The row's runtime type; a row whose type is unknown is skipped.
    Runtime,
    /// This name, whatever the row's type (an interface's: `@interfaceObject`, keys on interfaces).
    Fixed(Name),
}

/// A field of a representation. A null or missing `key` field means that the row cannot be asked for: it is skipped.
/// Other fields (`@requires`) are sent as null then.
#[derive(Clone, Debug, PartialEq)]
pub struct RepresentationField {
    /// Its name in the representation: the field's name in the supergraph, never an alias.
    pub name: Name,
    /// Present only when the object around it is of one of these types. None: always.
    pub types: Option<TypeSet>,
    /// Where the value is: a child position of the object around it.
    pub position: PositionId,
    pub key: bool,
    /// For composite values, what to send of them. Their `__typename` is sent too where the type is abstract
    /// (`typename`).
    pub fields: Vec<RepresentationField>,
    pub typename: bool,
}

/// How to read an object of a subgraph's response into a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read {
    /// The response key of the object's `__typename`, if it was asked for.
    pub typename: Option<String>,
    pub fields: Vec<ReadField>,
}

/// A field of an object in a subgraph's response. Several may share a key when their `types` differ.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadField {
    /// The key in the subgraph's response.
    pub key: String,
    /// Only for objects of these types. None: all; an object of unknown type takes every field.
    pub types: Option<TypeSet>,
    /// A child position of the object: where the value goes. A row that has an object (or a list) there already keeps
    /// it, and the new one is merged into it, lists by index.
    pub position: PositionId,
    /// How to read the objects of a composite field. None: a leaf, kept as it is.
    pub read: Option<Read>,
}

/// What the client sees of an object: the response keys in order.
#[derive(Clone, Debug, Default)]
pub struct Output {
    pub fields: Vec<OutputField>,
}

/// A response key of an object. Two may have the same key when their `types` are disjoint.
#[derive(Clone, Debug)]
pub struct OutputField {
    pub key: Name,
    /// Only for objects of these runtime types. None: all.
    pub types: Option<TypeSet>,
    pub value: OutputValue,
}

/// Where the value of a response key comes from.
#[derive(Clone, Debug)]
pub enum OutputValue {
    /// The runtime type of the object, by its name.
    Typename,
    /// A leaf at a child position.
    Leaf {
        position: PositionId,
        ty: Type,
        leaf: Leaf,
    },
    /// Objects at a child position. `possible`: the types clients may see there; an object of another type is null.
    Object {
        position: PositionId,
        ty: Type,
        possible: TypeSet,
        output: Output,
    },
    /// What the caller may not have: null, with an error.
    Denied { ty: Type },
    /// `__schema` or `__type`: the index of the field among the operation's introspection fields.
    Introspection,
}

/// How a leaf is checked before the client sees it (result coercion, GraphQL spec section 3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf {
    Int,
    Float,
    String,
    Boolean,
    Id,
    /// A custom scalar: any JSON value.
    Any,
    /// An enum of the API schema.
    Enum(TypeId),
}
