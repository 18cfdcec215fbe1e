//! What planning searches: positions, and the facts and moves over them, for one operation.

mod alike;
mod build;
mod builder;
mod children;
mod draft;
mod entries;
mod facts;
mod origins;
mod tree;

pub(super) use build::{Graph, build};
pub(super) use draft::{Draft, DraftField, DraftValue, Terminal};
pub(super) use facts::{EntryTypename, Fact, FactId, Facts, MoveId, MoveKind, State};
pub(super) use tree::{Node, NodeId, Tree};
