//! What some of the subgraphs say of a thing. A supergraph may have a hundred subgraphs, and most of its fields are
//! known to two or three.

use super::SubgraphId;

/// A value for each of some subgraphs, in their order.
#[derive(Clone, Debug)]
pub struct BySubgraph<T>(Vec<(SubgraphId, T)>);

impl<T> BySubgraph<T> {
    /// What `subgraph` says.
    pub fn get(&self, subgraph: SubgraphId) -> Option<&T> {
        let at = self.0.binary_search_by_key(&subgraph, |(id, _)| *id).ok()?;
        Some(&self.0[at].1)
    }

    /// What each subgraph that has something to say says.
    pub fn iter(&self) -> impl Iterator<Item = (SubgraphId, &T)> {
        self.0.iter().map(|(id, value)| (*id, value))
    }

    /// What each says, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (SubgraphId, &mut T)> {
        self.0.iter_mut().map(|(id, value)| (*id, value))
    }

    /// Sets what `subgraph` says.
    pub(super) fn insert(&mut self, subgraph: SubgraphId, value: T) {
        match self.0.binary_search_by_key(&subgraph, |(id, _)| *id) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (subgraph, value)),
        }
    }

    /// What `subgraph` says, which is `otherwise` if it said nothing.
    pub(super) fn get_or_insert(&mut self, subgraph: SubgraphId, otherwise: T) -> &mut T {
        let at = match self.0.binary_search_by_key(&subgraph, |(id, _)| *id) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (subgraph, otherwise));
                at
            }
        };
        &mut self.0[at].1
    }

    /// Lets go of room that was kept for more.
    pub(super) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }
}

impl<T> Default for BySubgraph<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
