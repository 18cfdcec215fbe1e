//! Whether one subgraph can start what a field needs for all runtime types.
//!
//! Where several subgraphs return the objects of a position, any of them may be asked, and it alone. A field selected
//! for several types must then be within reach of one of them for all these types: two half answers are none. Sound
//! supergraphs always pass; composition checks it. (Apollo's and Hive's planners refuse such operations too.)

use super::{
    FactId, NodeId,
    builder::{Builder, Reading},
};
use crate::schema::{SetField, TypeId, TypeSet};

impl Builder<'_> {
    /// Whether some subgraph that returns the objects of `position` leads to `nodes` (one field) for all their types.
    pub(super) fn has_one_origin(&self, position: NodeId, nodes: &[NodeId]) -> bool {
        let states = &self.states[position.index()];
        let is_inline = |fact: &&FactId| {
            self.facts
                .state(**fact)
                .is_some_and(|state| state.class.is_none())
        };
        let origins: Vec<FactId> = states.iter().filter(is_inline).copied().collect();
        if origins.len() < 2 || self.tree.node(position).classes.len() < 2 {
            return true;
        }
        origins.into_iter().any(|origin| {
            nodes.iter().all(|&node| {
                let mut classes = self.classes_of(node).into_iter();
                classes.all(|class| self.leads_to(origin, (position, class), node))
            })
        })
    }

    /// Whether `child` can be read for a class when only `origin` returns the objects.
    fn leads_to(
        &self,
        origin: FactId,
        (position, (class, object)): (NodeId, (usize, TypeId)),
        child: NodeId,
    ) -> bool {
        let mut open = vec![origin];
        loop {
            let reads = |node: NodeId| {
                open.iter()
                    .filter_map(|fact| self.facts.state(*fact))
                    .any(|state| self.reading(state, node, object) == Reading::Plain)
            };
            if reads(child) {
                return true;
            }
            let types = TypeSet::of(object);
            let has = |fields: &[SetField]| {
                let mut wanted = fields.iter().filter(|field| field.types.contains(object));
                wanted.all(|field| {
                    self.tree
                        .matching(position, field, &types)
                        .into_iter()
                        .any(reads)
                })
            };
            let next = self.pending.iter().find(|entry| {
                (entry.position, entry.class) == (position, class)
                    && !open.contains(&entry.fact)
                    && has(&entry.key.fields)
                    && entry.requires.is_none_or(|requires| has(&requires.fields))
            });
            match next {
                Some(entry) => open.push(entry.fact),
                None => return false,
            }
        }
    }
}
