//! Arguments from contexts: which objects around a field set them, and what that needs.

use super::{
    FactId, NodeId, Tree,
    builder::{Builder, Wanted},
};
use crate::operation::{Operation, Selections};
use crate::schema::{ContextArgument, ContextValue, SetField, Supergraph, TypeSet};
use apollo_compiler::Name;
use smallvec::SmallVec;
use std::collections::HashSet;

/// Objects around a position that set a context argument of a field there.
pub(in crate::planner) struct ContextSource<'a> {
    pub at: NodeId,
    /// Those of these types. None: all.
    pub types: Option<TypeSet>,
    pub fields: &'a [SetField],
}

impl Tree<'_> {
    /// What sets a context argument of the fields of objects at `position`: the nearest objects around these, whose
    /// runtime types decide. None: nothing may.
    pub(in crate::planner) fn context_sources<'a>(
        &self,
        position: NodeId,
        argument: &'a ContextArgument,
    ) -> Option<SmallVec<[ContextSource<'a>; 1]>> {
        let mut sources: SmallVec<[ContextSource<'a>; 1]> = SmallVec::new();
        let mut below = self.node(position);
        while let Some(at) = below.parent {
            let node = self.node(at);
            let mut left = below.types.intersection(&node.possible);
            let farther = sources.len();
            for value in &argument.values {
                let types = value.types.intersection(&left);
                if !types.is_empty() {
                    left = left.difference(&types);
                    sources.push(ContextSource {
                        at,
                        types: Some(types),
                        fields: &value.fields.fields,
                    });
                }
            }
            if left.is_empty() {
                if let [only] = &mut sources[farther..] {
                    only.types = None;
                }
                return Some(sources);
            }
            below = node;
        }
        None
    }
}

/// What the fields that `operation` selects take from contexts. (A `@requires` cannot ask for such fields: composition
/// refuses it.)
pub(super) fn used<'a>(supergraph: &'a Supergraph, operation: &Operation) -> Vec<&'a ContextValue> {
    let contextual = supergraph.contextual();
    if contextual.is_empty() {
        return Vec::new();
    }
    let mut selected = HashSet::new();
    names(&operation.selections, &mut selected);
    let contextual = contextual
        .iter()
        .map(|(field, subgraph)| (supergraph.field(*field), *subgraph));
    let known = contextual
        .filter(|(field, _)| selected.contains(&field.name))
        .filter_map(|(field, subgraph)| field.in_subgraph(subgraph));
    let arguments = known.flat_map(|known| &known.contexts);
    arguments.flat_map(|argument| &argument.values).collect()
}

fn names<'o>(selections: &'o Selections, into: &mut HashSet<&'o Name>) {
    for field in &selections.fields {
        into.insert(&field.name);
        names(&field.selections, into);
    }
}

impl<'a> Builder<'a, '_> {
    /// Adds to `wanted` what objects at a position may have to set contexts to.
    pub(super) fn want_contexts(&self, position: NodeId, wanted: &mut Vec<Wanted<'a>>) {
        let (node, roots) = (self.tree.node(position), self.supergraph.roots());
        // Nothing is run for its value for others: a mutation's field, a subscription's.
        let has_effects = [roots.mutation, roots.subscription].contains(&Some(node.named));
        if has_effects || node.internal > self.hops {
            return;
        }
        for value in &self.contexts {
            let types = value.types.intersection(&node.possible);
            if !types.is_empty() {
                let fields = value.fields.fields.iter();
                wanted.extend(fields.map(|field| Wanted {
                    types: types.clone(),
                    field,
                }));
            }
        }
    }

    /// Collects the facts behind a context argument of a field at `position`; false if it cannot be set.
    pub(super) fn context_inputs(
        &self,
        position: NodeId,
        argument: &ContextArgument,
        into: &mut SmallVec<[FactId; 4]>,
    ) -> bool {
        let Some(sources) = self.tree.context_sources(position, argument) else {
            return false;
        };
        sources.iter().all(|source| {
            if source.types.is_some() {
                into.extend(self.typenames[source.at.index()].iter().copied());
            }
            let classes = self.tree.node(source.at).classes.iter().enumerate();
            let types = source.types.as_ref();
            classes
                .filter(|(_, class)| types.is_none_or(|types| types.intersects(class)))
                .all(|(class, _)| self.inputs((source.at, class), source.fields, into))
        })
    }
}
