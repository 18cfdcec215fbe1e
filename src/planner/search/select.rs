//! Selection: terminals without a choice first, each by its cheapest derivation.

use super::{Costs, stages::Stages};
use crate::planner::{
    Budget, Error,
    graph::{Fact, FactId, Graph, MoveId, MoveKind, NodeId, State, Terminal},
};
use crate::schema::Supergraph;
use std::{cmp::Reverse, collections::HashMap};

/// The facts of a plan and how each is established.
pub(in crate::planner) struct Selection {
    /// By fact: the chosen move; none for facts that are not part of the plan.
    pub chosen: Vec<Option<MoveId>>,
    /// The entries that were chosen where there was another way.
    pub open: Vec<MoveId>,
    /// The moves that it had to do without.
    pub barred: Vec<MoveId>,
}

impl Selection {
    pub(in crate::planner) fn contains(&self, fact: FactId) -> bool {
        self.chosen[fact.index()].is_some()
    }
}

/// The cost of one more class or field in an entry that is made anyway.
const RIDE_ALONG_COST: u32 = 10;

/// What every selection over one graph starts from.
pub(in crate::planner) struct Search<'g, 'a> {
    supergraph: &'g Supergraph,
    graph: &'g Graph<'a>,
    budget: &'g Budget<'g>,
    /// What each fact costs when nothing is selected.
    costs: Costs,
    /// By fact: how many terminals it can lead to within its fetch.
    coverage: Vec<u32>,
    /// The other subgraphs of a mutation's fields.
    settled: Vec<MoveId>,
}

impl<'g, 'a> Search<'g, 'a> {
    pub(in crate::planner) fn new(
        supergraph: &'g Supergraph,
        (graph, budget): (&'g Graph<'a>, &'g Budget<'g>),
    ) -> Result<Self, Error> {
        let mut search = Self {
            supergraph,
            graph,
            budget,
            costs: Costs::new(&graph.facts, &[]),
            coverage: coverage(graph),
            settled: Vec::new(),
        };
        search.check(&search.costs)?;
        search.settle_mutation_fields();
        Ok(search)
    }

    /// Selects a derivation of every terminal without the moves in `barred`.
    pub(in crate::planner) fn select(&self, barred: &[MoveId]) -> Result<Selection, Error> {
        let costs = if barred.is_empty() {
            self.costs.clone()
        } else {
            let barred: Vec<MoveId> = self.settled.iter().chain(barred).copied().collect();
            Costs::new(&self.graph.facts, &barred)
        };
        self.check(&costs)?;
        self.budget.spend(self.graph.facts.facts.len())?;
        let mut selecting = Selecting {
            graph: self.graph,
            costs,
            coverage: &self.coverage,
            chosen: vec![None; self.graph.facts.facts.len()],
            stages: Stages::new(self.graph.facts.facts.len()),
            open: Vec::new(),
        };
        for terminal in selecting.order() {
            self.budget.spend(selecting.choose(terminal.fact))?;
            if selecting.chosen[terminal.fact.index()].is_none() {
                return Err(unreachable(self.supergraph, self.graph, &terminal));
            }
        }
        Ok(Selection {
            chosen: selecting.chosen,
            open: selecting.open,
            barred: barred.to_vec(),
        })
    }

    fn check(&self, costs: &Costs) -> Result<(), Error> {
        let mut terminals = self.graph.terminals.iter();
        match terminals.find(|terminal| !costs.is_reachable(terminal.fact)) {
            Some(lost) => Err(unreachable(self.supergraph, self.graph, lost)),
            None => Ok(()),
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
            let others = |keep: MoveId| moves.iter().copied().filter(move |step| *step != keep);
            let keep = moves.iter().copied().find(|keep| {
                let barred: Vec<MoveId> =
                    self.settled.iter().copied().chain(others(*keep)).collect();
                self.check(&Costs::new(facts, &barred)).is_ok()
            });
            let others: Vec<MoveId> = others(keep.unwrap_or(moves[0])).collect();
            self.settled.extend(others);
        }
        if !self.settled.is_empty() {
            self.costs = Costs::new(facts, &self.settled);
        }
    }
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
    coverage: &'g [u32],
    chosen: Vec<Option<MoveId>>,
    stages: Stages,
    open: Vec<MoveId>,
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

    /// Selects the derivation of a fact that adds least to the plan, among equals the one whose new fetch covers most. Returns the steps it
    /// took.
    fn choose(&mut self, fact: FactId) -> usize {
        if self.chosen[fact.index()].is_some() {
            return 0;
        }
        let facts = &self.graph.facts;
        let is_possible = |step: &MoveId| self.costs.of_move(facts, *step).is_some();
        let mut possible = facts.made_by(fact).iter().copied().filter(is_possible);
        let Some(first) = possible.next() else {
            return 0;
        };
        let price = |step| {
            let price = self.stages.price(facts, &self.costs, step);
            (price, u32::MAX - self.reach(step), step)
        };
        let best = possible.map(price).fold(None, |best, priced| {
            Some(best.unwrap_or_else(|| price(first)).min(priced))
        });
        let step = best.map_or(first, |(_, _, step)| step);
        self.take(fact, step);
        self.costs.settle(facts)
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
        // With each: whether what it is needed for could be had from another subgraph.
        let mut pending = vec![(fact, step, false)];
        while let Some((fact, step, others)) = pending.pop() {
            if self.chosen[fact.index()].is_some() {
                continue;
            }
            self.chosen[fact.index()] = Some(step);
            let facts = &self.graph.facts;
            let enters = facts.kind(step).enters();
            let others_below = !enters && (others || self.has_alternative(fact, step));
            let inputs = facts.inputs(step).iter().copied();
            let inputs = inputs.filter(|input| self.chosen[input.index()].is_none());
            pending.extend(
                inputs.filter_map(|input| {
                    Some((input, self.costs.best[input.index()]?, others_below))
                }),
            );
            self.costs.free(facts, fact);
            if others && enters {
                self.open.push(step);
            }
            if let (MoveKind::Enter { .. }, Some(state)) = (facts.kind(step), facts.state(fact)) {
                self.discount_entries(state);
            }
        }
        self.stages.add(&self.graph.facts, &self.chosen, fact);
    }

    /// Whether `fact` can be read in a subgraph other than that of `step`.
    fn has_alternative(&self, fact: FactId, step: MoveId) -> bool {
        let facts = &self.graph.facts;
        let subgraph = |step: MoveId| {
            let from = facts.inputs(step).first();
            from.and_then(|from| Some(facts.state(*from)?.subgraph))
        };
        let moves = facts.made_by(fact);
        moves.len() > 1
            && moves.iter().any(|&other| {
                subgraph(other) != subgraph(step) && self.costs.of_move(facts, other).is_some()
            })
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
}

/// How many terminals each fact leads to without another request. Facts come before those inside them.
fn coverage(graph: &Graph) -> Vec<u32> {
    let facts = &graph.facts;
    let mut coverage = vec![0u32; facts.facts.len()];
    for terminal in &graph.terminals {
        coverage[terminal.fact.index()] += 1;
    }
    for index in (0..facts.facts.len()).rev() {
        for &step in facts.made_by(FactId(index as u32)) {
            if !facts.kind(step).enters() {
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
