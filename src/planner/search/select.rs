//! Selection: terminals without a choice first, each by its cheapest derivation.

use super::Costs;
use crate::planner::graph::{Fact, FactId, Graph, MoveId, MoveKind, NodeId, State, Terminal};
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

/// A terminal that cannot be established, and what facts cost then.
pub(in crate::planner) struct Lost {
    pub terminal: Terminal,
    pub costs: Costs,
}

/// Selects a derivation of every terminal.
pub(in crate::planner) fn select(graph: &Graph) -> Result<Selection, Lost> {
    let barred = vec![false; graph.facts.weights().len()];
    select_from(graph, Costs::new(&graph.facts), barred)
}

/// Selects as if the moves marked in `barred` did not exist.
pub(in crate::planner) fn select_without(
    graph: &Graph,
    barred: Vec<bool>,
) -> Result<Selection, Lost> {
    let costs = Costs::without(&graph.facts, barred.clone());
    select_from(graph, costs, barred)
}

fn select_from(graph: &Graph, costs: Costs, barred: Vec<bool>) -> Result<Selection, Lost> {
    let mut terminals = graph.terminals.iter();
    if let Some(&terminal) = terminals.find(|terminal| !costs.is_reachable(terminal.fact)) {
        return Err(Lost { terminal, costs });
    }
    let mut selecting = Selecting {
        graph,
        costs,
        coverage: coverage(graph, &barred),
        chosen: vec![None; graph.facts.facts.len()],
        barred,
    };
    selecting.settle_mutation_fields();
    for terminal in selecting.order() {
        selecting.choose(terminal.fact);
        if selecting.chosen[terminal.fact.index()].is_none() {
            let costs = selecting.costs;
            return Err(Lost { terminal, costs });
        }
    }
    Ok(Selection {
        chosen: selecting.chosen,
    })
}

struct Selecting<'g, 'a> {
    graph: &'g Graph<'a>,
    costs: Costs,
    /// By fact: how many terminals it can lead to within its fetch.
    coverage: Vec<u32>,
    chosen: Vec<Option<MoveId>>,
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
            let moves = facts.made_by(terminal.fact).iter().filter(possible);
            let is_required = |step: &MoveId| {
                let state = facts
                    .inputs(*step)
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
        let moves = facts
            .made_by(fact)
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
            let Some(&input) = facts.inputs(at).first() else {
                return self.coverage[facts.output(at).index()];
            };
            if facts.kind(at).enters() {
                return self.coverage[facts.output(at).index()];
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
            let inputs = facts
                .inputs(step)
                .iter()
                .filter(|input| self.chosen[input.index()].is_none());
            pending
                .extend(inputs.filter_map(|input| Some((*input, self.costs.best[input.index()]?))));
            self.costs.free(fact);
            if let (MoveKind::Enter { .. }, Some(state)) = (facts.kind(step), facts.state(fact)) {
                self.discount_entries(state);
            }
        }
    }

    /// Other entries into the subgraph of `state` at its position can go along.
    fn discount_entries(&mut self, state: &State) {
        let facts = &self.graph.facts;
        for other in self.graph.states[state.position.index()].iter() {
            let other_state = facts.state(other);
            if other_state.is_some_and(|other| other.subgraph == state.subgraph) {
                for &step in facts.made_by(other) {
                    if matches!(facts.kind(step), MoveKind::Enter { .. }) {
                        self.costs.discount(facts, step, RIDE_ALONG_COST);
                    }
                }
            }
        }
    }

    /// A mutation's root field must run in exactly one subgraph: the one that covers most, if it leads everywhere.
    fn settle_mutation_fields(&mut self) {
        let facts = &self.graph.facts;
        let mut fields: HashMap<NodeId, Vec<MoveId>> = HashMap::new();
        for step in facts.moves() {
            let only = facts.state(facts.output(step)).and_then(|state| state.only);
            if let (MoveKind::EnterRoot, Some(only)) = (facts.kind(step), only) {
                fields.entry(only).or_default().push(step);
            }
        }
        let mut fields: Vec<_> = fields
            .into_iter()
            .filter(|(_, moves)| moves.len() > 1)
            .collect();
        fields.sort_unstable();
        for (_, mut moves) in fields {
            moves.sort_by_key(|step| Reverse(self.coverage[facts.output(*step).index()]));
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

/// How many terminals each fact leads to without another request. Facts come before those inside them.
fn coverage(graph: &Graph, barred: &[bool]) -> Vec<u32> {
    let facts = &graph.facts;
    let mut coverage = vec![0u32; facts.facts.len()];
    for terminal in &graph.terminals {
        coverage[terminal.fact.index()] += 1;
    }
    for index in (0..facts.facts.len()).rev() {
        for &step in facts.made_by(FactId(index as u32)) {
            if !facts.kind(step).enters() && !barred[step.index()] {
                for input in facts.inputs(step) {
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
