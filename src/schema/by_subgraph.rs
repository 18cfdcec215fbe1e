//! What some of the subgraphs say of a thing. A supergraph may have a hundred subgraphs, and most of its fields are
//! known to two or three.

use super::SubgraphId;

/// A value for each of some subgraphs, in their order. The subgraphs stand together, for they are looked through more often
/// than there is a value.
#[derive(Clone, Debug)]
pub struct BySubgraph<T> {
    subgraphs: Vec<SubgraphId>,
    values: Vec<T>,
}

impl<T> BySubgraph<T> {
    /// What `subgraph` says.
    pub fn get(&self, subgraph: SubgraphId) -> Option<&T> {
        self.values
            .get(self.subgraphs.binary_search(&subgraph).ok()?)
    }

    /// What each subgraph that has something to say says.
    pub fn iter(&self) -> impl Iterator<Item = (SubgraphId, &T)> {
        self.subgraphs.iter().copied().zip(&self.values)
    }

    /// What each says, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (SubgraphId, &mut T)> {
        self.subgraphs.iter().copied().zip(&mut self.values)
    }

    /// Sets what `subgraph` says.
    pub(super) fn insert(&mut self, subgraph: SubgraphId, value: T) {
        match self.subgraphs.binary_search(&subgraph) {
            Ok(at) => self.values[at] = value,
            Err(at) => self.insert_at(at, subgraph, value),
        }
    }

    /// What `subgraph` says, which is `otherwise` if it said nothing.
    pub(super) fn get_or_insert(&mut self, subgraph: SubgraphId, otherwise: T) -> &mut T {
        let at = match self.subgraphs.binary_search(&subgraph) {
            Ok(at) => at,
            Err(at) => {
                self.insert_at(at, subgraph, otherwise);
                at
            }
        };
        &mut self.values[at]
    }

    fn insert_at(&mut self, at: usize, subgraph: SubgraphId, value: T) {
        self.subgraphs.insert(at, subgraph);
        self.values.insert(at, value);
    }

    /// Lets go of room that was kept for more.
    pub(super) fn shrink(&mut self) {
        self.subgraphs.shrink_to_fit();
        self.values.shrink_to_fit();
    }
}

impl<T> Default for BySubgraph<T> {
    fn default() -> Self {
        Self {
            subgraphs: Vec::new(),
            values: Vec::new(),
        }
    }
}
