//! Arguments that contexts set, and what stands for them while a selection set is printed.

use crate::planner::graph::NodeId;
use crate::planner::plan::{ContextSource, PositionId};
use crate::planner::template::Piece;
use crate::schema::TypeSet;
use apollo_compiler::{Name, ast};
use std::collections::BTreeSet;

/// An argument of a field that an entry reads.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Argument {
    pub(super) node: NodeId,
    pub(super) name: Name,
    pub(super) value: Value,
}

/// An argument where it is printed.
pub(super) struct Placed {
    pub(super) node: NodeId,
    /// The types of the entities that have it. Fields of one name may take different arguments.
    pub(super) types: TypeSet,
    pub(super) name: Name,
    /// Which of the values that it is printed beside.
    pub(super) value: usize,
}

/// What an argument is set to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    pub(super) ty: ast::Type,
    pub(super) sources: Vec<ContextSource>,
}

/// The positions of the objects that set `arguments`.
pub(super) fn around(arguments: &[Argument]) -> BTreeSet<PositionId> {
    let sources = arguments
        .iter()
        .flat_map(|argument| &argument.value.sources);
    sources.map(|source| source.position).collect()
}

/// Between two of these stands the index of a context variable. No GraphQL document has this character.
const MARK: char = '\0';

/// What stands for a context variable while a selection set is printed.
pub(super) fn mark(index: usize) -> String {
    format!("{MARK}{index}{MARK}")
}

/// A selection set with marks, in pieces.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let pieces = text.split(MARK).enumerate();
    let piece = |(index, text): (usize, &str)| match index % 2 {
        0 => Some(Piece::Text(text.to_owned())),
        _ => text.parse().ok().map(Piece::Variable),
    };
    pieces.filter_map(piece).collect()
}
