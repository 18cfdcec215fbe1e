//! What is worked out of a supergraph once, so that planning need not.

use super::{SubgraphId, TypeId};

/// A way to enter a subgraph with objects of a type.
#[derive(Clone, Copy, Debug)]
pub struct Entrance {
    pub subgraph: SubgraphId,
    /// The type as which the subgraph will know the objects: their own, or an interface that is an
    /// `@interfaceObject` there.
    pub declared: TypeId,
    /// The type whose key it is: the objects' own, or an interface's.
    pub keyed: TypeId,
    /// Whether a field of `declared` there needs to be sent something (`@requires`, contexts).
    pub has_inputs: bool,
    /// The index of the key among those that `keyed` has in the subgraph.
    pub(super) key: usize,
}

/// Numbers for types and fields; equal ones are treated alike by every subgraph.
#[derive(Debug, Default)]
pub(super) struct Alike {
    /// By type: how objects of it enter subgraphs.
    pub(super) types: Vec<u32>,
    /// By field.
    pub(super) fields: Vec<u32>,
}

/// The schemas of the subgraphs, each derived when it is first asked for.
#[cfg(debug_assertions)]
#[derive(Debug)]
pub(super) struct Served {
    pub(super) supergraph: apollo_compiler::validation::Valid<apollo_compiler::Schema>,
    pub(super) schemas:
        Vec<std::sync::OnceLock<apollo_compiler::validation::Valid<apollo_compiler::Schema>>>,
}

#[cfg(debug_assertions)]
impl Served {
    pub(super) fn new(
        supergraph: apollo_compiler::validation::Valid<apollo_compiler::Schema>,
        subgraphs: usize,
    ) -> Self {
        Self {
            supergraph,
            schemas: std::iter::repeat_with(std::sync::OnceLock::new)
                .take(subgraphs)
                .collect(),
        }
    }
}
