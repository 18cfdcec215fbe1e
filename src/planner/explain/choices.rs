//! What else could have been done: other subgraphs, subgraphs that resolve or provide more, and less.

use super::explanation::{Alternative, Change, Provided, Saving, Size};
use super::paths::{Known, coordinates, field_in, subject};
use super::reasons::Reasons;
use super::trials::{Trials, rank};
use crate::planner::graph::{FactId, MoveId, NodeId};
use crate::planner::search::Costs;
use crate::schema::{SetField, SubgraphId};
use std::collections::{BTreeMap, BTreeSet};

/// A change that might make a request unnecessary, with the moves that it would add: what they establish, out of what.
pub(super) struct Idea {
    pub(super) changes: Vec<Change>,
    pub(super) moves: Vec<(FactId, Vec<FactId>)>,
}

impl Reasons<'_, '_> {
    /// All selected facts that are established in a request.
    fn facts_of(&self, request: usize) -> impl Iterator<Item = FactId> + '_ {
        let facts = (0..self.source.graph.facts.facts.len() as u32).map(FactId);
        facts.filter(move |fact| self.is_of(request, *fact))
    }

    /// The subgraph that a move reads in; none for entries into one.
    fn read_in(&self, step: MoveId) -> Option<SubgraphId> {
        let facts = &self.source.graph.facts;
        let input = facts.inputs(step).first()?;
        Some(facts.state(*input)?.subgraph)
    }

    /// The subgraphs that could answer fields of a request, each tried; and what none of them could.
    pub(super) fn alternatives(
        &self,
        request: usize,
        (trials, costs): (&mut Trials, &Costs),
    ) -> (Vec<Alternative>, Vec<String>) {
        let graph = self.source.graph;
        let own = self.outline.requests[request].subgraph;
        let mut answered: Vec<FactId> = graph
            .terminals
            .iter()
            .map(|terminal| terminal.fact)
            .filter(|fact| self.is_of(request, *fact) && is_read(self, *fact))
            .collect();
        if answered.is_empty() {
            answered = self
                .facts_of(request)
                .filter(|fact| is_read(self, *fact))
                .collect();
        }
        let mut others: BTreeMap<SubgraphId, Vec<FactId>> = BTreeMap::new();
        for &fact in &answered {
            let moves = graph.facts.made_by(fact).iter().copied();
            let moves = moves.filter(|step| costs.of_move(&graph.facts, *step).is_some());
            let subgraphs = moves.filter_map(|step| self.read_in(step));
            let subgraphs: BTreeSet<SubgraphId> = subgraphs.collect();
            for subgraph in subgraphs.into_iter().filter(|subgraph| *subgraph != own) {
                others.entry(subgraph).or_default().push(fact);
            }
        }
        let mut only_here = answered;
        let mut tried = Vec::new();
        for (subgraph, facts) in others {
            let moves = facts.iter().flat_map(|fact| graph.facts.made_by(*fact));
            let elsewhere = moves.filter(|step| self.read_in(**step) != Some(subgraph));
            let Some(plan) = trials.size(elsewhere.copied(), []) else {
                continue;
            };
            only_here.retain(|fact| !facts.contains(fact));
            let fields = facts.iter().filter_map(|fact| subject(graph, *fact));
            tried.push(Alternative {
                subgraph: self.source.supergraph.subgraph(subgraph).name.clone(),
                fields: self.paths(fields),
                plan,
            });
        }
        tried.sort_by_key(|alternative| rank(&alternative.plan));
        if trials.is_over() {
            only_here.clear();
        }
        let only_here = only_here.iter().filter_map(|fact| subject(graph, *fact));
        (tried, self.paths(only_here))
    }

    /// What a request reads only because of a `@provides`, by the field that has it.
    pub(super) fn provided(&self, request: usize, trials: &mut Trials) -> Vec<Provided> {
        let (supergraph, graph) = (self.source.supergraph, self.source.graph);
        let labels = &self.source.operation.labels;
        let mut by: BTreeMap<String, Vec<FactId>> = BTreeMap::new();
        for fact in self.facts_of(request) {
            let step = self.source.selection.chosen[fact.index()];
            let input = step.and_then(|step| graph.facts.inputs(step).first());
            let Some((&from, subject)) = input.zip(subject(graph, fact)) else {
                continue;
            };
            if subject.known == Known::Type || graph.facts.state(from).is_none() {
                continue;
            }
            let known = field_in(supergraph, graph, (from, subject));
            if known.is_some_and(|known| !known.resolves(labels)) {
                let provider = self.provider(from, subject.node);
                by.entry(provider).or_default().push(fact);
            }
        }
        let provided = by.into_iter().map(|(by, facts)| {
            let moves = facts.iter().flat_map(|fact| graph.facts.made_by(*fact));
            let with_it = moves.copied().filter(|step| {
                let output = subject(graph, graph.facts.output(*step));
                let input = graph.facts.inputs(*step).first();
                let known = input
                    .zip(output)
                    .and_then(|(from, subject)| field_in(supergraph, graph, (*from, subject)));
                known.is_some_and(|known| !known.resolves(labels))
            });
            let without = trials.size(with_it, []);
            let fields = facts.iter().filter_map(|fact| subject(graph, *fact));
            let fields = self.paths(fields);
            Provided {
                by,
                fields,
                without,
            }
        });
        provided.collect()
    }

    /// `Type.field` whose `@provides` lets the state `from` read `child`.
    fn provider(&self, from: FactId, child: NodeId) -> String {
        let (supergraph, graph) = (self.source.supergraph, self.source.graph);
        let name = graph.tree.node(child).name;
        let view = |fact: FactId| graph.facts.state(fact).map_or(&[][..], |state| &state.view);
        let mut seen: Option<&SetField> =
            view(from).iter().copied().find(|field| field.name == *name);
        let mut at = from;
        // Upwards, until the set that has what is seen is a field's own.
        while let Some(wanted) = seen {
            let step = self.source.selection.chosen[at.index()];
            let above = step.and_then(|step| graph.facts.inputs(step).first().copied());
            let Some((above, field)) = above.zip(subject(graph, at)) else {
                break;
            };
            let holds = |set: &[SetField]| set.iter().any(|field| std::ptr::eq(field, wanted));
            let own = field_in(supergraph, graph, (above, field));
            let own = own.and_then(|known| known.provides.as_ref());
            if own.is_some_and(|set| holds(&set.fields)) {
                let coordinates = coordinates(supergraph, graph, field);
                return coordinates.into_iter().next().unwrap_or_default();
            }
            let mut around = view(above).iter().copied();
            seen = around.find(|field| holds(&field.fields));
            at = above;
        }
        String::new()
    }

    /// What would make a request unnecessary: a subgraph that returns its objects anyway resolves what it reads, or what
    /// it reads requires nothing.
    pub(super) fn idea(&self, request: usize) -> Option<Idea> {
        let graph = self.source.graph;
        let own = self.outline.requests[request].subgraph;
        let mut resolve: BTreeMap<SubgraphId, Vec<String>> = BTreeMap::new();
        let mut free = Vec::new();
        let mut moves = Vec::new();
        for fact in self.facts_of(request) {
            let step = self.source.selection.chosen[fact.index()]?;
            let inputs = graph.facts.inputs(step);
            let is_entered = |input: &FactId| {
                let state = graph.facts.state(*input);
                state.is_some_and(|state| state.class.is_some())
            };
            let is_entry = graph.facts.kind(step).enters();
            let Some(subject) = subject(graph, fact).filter(|_| !is_entry) else {
                continue;
            };
            let Some(&entry) = inputs.iter().find(|input| is_entered(input)) else {
                continue;
            };
            if subject.known == Known::Type {
                return None;
            }
            let origin = self.origin(entry, request)?;
            let subgraph = graph.facts.state(origin)?.subgraph;
            let coordinates = coordinates(self.source.supergraph, graph, subject);
            if subgraph == own {
                let known = field_in(self.source.supergraph, graph, (entry, subject))?;
                if known.requires.is_none() {
                    continue;
                }
                free.extend(coordinates);
            } else {
                resolve.entry(subgraph).or_default().extend(coordinates);
            }
            let rest = inputs.iter().copied().filter(|input| !is_entered(input));
            moves.push((fact, rest.chain([origin]).collect()));
        }
        let mut changes: Vec<Change> = resolve
            .into_iter()
            .map(|(subgraph, fields)| Change::Resolve {
                subgraph: self.source.supergraph.subgraph(subgraph).name.clone(),
                fields: once_each(fields),
            })
            .collect();
        if !free.is_empty() {
            changes.push(Change::RequireNothing {
                fields: once_each(free),
            });
        }
        (!moves.is_empty()).then_some(Idea { changes, moves })
    }

    /// Where the objects of an entry come from: the earliest request that returns them.
    fn origin(&self, entry: FactId, request: usize) -> Option<FactId> {
        let graph = self.source.graph;
        let position = graph.facts.state(entry)?.position;
        let whole = graph.states[position.index()].whole.iter().copied();
        let homes = whole.filter_map(|fact| {
            let home = *self.outline.homes(fact).first()?;
            Some((self.outline.requests[home].stage, home, fact))
        });
        let origin = homes.filter(|(_, home, _)| *home != request).min()?;
        Some(origin.2)
    }

    /// Tries what `idea` would add, which are the moves `with`.
    pub(super) fn saving(
        &self,
        changes: Vec<Change>,
        (trials, plan): (&mut Trials, &Size),
        with: impl IntoIterator<Item = MoveId>,
    ) -> Option<Saving> {
        let size = trials.size([], with)?;
        (size.requests < plan.requests).then_some(Saving {
            changes,
            plan: size,
        })
    }
}

/// Whether a fact is a value or a runtime type that a request reads.
fn is_read(reasons: &Reasons, fact: FactId) -> bool {
    let subject = subject(reasons.source.graph, fact);
    subject.is_some_and(|subject| subject.known != Known::Objects)
}

/// Sorted, each once.
fn once_each(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names.dedup();
    names
}
