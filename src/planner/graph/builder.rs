//! The graph while it grows, and what its parts ask of it.

use super::{EntryTypename, FactId, Facts, NodeId, Part, State, States, Terminal, Tree};
use crate::planner::Budget;
use crate::schema::{
    ContextValue, FieldInSubgraph, FieldSet, Labels, SetField, Supergraph, TypeSet,
};
use smallvec::SmallVec;

/// The cost of one more request; reading one more field costs 1.
pub(in crate::planner) const REQUEST_COST: u32 = 1000;

/// A field that keys, `@requires` or contexts need, of objects of some types.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) types: TypeSet,
    pub(super) field: &'a SetField,
}

/// How a state can read a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Plain,
    /// Only after an entry that brings what it requires, or what contexts set.
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
    /// The field that it is made for.
    pub(super) field: Option<&'a FieldInSubgraph>,
}

/// The graph while it grows. The tables are indexed by node.
pub(super) struct Builder<'a, 'b> {
    pub(super) budget: &'b Budget<'b>,
    pub(super) supergraph: &'a Supergraph,
    /// The labels of `@override` that are on.
    pub(super) labels: &'a Labels,
    /// Object types that the caller may have nothing of.
    pub(super) forbidden: &'a TypeSet,
    pub(super) tree: Tree<'a>,
    pub(super) facts: Facts<'a>,
    pub(super) states: Vec<States>,
    /// The values of a leaf, by class of its parent.
    pub(super) values: Vec<SmallVec<[Option<FactId>; 1]>>,
    /// The runtime types at a position, by its classes.
    pub(super) typenames: Vec<SmallVec<[FactId; 1]>>,
    pub(super) exists: Vec<Option<FactId>>,
    /// Entries whose inputs are connected at the end, when all positions are there.
    pub(super) pending: Vec<PendingEntry<'a>>,
    pub(super) terminals: Vec<Terminal>,
    pub(super) hops: u8,
    /// What objects may have to set contexts to.
    pub(super) contexts: Vec<&'a ContextValue>,
}

impl<'a> Builder<'a, '_> {
    pub(super) fn grow_tables(&mut self) {
        let nodes = self.tree.nodes.len();
        self.states.resize_with(nodes, States::default);
        self.values.resize_with(nodes, SmallVec::new);
        self.typenames.resize_with(nodes, SmallVec::new);
        self.exists.resize(nodes, None);
    }

    /// Whether and how `state` can read `child` for one class of its parent's types.
    pub(super) fn reading(&self, state: &State, child: NodeId, part: &Part) -> Reading {
        if state.only.is_some_and(|only| only != child) {
            return Reading::Not;
        }
        let Some(known) = self.known_field(state, child, part) else {
            return Reading::Not;
        };
        let provided = || {
            let node = self.tree.node(child);
            state.view.iter().any(|field| {
                field.name == *node.name
                    && field.arguments == node.arguments
                    && field.types.contains(part.object)
            })
        };
        match known {
            _ if state.only == Some(child) => Reading::Plain,
            _ if !known.resolves(self.labels) && !provided() => Reading::Not,
            known if known.has_inputs() => match self.has_inputs_here(state, known, part) {
                true => Reading::Plain,
                false => Reading::Required,
            },
            _ => Reading::Plain,
        }
    }

    /// Whether the subgraph of `state` has what a field requires without being sent it: provided on the way here.
    fn has_inputs_here(&self, state: &State, field: &FieldInSubgraph, part: &Part) -> bool {
        let requires = field.requires.as_ref().map_or(&[][..], |set| &set.fields);
        let mut here = requires
            .iter()
            .filter(|one| one.types.contains(part.object));
        // An entry has nothing but its key.
        state.class.is_none()
            && field.contexts.is_empty()
            && here.all(|one| {
                let at = (state.subgraph, self.labels);
                self.supergraph.is_at_hand(at, &state.view, one)
            })
    }

    /// How the subgraph of `state` knows a field, for one class of its parent's types.
    pub(super) fn known_field(
        &self,
        state: &State,
        child: NodeId,
        part: &Part,
    ) -> Option<&'a FieldInSubgraph> {
        let field = if state.opaque && state.declared != part.object {
            let name = self.tree.node(child).name;
            self.supergraph.field_of(state.declared, name)?
        } else {
            part.field
        };
        self.supergraph.field(field).in_subgraph(state.subgraph)
    }
}
