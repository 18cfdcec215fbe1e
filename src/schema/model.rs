//! The tables of a supergraph.

use super::{SubgraphId, TypeId};
use apollo_compiler::{Name, Schema, validation::Valid};

/// A composed supergraph, immutable. Made by [`Supergraph::parse`] alone.
#[derive(Debug)]
pub struct Supergraph {
    subgraphs: Vec<Subgraph>,
    api: Valid<Schema>,
}

/// A service that resolves part of the supergraph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subgraph {
    /// The name from `join__Graph`'s `@join__graph(name:)`, as configuration refers to it.
    pub name: String,
    /// The URL in the supergraph; configuration may override it.
    pub url: String,
}

impl Supergraph {
    /// The subgraphs; [`SubgraphId`]s index this.
    pub fn subgraphs(&self) -> &[Subgraph] {
        &self.subgraphs
    }

    /// The subgraph with this id.
    pub fn subgraph(&self, id: SubgraphId) -> &Subgraph {
        &self.subgraphs[id.index()]
    }

    /// The schema clients see.
    pub fn api(&self) -> &Valid<Schema> {
        &self.api
    }

    /// The id of the type with this name.
    pub fn type_id(&self, _name: &str) -> Option<TypeId> {
        todo!()
    }

    /// The name of a type.
    pub fn type_name(&self, _id: TypeId) -> &Name {
        todo!()
    }

    /// Whether `value` is a value of the enum that clients may see.
    pub fn is_visible_enum_value(&self, _enum_type: TypeId, _value: &str) -> bool {
        todo!()
    }
}
