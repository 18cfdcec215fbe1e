//! Turns selected facts into fetches: groups entries by level, batches them, prints their documents.
//!
//! The level of an entry is the number of requests that must come before it. Entries of one subgraph on one level go
//! out as one request, so the fetches form a DAG whatever was merged.

mod batch;
mod depends;
mod document;
mod group;
mod output;
mod printed;
mod representation;
mod scope;
mod unit;

use super::graph::{Graph, NodeId};
use super::plan::{Entities, Fetch, FetchId, FetchKind, Plan, Target};
use super::search::Selection;
use crate::operation::{Operation, OperationKind};
use crate::schema::Supergraph;
use group::Group;

/// What assembling reads.
pub(super) struct Source<'s, 'a> {
    pub(super) supergraph: &'a Supergraph,
    pub(super) operation: &'a Operation,
    pub(super) graph: &'s Graph<'a>,
    pub(super) selection: &'s Selection,
}

/// How many requests a selection makes, and how many of them wait for each other at most.
pub(super) fn schedule(source: &Source) -> (usize, usize) {
    group::schedule(source)
}

/// Assembles the plan of a selection.
pub(super) fn assemble(source: &Source) -> Plan {
    let grouped = group::group(source);
    let mut fetches = Vec::new();
    for (index, batch) in grouped.batches.iter().enumerate() {
        let id = FetchId(index as u32);
        let groups: Vec<&Group> = batch
            .groups
            .iter()
            .map(|&group| &grouped.groups[group])
            .collect();
        let Some(first) = groups.first() else {
            continue;
        };
        let mut variables = document::Variables::new(source.operation);
        let (kind, selections, operation) = if first.is_root {
            let (text, read) = scope::print_root(source, first, &mut variables);
            let operation = if first.position == NodeId::ROOT {
                source.operation.kind
            } else {
                OperationKind::Query
            };
            (
                FetchKind::Root {
                    at: document::position(first.position),
                    read,
                },
                text,
                operation,
            )
        } else {
            let (entities, text) = entities(source, &groups, &mut variables);
            (FetchKind::Entities(entities), text, OperationKind::Query)
        };
        fetches.push(Fetch {
            id,
            subgraph: first.subgraph,
            after: batch
                .after
                .iter()
                .map(|&after| FetchId(after as u32))
                .collect(),
            document: variables.document(operation, &selections).into(),
            variables: variables.used(),
            operation,
            kind,
        });
    }
    output::finish(source, fetches)
}

/// The `_entities` fields of a request. Groups that ask for the same share one.
fn entities(
    source: &Source,
    groups: &[&Group],
    variables: &mut document::Variables,
) -> (Vec<Entities>, String) {
    let mut printed: Vec<(String, Vec<Target>)> = Vec::new();
    for group in groups {
        for unit in group.units(source) {
            let (text, targets) = scope::print_entities(source, (group, &unit), variables);
            match printed.iter_mut().find(|(known, _)| *known == text) {
                Some((_, known)) => known.extend(targets),
                None => printed.push((text, targets)),
            }
        }
    }
    let single = printed.len() == 1;
    let mut all = Vec::new();
    let mut selections = String::new();
    for (index, (text, targets)) in printed.into_iter().enumerate() {
        let key = if single {
            "_entities".to_owned()
        } else {
            format!("_e{index}")
        };
        let variable = variables.representations(index, single);
        let alias = if single {
            String::new()
        } else {
            format!("{key}: ")
        };
        let separator = if index > 0 { " " } else { "" };
        selections.push_str(&format!(
            "{separator}{alias}_entities(representations: ${variable}) {text}"
        ));
        all.push(Entities {
            key,
            variable,
            targets,
        });
    }
    (all, format!("{{ {selections} }}"))
}
