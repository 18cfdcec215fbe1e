//! The supergraph: what clients may ask, and which subgraph can answer which part of it.
//!
//! [`Supergraph::parse`] reads a supergraph SDL once into immutable, interned tables. Everything above refers to
//! types, fields and subgraphs by id. This layer knows nothing of operations, plans or the network.

mod alike;
mod annotate;
mod annotations;
mod api;
mod at_hand;
mod by_subgraph;
mod contexts;
mod demand;
mod entrances;
mod error;
mod federation1;
mod field_set;
mod ids;
mod join;
mod label_set;
mod labels;
mod link;
mod model;
mod parse;
mod possible;
mod prepared;
mod reach;
#[cfg(debug_assertions)]
mod served;
mod type_set;

pub use annotations::{
    Annotations, AnyOf, Carried, Claim, Demand, ListSize, Origin, Place, Protection,
};
pub use by_subgraph::BySubgraph;
pub use error::Error;
pub use field_set::{Argument, FieldSet, SetField};
pub use ids::{FieldId, LabelId, SubgraphId, TypeId};
pub use label_set::{Guard, Labels};
pub use model::{
    ContextArgument, ContextValue, FieldDefinition, FieldInSubgraph, Key, Roots, Subgraph,
    Supergraph, TypeDefinition, TypeInSubgraph, TypeKind,
};
pub use prepared::Entrance;
pub use type_set::TypeSet;
