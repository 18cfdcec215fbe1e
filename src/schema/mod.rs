//! The supergraph: what clients may ask, and which subgraph can answer which part of it.
//!
//! [`Supergraph::parse`] reads a supergraph SDL once into immutable, interned tables. Everything above refers to
//! types, fields and subgraphs by id. This layer knows nothing of operations, plans or the network.

mod ids;
mod model;
mod type_set;

pub use ids::{FieldId, SubgraphId, TypeId};
pub use model::{Subgraph, Supergraph};
pub use type_set::TypeSet;
