//! Entries → groups (one position, subgraph and level) → batches (one request).

use super::{
    Source,
    batch::{self, Batch, Key, batch},
};
use crate::operation::OperationKind;
use crate::planner::graph::{Fact, FactId, MoveKind, NodeId};
use crate::schema::{SubgraphId, TypeSet};
use smallvec::{SmallVec, smallvec};
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

/// Nodes, ascending, and the types of their parents they are read for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reads(Vec<(NodeId, TypeSet)>);

impl Reads {
    /// What is read in any of `entries`.
    pub(super) fn of<'e>(entries: impl Iterator<Item = &'e Entry>) -> Self {
        let mut all = Self(entries.flat_map(|entry| &entry.reads.0).cloned().collect());
        all.merge();
        all
    }

    fn merge(&mut self) {
        self.0.sort_by_key(|(node, _)| *node);
        self.0.dedup_by(|(node, more), (known, types)| {
            let same = node == known;
            if same {
                types.unite(more);
            }
            same
        });
    }

    /// The types of its parent that a node is read for.
    pub(super) fn types(&self, node: NodeId) -> Option<&TypeSet> {
        let at = self.0.binary_search_by_key(&node, |(node, _)| *node).ok()?;
        Some(&self.0[at].1)
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.0.iter().map(|(node, _)| *node)
    }
}

pub(super) struct Grouped {
    pub(super) groups: Vec<Group>,
    pub(super) batches: Vec<Batch>,
}

/// The requests of a selection and the longest chain of them; see [`super::schedule`].
pub(super) fn schedule(source: &Source) -> (usize, usize) {
    let placed = Placed::new(source);
    let batches = batch(&placed.keys, &placed.after);
    (batches.len(), batch::depth(&batches))
}

/// Groups the entries of a selection.
pub(super) fn group(source: &Source) -> Grouped {
    let mut placed = Placed::new(source);
    let mut entries: Vec<Vec<Entry>> = Vec::with_capacity(placed.keys.len());
    for facts in &placed.entries {
        let entry = |&fact| Entry {
            fact,
            reads: Reads::default(),
        };
        entries.push(facts.iter().map(entry).collect());
    }
    for fact in source.selected() {
        let Some((node, types)) = source.reads(fact) else {
            continue;
        };
        for entry in placed.grouping.entries_of(fact) {
            if let Some((group, at)) = placed.home[entry.index()] {
                let types = source.types_in(entry, node, types);
                entries[group][at].reads.0.push((node, types));
            }
        }
    }
    for entry in entries.iter_mut().flatten() {
        entry.reads.merge();
    }
    let mut batches = batch(&placed.keys, &placed.after);
    let mut groups: Vec<Group> = Vec::with_capacity(entries.len());
    for (key, entries) in placed.keys.iter().zip(entries) {
        let (_, _, subgraph, position, is_root) = *key;
        groups.push(Group {
            subgraph,
            position,
            is_root,
            entries,
        });
    }
    for batch in &mut batches {
        unite(&mut groups, &mut batch.groups);
    }
    Grouped { groups, batches }
}

/// Makes one group of those of a request that are at one position, which came from several levels.
fn unite(groups: &mut [Group], batch: &mut Vec<usize>) {
    let mut first: BTreeMap<NodeId, usize> = BTreeMap::new();
    batch.retain(|&group| {
        let into = *first.entry(groups[group].position).or_insert(group);
        if into != group {
            let more = std::mem::take(&mut groups[group].entries);
            groups[into].entries.extend(more);
        }
        into == group
    });
}

/// The entries of a selection by when and where they go.
struct Placed<'s, 'a> {
    grouping: Grouping<'s, 'a>,
    /// The groups, ascending, with their entries.
    keys: Vec<Key>,
    entries: Vec<Vec<FactId>>,
    /// By fact: its group, and where in it its entry is.
    home: Vec<Option<(usize, usize)>>,
    /// By group: the groups that it waits for.
    after: Vec<BTreeSet<usize>>,
}

impl<'s, 'a> Placed<'s, 'a> {
    fn new(source: &'s Source<'s, 'a>) -> Self {
        let mut grouping = Grouping::new(source);
        let mut groups: BTreeMap<Key, Vec<FactId>> = BTreeMap::new();
        for fact in source.selected().filter(|fact| source.enters(*fact)) {
            groups.entry(grouping.key(fact)).or_default().push(fact);
        }
        let mut home = vec![None; source.graph.facts.facts.len()];
        let (mut keys, mut entries) = (Vec::new(), Vec::new());
        for (key, facts) in groups {
            for (at, fact) in facts.iter().enumerate() {
                home[fact.index()] = Some((keys.len(), at));
            }
            keys.push(key);
            entries.push(facts);
        }
        let mut after = vec![BTreeSet::new(); keys.len()];
        for (group, facts) in entries.iter().enumerate() {
            for input in facts.iter().flat_map(|fact| source.inputs(*fact)) {
                let entered = grouping.entries_of(input);
                let homes = entered.iter().filter_map(|fact| home[fact.index()]);
                after[group].extend(homes.map(|(home, _)| home).filter(|home| *home != group));
            }
        }
        Self {
            grouping,
            keys,
            entries,
            home,
            after,
        }
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

pub(super) struct Grouping<'s, 'a> {
    source: &'s Source<'s, 'a>,
    /// By fact: its run and level.
    levels: Vec<Option<(usize, usize)>>,
    /// By fact: the entries in whose fetches it is established.
    entries: Vec<Option<SmallVec<[FactId; 2]>>>,
    runs: HashMap<NodeId, usize>,
}

impl<'s, 'a> Grouping<'s, 'a> {
    pub(super) fn new(source: &'s Source<'s, 'a>) -> Self {
        let facts = source.graph.facts.facts.len();
        Self {
            source,
            levels: vec![None; facts],
            entries: vec![None; facts],
            runs: runs(source),
        }
    }

    /// The run of a fact and the requests before it.
    fn level(&mut self, fact: FactId) -> (usize, usize) {
        if let Some(known) = self.levels[fact.index()] {
            return known;
        }
        self.levels[fact.index()] = Some((0, 0));
        let source = self.source;
        let inputs = source.inputs(fact);
        let before = inputs
            .map(|input| self.level(input))
            .reduce(|a, b| (a.0.max(b.0), a.1.max(b.1)));
        let (run, level) = before.unwrap_or_default();
        let only = source.graph.facts.state(fact).and_then(|state| state.only);
        let own = only.and_then(|child| self.runs.get(&child).copied());
        let after_others = self.source.enters(fact) && before.is_some();
        let known = (own.unwrap_or(run), level + usize::from(after_others));
        self.levels[fact.index()] = Some(known);
        known
    }

    fn key(&mut self, fact: FactId) -> Key {
        let (run, level) = self.level(fact);
        let facts = &self.source.graph.facts;
        let chosen = self.source.selection.chosen[fact.index()];
        let is_root = chosen.is_some_and(|step| matches!(facts.kind(step), MoveKind::EnterRoot));
        let (subgraph, position) = facts
            .state(fact)
            .map_or((SubgraphId(0), NodeId::ROOT), |state| {
                (state.subgraph, state.position)
            });
        (run, level, subgraph, position, is_root)
    }

    /// The entries in whose fetches a fact is established.
    pub(super) fn entries_of(&mut self, fact: FactId) -> SmallVec<[FactId; 2]> {
        if self.source.enters(fact) {
            return smallvec![fact];
        }
        if let Some(known) = &self.entries[fact.index()] {
            return known.clone();
        }
        let source = self.source;
        let mut entries: SmallVec<[FactId; 2]> = SmallVec::new();
        for input in source.inputs(fact) {
            entries.extend(self.entries_of(input));
        }
        entries.sort_unstable();
        entries.dedup();
        self.entries[fact.index()] = Some(entries.clone());
        entries
    }
}

impl Source<'_, '_> {
    fn selected(&self) -> impl Iterator<Item = FactId> + '_ {
        let all = (0..self.graph.facts.facts.len() as u32).map(FactId);
        all.filter(|fact| self.selection.contains(*fact))
    }

    fn enters(&self, fact: FactId) -> bool {
        let chosen = self.selection.chosen[fact.index()];
        chosen.is_some_and(|step| self.graph.facts.kind(step).enters())
    }

    /// What establishing a fact reads in its entries' fetches: a node, for which types of its parent.
    fn reads(&self, fact: FactId) -> Option<(NodeId, &TypeSet)> {
        let tree = &self.graph.tree;
        match &self.graph.facts.facts[fact.index()] {
            Fact::Value { node, class } => {
                let parent = tree.node(*node).parent.unwrap_or(NodeId::ROOT);
                Some((*node, &tree.node(parent).classes[*class]))
            }
            Fact::State(state) if !self.enters(fact) && state.class.is_none() => {
                Some((state.position, &tree.node(state.position).types))
            }
            _ => None,
        }
    }

    /// Of `types` of the parent of `node`, those that an entry is for.
    fn types_in(&self, entry: FactId, node: NodeId, types: &TypeSet) -> TypeSet {
        let tree = &self.graph.tree;
        let state = self.graph.facts.state(entry);
        let here = state.filter(|state| Some(state.position) == tree.node(node).parent);
        match here.and_then(|state| Some(&tree.node(state.position).classes[state.class?])) {
            Some(class) => types.intersection(class),
            None => types.clone(),
        }
    }
}
