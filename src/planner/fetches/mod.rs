//! Turns selected facts into fetches: groups entries by level, batches them, prints their documents.
//!
//! The level of an entry is the number of requests that must come before it. Entries of one subgraph on one level go
//! out as one request, so the fetches form a DAG whatever was merged.

mod argument;
mod batch;
mod contexts;
mod depends;
mod document;
mod group;
mod outline;
mod output;
mod printed;
mod representation;
mod scope;
mod unit;

use super::graph::{Graph, NodeId};
use super::plan::{Entities, Fetch, FetchId, FetchKind, Plan, Target};
use super::search::Selection;
use super::template::Template;
use crate::operation::{Operation, OperationKind};
use crate::schema::Supergraph;
use apollo_compiler::Name;
use group::Group;
use unit::Unit;

pub(super) use outline::{Outline, Request};

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
        let requested = match first.is_root {
            true => root(source, first),
            false => entities(source, &groups),
        };
        fetches.push(Fetch {
            id,
            subgraph: first.subgraph,
            after: batch
                .after
                .iter()
                .map(|&after| FetchId(after as u32))
                .collect(),
            document: requested.document.into(),
            variables: requested.variables,
            operation: requested.operation,
            kind: requested.kind,
            template: requested.template,
        });
    }
    output::finish(source, fetches)
}

/// What a fetch asks for.
struct Requested {
    kind: FetchKind,
    document: String,
    /// The client variables in the document.
    variables: Vec<Name>,
    operation: OperationKind,
    template: Option<Template>,
}

/// The root fields of a request.
fn root(source: &Source, group: &Group) -> Requested {
    let mut variables = document::Variables::new(source.operation);
    let (text, read) = scope::print_root(source, group, &mut variables);
    let operation = if group.position == NodeId::ROOT {
        source.operation.kind
    } else {
        OperationKind::Query
    };
    Requested {
        kind: FetchKind::Root {
            at: document::position(group.position),
            read,
        },
        document: variables.document(operation, &text),
        variables: variables.used(),
        operation,
        template: None,
    }
}

/// The `_entities` fields of a request. Groups that ask for the same share one.
fn entities(source: &Source, groups: &[&Group]) -> Requested {
    let units = groups.iter().map(|group| (*group, group.units(source)));
    let units = units.flat_map(|(group, units)| units.into_iter().map(move |unit| (group, unit)));
    let units: Vec<(&Group, Unit)> = units.collect();
    if units.iter().any(|(_, unit)| unit.has_contexts()) {
        let (fields, template) = contexts::entities(source, &units);
        let once = vec![1; template.fields.len()];
        let variables = template.variables(&once).into_iter();
        return Requested {
            document: template.document(&once),
            variables: variables.map(|(name, _)| name.clone()).collect(),
            kind: FetchKind::Entities(fields),
            operation: OperationKind::Query,
            template: Some(template),
        };
    }
    let mut variables = document::Variables::new(source.operation);
    let (fields, selections) = plain_entities(source, &units, &mut variables);
    Requested {
        kind: FetchKind::Entities(fields),
        document: variables.document(OperationKind::Query, &selections),
        variables: variables.used(),
        operation: OperationKind::Query,
        template: None,
    }
}

/// The `_entities` fields of a request in which none takes anything from contexts.
fn plain_entities(
    source: &Source,
    units: &[(&Group, Unit)],
    variables: &mut document::Variables,
) -> (Vec<Entities>, String) {
    let mut printed: Vec<(String, Vec<Target>)> = Vec::new();
    for (group, unit) in units {
        let (text, targets) = scope::print_entities(source, (group, unit), variables);
        match printed.iter_mut().find(|(known, _)| *known == text) {
            Some((_, known)) => known.extend(targets),
            None => printed.push((text, targets)),
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
            contexts: Vec::new(),
            targets,
        });
    }
    (all, format!("{{ {selections} }}"))
}
