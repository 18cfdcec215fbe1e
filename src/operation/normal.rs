//! The normalised operation: for every object, the response keys that each runtime type is asked for.

use super::OperationKind;
use crate::schema::{Argument, Labels, TypeId, TypeSet};
use apollo_compiler::{Name, ast};

/// An operation without fragments and conditions. Made by [`super::Document::fold`] alone.
#[derive(Clone, Debug)]
pub struct Operation {
    pub kind: OperationKind,
    pub name: Option<Name>,
    pub root: TypeId,
    pub selections: Selections,
    pub variables: Vec<Variable>,
    /// The labels of `@override` that are on.
    pub labels: Labels,
    /// Object types of which the caller may have nothing: their objects are null, with an error.
    pub forbidden: TypeSet,
}

/// A variable the operation declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: Name,
    /// The declaration as printed: `$first: Int = 5`.
    pub declaration: String,
}

/// What is selected on an object, in the order of the response.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selections {
    pub fields: Vec<Field>,
}

/// A response key of an object, for those runtime types that are asked for it in the same way. Another field may have
/// the same key for other types.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub key: Name,
    pub name: Name,
    pub arguments: Vec<Argument>,
    /// The object types it is selected on: all have a field of this name and of type `ty`.
    pub types: TypeSet,
    pub ty: ast::Type,
    /// The named type inside `ty`.
    pub named: TypeId,
    pub selections: Selections,
    /// Whether the caller may not have it: it is null, with an error, and nothing is selected below.
    pub denied: bool,
}

impl Selections {
    /// How many fields there are, those below fields among them.
    pub fn count(&self) -> usize {
        let below = |field: &Field| field.selections.count() + 1;
        self.fields.iter().map(below).sum()
    }
}

impl Field {
    /// Whether this asks for the runtime type's name.
    pub fn is_typename(&self) -> bool {
        self.name == "__typename"
    }

    /// Whether this is `__schema` or `__type`.
    pub fn is_introspection(&self) -> bool {
        self.name == "__schema" || self.name == "__type"
    }
}
