//! What the client asked for: terminals for the search, a draft of the output for the end.

use super::{FactId, NodeId};
use crate::schema::TypeSet;
use apollo_compiler::{Name, ast};

/// A fact that the client asked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::planner) struct Terminal {
    pub fact: FactId,
    pub node: NodeId,
}

/// What the client sees of an object, over nodes.
#[derive(Debug, Default)]
pub(in crate::planner) struct Draft<'a> {
    pub fields: Vec<DraftField<'a>>,
}

/// A response key.
#[derive(Debug)]
pub(in crate::planner) struct DraftField<'a> {
    pub key: &'a Name,
    /// None: every type.
    pub types: Option<TypeSet>,
    pub value: DraftValue<'a>,
}

/// Where a response key's value comes from.
#[derive(Debug)]
pub(in crate::planner) enum DraftValue<'a> {
    Typename,
    Introspection,
    /// Of this type.
    Denied(&'a ast::Type),
    Node(NodeId, Draft<'a>),
}
