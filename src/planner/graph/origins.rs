//! Whether one subgraph can start what a field needs for all runtime types.
//!
//! Where several subgraphs return the objects of a position, any of them may be asked, and it alone. A field selected
//! for several types must then be within reach of one of them for all these types: two half answers are none. Sound
//! supergraphs always pass; composition checks it. (Apollo's and Hive's planners refuse such operations too.)

use super::{
    FactId, NodeId, Part,
    builder::{Builder, Reading},
};
use crate::planner::error::{Missing, Tried};
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

    /// What each subgraph that returns the objects of `position` does not lead to.
    pub(super) fn half_origins(&self, position: NodeId, nodes: &[NodeId]) -> Vec<Tried> {
        let origins = self.states[position.index()].whole.iter();
        let tried = origins.filter_map(|&origin| {
            let subgraph = self.facts.state(origin)?.subgraph;
            let parts = nodes.iter().flat_map(|&node| {
                let parts = self.tree.node(node).parts.iter();
                parts.map(move |part| (node, part))
            });
            let lost = parts.filter(|(node, part)| !self.leads_to(origin, (position, part), *node));
            let classes = &self.tree.node(position).classes;
            let types = lost.flat_map(|(_, part)| classes[part.class].iter());
            let names = types.map(|ty| self.supergraph.type_name(ty).to_string());
            Some(Tried {
                subgraphs: vec![self.supergraph.subgraph(subgraph).name.clone()],
                missing: Missing::Types {
                    types: names.collect(),
                },
            })
        });
        tried.collect()
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
                    nodes.into_iter().any(|(node, _)| reads(node))
                })
            };
            // The entries of the position at hand are the last ones.
            let entries = self.pending.iter().rev();
            let mut here = entries.take_while(|entry| entry.position == position);
            let next = here.find(|entry| {
                entry.class == class
                    && !open.contains(&entry.fact)
                    && has(&entry.key.fields)
                    && entry
                        .field
                        .and_then(|field| field.requires.as_ref())
                        .is_none_or(|requires| has(&requires.fields))
            });
            match next {
                Some(entry) => open.push(entry.fact),
                None => return false,
            }
        }
    }
}
