//! Whether one subgraph can start what a field needs for all runtime types.
//!
//! Where several subgraphs return the objects of a position, any of them may be asked, and it alone. A field selected
//! for several types must then be within reach of one of them for all these types: two half answers are none. Sound
//! supergraphs always pass; composition checks it. (Apollo's and Hive's planners refuse such operations too.)

use super::{
    FactId, NodeId, Part,
    builder::{Builder, Reading},
};
use crate::schema::{SetField, TypeSet};

impl Builder<'_, '_> {
    /// Whether some subgraph that returns the objects of `position` leads to `nodes` (one field) for all their types.
    pub(super) fn has_one_origin(&self, position: NodeId, nodes: &[NodeId]) -> bool {
        let origins = &self.states[position.index()].whole;
        if origins.len() < 2 || self.tree.node(position).classes.len() < 2 {
            return true;
        }
        origins.iter().any(|&origin| {
            nodes.iter().all(|&node| {
                let mut parts = self.tree.node(node).parts.iter();
                parts.all(|part| self.leads_to(origin, (position, part), node))
            })
        })
    }

    /// Whether `child` can be read for a class when only `origin` returns the objects.
    fn leads_to(&self, origin: FactId, (position, part): (NodeId, &Part), child: NodeId) -> bool {
        let (class, object) = (part.class, part.object);
        let mut open = vec![origin];
        loop {
            let reads = |node: NodeId| {
                let mut parts = self.tree.node(node).parts.iter();
                parts.any(|part| {
                    let states = open.iter().filter_map(|fact| self.facts.state(*fact));
                    part.class == class
                        && states
                            .into_iter()
                            .any(|state| self.reading(state, node, part) == Reading::Plain)
                })
            };
            if reads(child) {
                return true;
            }
            let types = TypeSet::of(object);
            let has = |fields: &[SetField]| {
                let mut wanted = fields.iter().filter(|field| field.types.contains(object));
                wanted.all(|field| {
                    let nodes = self.tree.matching(position, field, &types);
                    nodes.into_iter().any(reads)
                })
            };
            // The entries of the position at hand are the last ones.
            let entries = self.pending.iter().rev();
            let mut here = entries.take_while(|entry| entry.position == position);
            let next = here.find(|entry| {
                entry.class == class
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
