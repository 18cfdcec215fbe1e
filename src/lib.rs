//! Graphway: a GraphQL federation router with an API gateway in front of it.
//!
//! The modules below are layers in dependency order: each may use those above it, never those below
//! (`tests/tidy.rs` checks it). `docs/architecture.md` is the map.

pub mod upstream;

pub mod schema;

pub mod operation;

pub mod planner;

pub mod executor;

#[cfg(feature = "compose")]
pub mod composition;

pub mod cli;
