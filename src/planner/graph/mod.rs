//! What planning searches: positions, and the facts and moves over them, for one operation.

mod alike;
mod build;
mod children;
mod entries;
mod facts;
mod tree;

pub(super) use build::{Draft, DraftField, DraftValue, Graph, Terminal, build};
pub(super) use facts::{EntryTypename, Fact, FactId, Facts, MoveId, MoveKind, State};
pub(super) use tree::{Node, NodeId, Tree};
