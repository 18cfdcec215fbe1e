//! What each request of a plan is for, how it enters its subgraph, and what it waits for.

use super::explanation::{Entered, Need, Passed, Purpose, Required};
use super::paths::{Known, Subject, coordinates, names, paths, subject};
use super::set_text;
use crate::planner::FetchId;
use crate::planner::fetches::{Outline, Request, Source};
use crate::planner::graph::{EntryTypename, FactId, MoveKind, NodeId};
use crate::schema::{SetField, TypeSet};
use std::collections::{BTreeMap, BTreeSet};

/// What reasons are read from.
pub(super) struct Reasons<'s, 'a> {
    pub(super) source: &'s Source<'s, 'a>,
    pub(super) outline: &'s Outline,
}

/// The values that one request takes of another.
type Taken = BTreeSet<(Subject, Purpose)>;

impl Reasons<'_, '_> {
    /// What the client asked for and gets of a request.
    pub(super) fn answers(&self, request: usize) -> Vec<String> {
        let terminals = self.source.graph.terminals.iter();
        let own = terminals.filter(|terminal| self.is_of(request, terminal.fact));
        self.paths(own.filter_map(|terminal| subject(self.source.graph, terminal.fact)))
    }

    /// Whether a fact is established in a request.
    pub(super) fn is_of(&self, request: usize, fact: FactId) -> bool {
        self.outline.homes(fact).contains(&request)
    }

    pub(super) fn paths(&self, subjects: impl IntoIterator<Item = Subject>) -> Vec<String> {
        paths(self.source.supergraph, self.source.graph, subjects)
    }

    /// How a request enters its subgraph.
    pub(super) fn entered(&self, request: &Request) -> Vec<Entered> {
        let (supergraph, graph) = (self.source.supergraph, self.source.graph);
        let mut all: Vec<(NodeId, TypeSet, Option<String>, Vec<Required>)> = Vec::new();
        for &entry in &request.entries {
            let Some(state) = graph.facts.state(entry) else {
                continue;
            };
            let node = graph.tree.node(state.position);
            let types = state.class.map(|class| node.classes[class].clone());
            let types = types.unwrap_or_else(|| node.possible.clone());
            let key = self.key(entry).map(|(on, key, _)| {
                let on = on.or(types.first()).unwrap_or(node.named);
                set_text::text(supergraph, on, key)
            });
            let required = self.required(entry);
            let mut same = all.iter_mut();
            match same.find(|one| (one.0, &one.2) == (state.position, &key)) {
                Some((_, known, _, requires)) => {
                    known.unite(&types);
                    for one in required {
                        if !requires.contains(&one) {
                            requires.push(one);
                        }
                    }
                }
                None => all.push((state.position, types, key, required)),
            }
        }
        let said = all.into_iter().map(|(at, types, key, requires)| Entered {
            at: graph.tree.path(at),
            types: match graph.tree.node(at).possible.is_subset(&types) {
                true => Vec::new(),
                false => names(supergraph, &types),
            },
            key,
            requires,
        });
        said.collect()
    }

    /// The key of an entry, the interface whose key it is if it is one's, and what it requires.
    fn key(&self, entry: FactId) -> Option<EntryKey<'_>> {
        let step = self.source.selection.chosen[entry.index()]?;
        let MoveKind::Enter {
            key,
            typename,
            field,
        } = self.source.graph.facts.kind(step)
        else {
            return None;
        };
        let on = match typename {
            EntryTypename::Runtime => None,
            EntryTypename::Interface(interface) => Some(interface),
        };
        let requires = field.and_then(|field| field.requires.as_ref());
        let requires = requires.map_or(&[][..], |set| &set.fields);
        Some((on, &key.fields, requires))
    }

    /// The field that an entry is made for, with its `@requires`; nothing for other entries.
    fn required(&self, entry: FactId) -> Vec<Required> {
        let graph = self.source.graph;
        let state = graph.facts.state(entry);
        let Some((state, (.., requires))) = state.zip(self.key(entry)) else {
            return Vec::new();
        };
        let Some((node, class)) = state.only.zip(state.class).filter(|_| !requires.is_empty())
        else {
            return Vec::new();
        };
        let known = Known::Value;
        let fields = coordinates(
            self.source.supergraph,
            graph,
            Subject { node, known, class },
        );
        let on = graph.tree.node(state.position).classes[class].first();
        let on = on.unwrap_or(graph.tree.node(state.position).named);
        let requires = set_text::text(self.source.supergraph, on, requires);
        let of = |field| Required {
            field,
            requires: requires.clone(),
        };
        fields.into_iter().map(of).collect()
    }

    /// By request: what it takes of others.
    pub(super) fn taken(&self) -> Vec<BTreeMap<usize, Taken>> {
        let requests = self.outline.requests.iter().enumerate();
        let taken = requests.map(|(index, request)| {
            let mut of: BTreeMap<usize, Taken> = BTreeMap::new();
            for &entry in &request.entries {
                for (fact, subject, purpose) in self.needs(entry) {
                    let homes = self.outline.homes(fact).iter();
                    for &home in homes.filter(|home| **home != index) {
                        of.entry(home).or_default().insert((subject, purpose));
                    }
                }
            }
            // The fields of a mutation wait for one another without needing anything.
            for &earlier in &request.after {
                of.entry(earlier).or_default();
            }
            of
        });
        taken.collect()
    }

    /// What an entry needs, and what for.
    fn needs(&self, entry: FactId) -> Vec<(FactId, Subject, Purpose)> {
        let graph = self.source.graph;
        let at = graph.facts.state(entry).map(|state| state.position);
        let at = at.unwrap_or(NodeId::ROOT);
        let types = &graph.tree.node(at).possible;
        let mut keys = BTreeSet::new();
        if let Some((_, key, _)) = self.key(entry) {
            self.nodes_of((at, types), key, &mut keys);
        }
        let inputs = self.source.inputs(entry);
        let needs = inputs.filter_map(|fact| {
            let subject = subject(graph, fact)?;
            let purpose = match subject.known {
                Known::Type if subject.node == at => Purpose::Type,
                Known::Objects => Purpose::Existence,
                _ if keys.contains(&subject.node) => Purpose::Key,
                _ if !super::paths::is_within(graph, subject.node, at) => Purpose::Context,
                _ => Purpose::Requires,
            };
            Some((fact, subject, purpose))
        });
        needs.collect()
    }

    /// Adds the positions of a field set.
    fn nodes_of(
        &self,
        (at, types): (NodeId, &TypeSet),
        fields: &[SetField],
        into: &mut BTreeSet<NodeId>,
    ) {
        let tree = &self.source.graph.tree;
        for field in fields {
            for (node, _) in tree.matching(at, field, types) {
                into.insert(node);
                self.nodes_of((node, &tree.node(node).possible), &field.fields, into);
            }
        }
    }

    /// What `taken` says, to be read.
    pub(super) fn passed(&self, request: usize, taken: &Taken) -> Passed {
        let mut needs = Vec::new();
        let purposes: BTreeSet<Purpose> = taken.iter().map(|(_, purpose)| *purpose).collect();
        for purpose in purposes {
            let subjects = taken.iter().filter(|(subject, of)| {
                // That there are objects goes without saying where something of them is needed.
                let says_more = |(other, what): &&(Subject, Purpose)| {
                    *what != Purpose::Existence
                        && super::paths::is_within(self.source.graph, other.node, subject.node)
                };
                *of == purpose
                    && (purpose != Purpose::Existence || !taken.iter().any(|one| says_more(&one)))
            });
            let paths = self.paths(subjects.map(|(subject, _)| *subject));
            needs.extend(paths.into_iter().map(|path| Need { path, purpose }));
        }
        Passed {
            fetch: FetchId(request as u32),
            needs,
        }
    }
}

/// (the interface whose key it is, the key, what is required beside it).
type EntryKey<'k> = (
    Option<crate::schema::TypeId>,
    &'k [SetField],
    &'k [SetField],
);
