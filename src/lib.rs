//! Graphway: a GraphQL federation router with an API gateway in front of it.

pub mod cli;
#[cfg(feature = "compose")]
pub mod composition;
