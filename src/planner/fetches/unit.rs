//! Splits a group into `_entities` fields.

use super::{
    Source,
    argument::{Argument, Placed, Value},
    group::{Entry, Group},
    representation::{self, Draft},
};
use crate::planner::graph::NodeId;
use std::collections::BTreeSet;

/// Entries of a group whose representations agree.
pub(super) struct Unit<'g> {
    pub(super) entries: Vec<&'g Entry>,
    /// What is sent for them: those that are equal once.
    pub(super) drafts: Vec<Draft>,
}

impl Unit<'_> {
    /// Whether an argument in it is set by a context.
    pub(super) fn has_contexts(&self) -> bool {
        self.drafts.iter().any(|draft| !draft.arguments.is_empty())
    }

    /// What arguments are set to by contexts, equal ones once.
    pub(super) fn context_values(&self) -> Vec<Value> {
        let mut values: Vec<Value> = Vec::new();
        for argument in self.drafts.iter().flat_map(|draft| &draft.arguments) {
            if !values.contains(&argument.value) {
                values.push(argument.value.clone());
            }
        }
        values
    }

    /// The arguments that are set to these.
    pub(super) fn context_arguments(&self) -> Vec<Placed> {
        let values = self.context_values();
        let of = |draft: &Draft, argument: &Argument| {
            let value = values.iter().position(|value| *value == argument.value);
            value.map(|value| Placed {
                node: argument.node,
                types: draft.types.clone(),
                name: argument.name.clone(),
                value,
            })
        };
        let drafts = self.drafts.iter();
        let arguments =
            drafts.flat_map(|draft| draft.arguments.iter().map(move |one| (draft, one)));
        arguments
            .filter_map(|(draft, one)| of(draft, one))
            .collect()
    }
}

impl Group {
    /// Splits the entries so that in each unit no representation needs two values under one name (the same field with
    /// different arguments), and none is asked for fields that only others are sent for.
    pub(super) fn units(&self, source: &Source) -> Vec<Unit<'_>> {
        let mut units: Vec<Unit> = Vec::new();
        for entry in &self.entries {
            let Some(draft) = representation::draft(source, entry.fact) else {
                continue;
            };
            let fits = |unit: &&mut Unit| {
                // What fits where it stands does so again: a client may select one field thousands of times.
                unit.drafts.contains(&draft)
                    || unit
                        .drafts
                        .iter()
                        .all(|other| other.agrees(&draft) && self.read_alike(source, other, &draft))
            };
            match units.iter_mut().find(fits) {
                Some(unit) => {
                    unit.entries.push(entry);
                    if !unit.drafts.contains(&draft) {
                        unit.drafts.push(draft);
                    }
                }
                None => units.push(Unit {
                    entries: vec![entry],
                    drafts: vec![draft],
                }),
            }
        }
        units
    }

    /// A subgraph that knows objects as an interface object is asked for the same fields whatever their types: classes
    /// that need different fields go apart.
    fn read_alike(&self, source: &Source, a: &Draft, b: &Draft) -> bool {
        let reads = |class: usize| -> BTreeSet<NodeId> {
            let entries = self.entries.iter().filter(|entry| {
                let state = source.graph.facts.state(entry.fact);
                state.is_some_and(|state| state.opaque && state.class == Some(class))
            });
            entries.flat_map(|entry| entry.reads.nodes()).collect()
        };
        a.class == b.class || !(a.opaque && b.opaque) || reads(a.class) == reads(b.class)
    }
}
