//! What planning searches: positions, and the facts and moves over them, for one operation.

mod build;
mod builder;
mod children;
mod classes;
mod contexts;
mod draft;
mod entries;
mod facts;
mod origins;
mod states;
mod tree;

pub(super) use build::{Graph, build};
pub(super) use builder::REQUEST_COST;
pub(super) use contexts::ContextSource;
pub(super) use draft::{Draft, DraftField, DraftValue, Terminal};
pub(super) use facts::{EntryTypename, Fact, FactId, Facts, MoveId, MoveKind, State};
pub(super) use states::States;
pub(super) use tree::{Node, NodeId, Part, Tree};
