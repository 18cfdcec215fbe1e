//! What a strict subgraph could not have answered.

use std::fmt;

/// One thing a router did wrong towards a subgraph.
#[derive(Debug, Clone)]
pub struct Violation {
    pub kind: Kind,
    pub subgraph: String,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The operation does not parse or validate, or its variables do not fit.
    InvalidGraphql,
    /// A representation that names no object, or two.
    Entity,
    /// A field asked without what it requires, or with other values than the world's.
    Requires,
    /// A field the subgraph does not know here: external and not provided, or overridden.
    External,
    /// The subgraph's execution had an error, usually after one of the above.
    SubgraphError,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::InvalidGraphql => "invalid-graphql",
            Kind::Entity => "entity",
            Kind::Requires => "requires",
            Kind::External => "external",
            Kind::SubgraphError => "subgraph-error",
        };
        write!(out, "{kind} at {}: {}", self.subgraph, self.text)
    }
}
