//! Selection: terminals without a choice first, each by its cheapest derivation.

use super::Costs;
use crate::planner::{
    Error,
    graph::{Fact, FactId, Graph, MoveId, MoveKind, NodeId, Terminal},
};
use crate::schema::{SubgraphId, Supergraph};
use std::collections::HashMap;

/// The facts of a plan and how each is established.
pub(in crate::planner) struct Selection {
    /// By fact: the chosen move; none for facts that are not part of the plan.
    pub chosen: Vec<Option<MoveId>>,
}

impl Selection {
    pub(in crate::planner) fn contains(&self, fact: FactId) -> bool {
        self.chosen[fact.index()].is_some()
    }
}

/// The cost of one more class or field in an entry that is made anyway.
const RIDE_ALONG_COST: u32 = 10;

/// Selects a derivation of every terminal.
pub(in crate::planner) fn select(
    supergraph: &Supergraph,
    graph: &Graph,
) -> Result<Selection, Error> {
    let costs = Costs::new(&graph.facts);
    if let Some(lost) = graph
        .terminals
        .iter()
        .find(|terminal| !costs.is_reachable(terminal.fact))
    {
        return Err(unreachable(supergraph, graph, lost));
    }
    let coverage = coverage(graph);
    let mut selecting = Selecting {
        graph,
        costs,
        coverage,
        chosen: vec![None; graph.facts.facts.len()],
        entries: entries(graph),
        barred: vec![false; graph.facts.moves.len()],
    };
    selecting.settle_mutation_fields();
    for terminal in selecting.order() {
        selecting.choose(terminal.fact);
        if selecting.chosen[terminal.fact.index()].is_none() {
            return Err(unreachable(supergraph, graph, &terminal));
        }
    }
    Ok(Selection {
        chosen: selecting.chosen,
    })
}

fn unreachable(supergraph: &Supergraph, graph: &Graph, terminal: &Terminal) -> Error {
    let node = graph.tree.node(terminal.node);
    let parent = node.parent.map(|parent| {
        supergraph
            .type_name(graph.tree.node(parent).named)
            .to_string()
    });
    Error::Unreachable {
        coordinate: format!("{}.{}", parent.unwrap_or_default(), node.name),
        path: graph.tree.path(terminal.node),
    }
}

struct Selecting<'g, 'a> {
    graph: &'g Graph<'a>,
    costs: Costs,
    /// By fact: how many terminals it can lead to within its fetch.
    coverage: Vec<u32>,
    chosen: Vec<Option<MoveId>>,
    /// The moves that enter a subgraph at a position.
    entries: HashMap<(NodeId, SubgraphId), Vec<MoveId>>,
    /// Moves that may not be chosen: a mutation field's other subgraphs.
    barred: Vec<bool>,
}

impl Selecting<'_, '_> {
    /// Terminals without a choice first, then the cheapest; in the response's order among equals. Fields with
    /// `@requires` come before others, which can then ride along in the entries made for them.
    fn order(&self) -> Vec<Terminal> {
        let facts = &self.graph.facts;
        let ways = |terminal: &Terminal| {
            let possible = |step: &&MoveId| self.costs.of_move(facts, **step).is_some();
            let moves = facts.made_by[terminal.fact.index()].iter().filter(possible);
            let is_required = |step: &MoveId| {
                let state = facts.moves[step.index()]
                    .inputs
                    .first()
                    .and_then(|input| facts.state(*input));
                state.is_some_and(|state| state.only.is_some() && state.class.is_some())
            };
            let requires = moves.clone().all(is_required);
            let only_exists = matches!(facts.facts[terminal.fact.index()], Fact::Exists);
            let (ways, cost) = (moves.count(), self.costs.cost[terminal.fact.index()]);
            (only_exists, !requires, ways > 1, cost, ways)
        };
        let mut terminals = self.graph.terminals.clone();
        terminals.sort_by_cached_key(ways);
        terminals
    }

    /// Selects the cheapest derivation of a fact, among equals the one whose new fetch covers most.
    fn choose(&mut self, fact: FactId) {
        if self.chosen[fact.index()].is_some() {
            return;
        }
        let facts = &self.graph.facts;
        let moves = facts.made_by[fact.index()]
            .iter()
            .copied()
            .filter(|step| !self.barred[step.index()]);
        let best = moves
            .filter_map(|step| {
                let cost = self.costs.of_move(facts, step)?;
                Some((cost, u32::MAX - self.reach(step), step))
            })
            .min();
        if let Some((_, _, step)) = best {
            self.take(fact, step);
            self.costs.settle(&self.graph.facts);
        }
    }

    /// What the fetch that `step` would open could cover.
    fn reach(&self, step: MoveId) -> u32 {
        let facts = &self.graph.facts;
        let mut at = step;
        loop {
            let Some(&input) = facts.moves[at.index()].inputs.first() else {
                return self.coverage[facts.moves[at.index()].output.index()];
            };
            if facts.moves[at.index()].kind.enters() {
                return self.coverage[facts.moves[at.index()].output.index()];
            }
            match (self.chosen[input.index()], self.costs.best[input.index()]) {
                (None, Some(next)) => at = next,
                _ => return u32::MAX,
            }
        }
    }

    /// Selects `fact` by `step`, and what that needs by its cheapest moves.
    fn take(&mut self, fact: FactId, step: MoveId) {
        let mut pending = vec![(fact, step)];
        while let Some((fact, step)) = pending.pop() {
            if self.chosen[fact.index()].is_some() {
                continue;
            }
            self.chosen[fact.index()] = Some(step);
            let facts = &self.graph.facts;
            let taken = &facts.moves[step.index()];
            let inputs = taken
                .inputs
                .iter()
                .filter(|input| self.chosen[input.index()].is_none());
            pending
                .extend(inputs.filter_map(|input| Some((*input, self.costs.best[input.index()]?))));
            self.costs.free(fact);
            if let (MoveKind::Enter { .. }, Some(state)) = (taken.kind, facts.state(fact)) {
                let alike = self.entries.get(&(state.position, state.subgraph));
                for &other in alike.into_iter().flatten() {
                    self.costs.discount(facts, other, RIDE_ALONG_COST);
                }
            }
        }
    }

    /// A mutation's root field must run in exactly one subgraph: the one that covers most, if it leads everywhere.
    fn settle_mutation_fields(&mut self) {
        let facts = &self.graph.facts;
        let mut fields: HashMap<NodeId, Vec<MoveId>> = HashMap::new();
        for (index, step) in facts.moves.iter().enumerate() {
            if let (MoveKind::EnterRoot, Some(only)) =
                (step.kind, facts.state(step.output).and_then(|s| s.only))
            {
                fields.entry(only).or_default().push(MoveId(index as u32));
            }
        }
        let mut fields: Vec<_> = fields
            .into_iter()
            .filter(|(_, moves)| moves.len() > 1)
            .collect();
        fields.sort_unstable();
        for (_, mut moves) in fields {
            moves.sort_by_key(|step| {
                Reverse(self.coverage[facts.moves[step.index()].output.index()])
            });
            let keep = moves.iter().copied().find(|keep| {
                let others = moves.iter().filter(|step| *step != keep);
                let without = Costs::without(facts, self.barred_with(others));
                self.graph
                    .terminals
                    .iter()
                    .all(|terminal| without.is_reachable(terminal.fact))
            });
            let keep = keep.unwrap_or(moves[0]);
            self.barred = self.barred_with(moves.iter().filter(|step| **step != keep));
        }
        if self.barred.contains(&true) {
            self.costs = Costs::without(facts, self.barred.clone());
        }
    }

    fn barred_with<'m>(&self, more: impl Iterator<Item = &'m MoveId>) -> Vec<bool> {
        let mut barred = self.barred.clone();
        more.for_each(|step| barred[step.index()] = true);
        barred
    }
}

use std::cmp::Reverse;

/// The moves that enter by key, by position and subgraph.
fn entries(graph: &Graph) -> HashMap<(NodeId, SubgraphId), Vec<MoveId>> {
    let mut entries: HashMap<_, Vec<MoveId>> = HashMap::new();
    for (index, step) in graph.facts.moves.iter().enumerate() {
        if let (MoveKind::Enter { .. }, Some(state)) = (step.kind, graph.facts.state(step.output)) {
            entries
                .entry((state.position, state.subgraph))
                .or_default()
                .push(MoveId(index as u32));
        }
    }
    entries
}

/// How many terminals each fact leads to without another request. Facts come before those inside them.
fn coverage(graph: &Graph) -> Vec<u32> {
    let facts = &graph.facts;
    let mut coverage = vec![0u32; facts.facts.len()];
    for terminal in &graph.terminals {
        coverage[terminal.fact.index()] += 1;
    }
    for index in (0..facts.facts.len()).rev() {
        for step in &facts.made_by[index] {
            let step = &facts.moves[step.index()];
            if !step.kind.enters() {
                for input in &step.inputs {
                    if input.index() < index {
                        coverage[input.index()] =
                            coverage[input.index()].saturating_add(coverage[index]);
                    }
                }
            }
        }
    }
    coverage
}
