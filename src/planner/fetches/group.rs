//! Entries → groups (one position, subgraph and level) → batches (one request).

use super::Source;
use crate::operation::OperationKind;
use crate::planner::graph::{Fact, FactId, MoveKind, NodeId};
use crate::schema::{SubgraphId, TypeSet};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Entries that are made together.
pub(super) struct Group {
    pub(super) subgraph: SubgraphId,
    pub(super) position: NodeId,
    pub(super) is_root: bool,
    pub(super) entries: Vec<Entry>,
}

/// One selected fact that starts a fetch.
pub(super) struct Entry {
    pub(super) fact: FactId,
    /// What is read in it: nodes and the types of their parents they are read for.
    pub(super) reads: Reads,
}

pub(super) type Reads = BTreeMap<NodeId, TypeSet>;

/// Groups that go out in one request.
pub(super) struct Batch {
    pub(super) groups: Vec<usize>,
    /// The batches it waits for.
    pub(super) after: Vec<usize>,
}

pub(super) struct Grouped {
    pub(super) groups: Vec<Group>,
    pub(super) batches: Vec<Batch>,
}

/// When and where an entry goes: (mutation run, level, subgraph, position, whether it is a root).
type Key = (usize, usize, SubgraphId, NodeId, bool);

/// Groups the entries of a selection.
pub(super) fn group(source: &Source) -> Grouped {
    let mut grouping = Grouping {
        source,
        levels: HashMap::new(),
        entries: HashMap::new(),
        runs: runs(source),
    };
    let mut groups: BTreeMap<Key, Vec<Entry>> = BTreeMap::new();
    let mut home: HashMap<FactId, (Key, usize)> = HashMap::new();
    for fact in grouping.selected() {
        if grouping.enters(fact) {
            let key = grouping.key(fact);
            let entries = groups.entry(key).or_default();
            home.insert(fact, (key, entries.len()));
            entries.push(Entry {
                fact,
                reads: Reads::new(),
            });
        }
    }
    for fact in grouping.selected() {
        for (entry, node, types) in grouping.reads(fact) {
            let Some((key, index)) = home.get(&entry) else {
                continue;
            };
            if let Some(entry) = groups
                .get_mut(key)
                .and_then(|entries| entries.get_mut(*index))
            {
                let known = entry.reads.entry(node).or_default();
                *known = known.union(&types);
            }
        }
    }
    let after: BTreeMap<Key, BTreeSet<Key>> = groups
        .iter()
        .map(|(key, entries)| {
            let inputs: Vec<FactId> = entries
                .iter()
                .flat_map(|entry| grouping.inputs(entry.fact))
                .collect();
            let entered: Vec<FactId> = inputs
                .into_iter()
                .flat_map(|input| grouping.entries_of(input))
                .collect();
            (
                *key,
                entered
                    .iter()
                    .filter_map(|entry| Some(home.get(entry)?.0))
                    .filter(|k| k != key)
                    .collect(),
            )
        })
        .collect();
    batch(groups, &after)
}

/// Puts groups of one subgraph, run and level into one request. Roots go out alone.
fn batch(groups: BTreeMap<Key, Vec<Entry>>, after: &BTreeMap<Key, BTreeSet<Key>>) -> Grouped {
    let batch_key = |(run, level, subgraph, position, is_root): Key| {
        (run, level, subgraph, is_root.then_some(position))
    };
    let mut batches: BTreeMap<_, (Vec<usize>, BTreeSet<_>)> = BTreeMap::new();
    let mut all = Vec::new();
    for (key, entries) in groups {
        let (groups, waits) = batches.entry(batch_key(key)).or_default();
        groups.push(all.len());
        waits.extend(
            after
                .get(&key)
                .into_iter()
                .flatten()
                .map(|key| batch_key(*key)),
        );
        let (_, _, subgraph, position, is_root) = key;
        all.push(Group {
            subgraph,
            position,
            is_root,
            entries,
        });
    }
    let index: HashMap<_, usize> = batches
        .keys()
        .enumerate()
        .map(|(index, key)| (*key, index))
        .collect();
    let runs: Vec<usize> = batches.keys().map(|key| key.0).collect();
    let mut reduced: Vec<Batch> = Vec::new();
    let mut reaches: Vec<BTreeSet<usize>> = Vec::new();
    for (at, (groups, waits)) in batches.into_values().enumerate() {
        let mut direct: BTreeSet<usize> = waits
            .iter()
            .filter_map(|key| index.get(key).copied())
            .collect();
        // The fields of a mutation run one after the other, each with all that depends on it.
        direct.extend((0..at).filter(|&earlier| runs[earlier] + 1 == runs[at]));
        let indirect: BTreeSet<usize> = direct
            .iter()
            .flat_map(|&earlier| reaches[earlier].iter().copied())
            .collect();
        let after = direct.difference(&indirect).copied().collect();
        reaches.push(direct.union(&indirect).copied().collect());
        reduced.push(Batch { groups, after });
    }
    Grouped {
        groups: all,
        batches: reduced,
    }
}

/// The run of each root field of a mutation: neighbours in one subgraph share a run.
fn runs(source: &Source) -> HashMap<NodeId, usize> {
    let mut runs = HashMap::new();
    if source.operation.kind != OperationKind::Mutation {
        return runs;
    }
    let (mut run, mut last) = (0, None);
    for &child in &source.graph.tree.node(NodeId::ROOT).children {
        let facts = &source.graph.facts;
        let state = (0..facts.facts.len() as u32).map(FactId).find_map(|fact| {
            let state = facts.state(fact)?;
            (source.selection.contains(fact) && state.only == Some(child)).then_some(state)
        });
        let Some(state) = state else { continue };
        if last.is_some_and(|last| last != state.subgraph) {
            run += 1;
        }
        last = Some(state.subgraph);
        runs.insert(child, run);
    }
    runs
}

struct Grouping<'s, 'a> {
    source: &'s Source<'s, 'a>,
    levels: HashMap<FactId, (usize, usize)>,
    entries: HashMap<FactId, Vec<FactId>>,
    runs: HashMap<NodeId, usize>,
}

impl Grouping<'_, '_> {
    fn selected(&self) -> Vec<FactId> {
        let all = 0..self.source.graph.facts.facts.len() as u32;
        all.map(FactId)
            .filter(|fact| self.source.selection.contains(*fact))
            .collect()
    }

    fn inputs(&self, fact: FactId) -> Vec<FactId> {
        self.source.inputs(fact)
    }

    fn enters(&self, fact: FactId) -> bool {
        let chosen = self.source.selection.chosen[fact.index()];
        chosen.is_some_and(|step| self.source.graph.facts.moves[step.index()].kind.enters())
    }

    /// The run of a fact and the requests before it.
    fn level(&mut self, fact: FactId) -> (usize, usize) {
        if let Some(known) = self.levels.get(&fact) {
            return *known;
        }
        self.levels.insert(fact, (0, 0));
        let inputs = self.inputs(fact);
        let before = inputs
            .iter()
            .map(|input| self.level(*input))
            .reduce(|a, b| (a.0.max(b.0), a.1.max(b.1)));
        let (run, level) = before.unwrap_or_default();
        let is_first = before.is_none();
        let only = self
            .source
            .graph
            .facts
            .state(fact)
            .and_then(|state| state.only);
        let run = only
            .and_then(|child| self.runs.get(&child).copied())
            .unwrap_or(run);
        let level = if self.enters(fact) && !is_first {
            level + 1
        } else {
            level
        };
        self.levels.insert(fact, (run, level));
        (run, level)
    }

    fn key(&mut self, fact: FactId) -> Key {
        let (run, level) = self.level(fact);
        let chosen = self.source.selection.chosen[fact.index()];
        let is_root = chosen.is_some_and(|step| {
            matches!(
                self.source.graph.facts.moves[step.index()].kind,
                MoveKind::EnterRoot
            )
        });
        let (subgraph, position) = self
            .source
            .graph
            .facts
            .state(fact)
            .map_or((SubgraphId(0), NodeId::ROOT), |state| {
                (state.subgraph, state.position)
            });
        (run, level, subgraph, position, is_root)
    }

    /// The entries in whose fetches a fact is established.
    fn entries_of(&mut self, fact: FactId) -> Vec<FactId> {
        if self.enters(fact) {
            return vec![fact];
        }
        if let Some(known) = self.entries.get(&fact) {
            return known.clone();
        }
        let mut entries: Vec<FactId> = self
            .inputs(fact)
            .into_iter()
            .flat_map(|input| self.entries_of(input))
            .collect();
        entries.sort_unstable();
        entries.dedup();
        self.entries.insert(fact, entries.clone());
        entries
    }

    /// What establishing a fact reads: in which entries, which node, for which types of its parent.
    fn reads(&mut self, fact: FactId) -> Vec<(FactId, NodeId, TypeSet)> {
        let graph = self.source.graph;
        let (node, types) = match &graph.facts.facts[fact.index()] {
            Fact::Value { node, class } => {
                let parent = graph.tree.node(*node).parent.unwrap_or(NodeId::ROOT);
                (*node, graph.tree.node(parent).classes[*class].clone())
            }
            Fact::State(state) if !self.enters(fact) && state.class.is_none() => (
                state.position,
                graph.tree.node(state.position).types.clone(),
            ),
            _ => return Vec::new(),
        };
        let parent = graph.tree.node(node).parent;
        let entries = self.entries_of(fact);
        entries
            .into_iter()
            .map(|entry| {
                let state = graph.facts.state(entry);
                let class = state
                    .filter(|state| Some(state.position) == parent)
                    .and_then(|state| Some(&graph.tree.node(state.position).classes[state.class?]));
                (
                    entry,
                    node,
                    class.map_or_else(|| types.clone(), |class| types.intersection(class)),
                )
            })
            .collect()
    }
}
