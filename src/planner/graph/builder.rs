//! The graph while it grows, and what its parts ask of it.

use super::{EntryTypename, FactId, Facts, NodeId, State, Terminal, Tree};
use crate::schema::{FieldInSubgraph, FieldSet, SetField, Supergraph, TypeId, TypeSet};

/// The cost of one more request; reading one more field costs 1.
pub(in crate::planner) const REQUEST_COST: u32 = 1000;

/// A field that keys or `@requires` need, of objects of some types.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) types: TypeSet,
    pub(super) field: &'a SetField,
}

/// How a state can read a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Plain,
    /// Only after an entry that brings what it requires.
    Required,
    Not,
}

/// An entry whose inputs are not connected yet.
pub(super) struct PendingEntry<'a> {
    pub(super) fact: FactId,
    pub(super) position: NodeId,
    pub(super) class: usize,
    pub(super) key: &'a FieldSet,
    pub(super) typename: EntryTypename,
    pub(super) requires: Option<&'a FieldSet>,
}

/// The graph while it grows. The tables are indexed by node.
pub(super) struct Builder<'a> {
    pub(super) supergraph: &'a Supergraph,
    pub(super) tree: Tree,
    pub(super) facts: Facts<'a>,
    /// The states at a position.
    pub(super) states: Vec<Vec<FactId>>,
    /// The values of a leaf, by class of its parent.
    pub(super) values: Vec<Vec<Option<FactId>>>,
    /// The runtime types at a position, by its classes.
    pub(super) typenames: Vec<Vec<FactId>>,
    pub(super) exists: Vec<Option<FactId>>,
    /// Entries whose inputs are connected at the end, when all positions are there.
    pub(super) pending: Vec<PendingEntry<'a>>,
    pub(super) terminals: Vec<Terminal>,
    pub(super) hops: u8,
}

impl<'a> Builder<'a> {
    pub(super) fn grow_tables(&mut self) {
        let nodes = self.tree.nodes.len();
        self.states.resize(nodes, Vec::new());
        self.values.resize(nodes, Vec::new());
        self.typenames.resize(nodes, Vec::new());
        self.exists.resize(nodes, None);
    }

    /// The classes of the parent that a node is a field of, with a type of each.
    pub(super) fn classes_of(&self, node: NodeId) -> Vec<(usize, TypeId)> {
        let Some(parent) = self.tree.node(node).parent else {
            return Vec::new();
        };
        let types = &self.tree.node(node).types;
        let classes = self.tree.node(parent).classes.iter().enumerate();
        classes
            .filter(|(_, class)| class.intersects(types))
            .filter_map(|(index, class)| Some((index, class.iter().next()?)))
            .collect()
    }

    /// Whether and how `state` can read `child` for objects of type `object`.
    pub(super) fn reading(&self, state: &State, child: NodeId, object: TypeId) -> Reading {
        if state.only.is_some_and(|only| only != child) {
            return Reading::Not;
        }
        let node = self.tree.node(child);
        let Some(known) = self.known_field(state, &node.name, object) else {
            return Reading::Not;
        };
        let provided = || {
            let view = state.view.iter();
            view.clone().any(|field| {
                field.name == node.name
                    && field.arguments == node.arguments
                    && field.types.contains(object)
            })
        };
        match known {
            _ if state.only == Some(child) => Reading::Plain,
            FieldInSubgraph { external: true, .. } if !provided() => Reading::Not,
            FieldInSubgraph {
                requires: Some(_), ..
            } => Reading::Required,
            _ => Reading::Plain,
        }
    }

    /// How the subgraph of `state` knows a field of objects of type `object`.
    pub(super) fn known_field(
        &self,
        state: &State,
        name: &str,
        object: TypeId,
    ) -> Option<&'a FieldInSubgraph> {
        let declared = if state.opaque { state.declared } else { object };
        let id = self.supergraph.field_of(declared, name)?;
        self.supergraph.field(id).in_subgraph(state.subgraph)
    }
}
