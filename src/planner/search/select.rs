//! Selection: terminals without a choice first, each by its cheapest derivation.

use super::{
    Costs,
    derive::{Deriving, Marks},
    stages::{Pick, Stages},
};
use crate::planner::{
    Budget, Error,
    graph::{Fact, FactId, Facts, Graph, MoveId, MoveKind, NodeId, State, Terminal},
};
use std::{cmp::Reverse, collections::BTreeMap};

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

/// A terminal that cannot be established.
pub(in crate::planner) struct Lost {
    pub terminal: Terminal,
    /// The moves that might have established it and may not be used.
    pub barred: Vec<MoveId>,
}

/// Why nothing was selected.
pub(in crate::planner) enum Failure {
    Lost(Lost),
    Stopped(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Stopped(error)
    }
}

/// What every selection over one graph starts from.
pub(in crate::planner) struct Search<'g, 'a> {
    graph: &'g Graph<'a>,
    budget: &'g Budget<'g>,
    /// What each fact costs when nothing is selected.
    costs: Costs,
    /// By fact: how many terminals it can lead to within its fetch.
    coverage: Vec<u32>,
    /// What no selection may use: the other subgraphs of a mutation's fields, too.
    settled: Vec<MoveId>,
}

impl<'g, 'a> Search<'g, 'a> {
    /// `without`: moves that count for nothing.
    pub(in crate::planner) fn new(
        (graph, budget): (&'g Graph<'a>, &'g Budget<'g>),
        mut without: Vec<MoveId>,
    ) -> Result<Self, Failure> {
        without.sort_unstable();
        let mut search = Self {
            graph,
            budget,
            costs: Costs::new(&graph.facts, &without),
            coverage: coverage(graph, &without),
            settled: without,
        };
        search.check(&search.costs, &search.settled)?;
        search.settle_mutation_fields()?;
        Ok(search)
    }

    /// Selects a derivation of every terminal without the moves in `barred`.
    pub(in crate::planner) fn select(&self, barred: &[MoveId]) -> Result<Selection, Failure> {
        let all: Vec<MoveId> = self.settled.iter().chain(barred).copied().collect();
        let costs = if barred.is_empty() {
            self.costs.clone()
        } else {
            Costs::new(&self.graph.facts, &all)
        };
        self.check(&costs, &all)?;
        self.budget.spend(self.graph.facts.facts.len())?;
        let mut selecting = Selecting {
            graph: self.graph,
            costs,
            coverage: &self.coverage,
            chosen: vec![None; self.graph.facts.facts.len()],
            stages: Stages::new(self.graph.facts.facts.len()),
            marks: Marks::new(self.graph.facts.facts.len()),
            open: Vec::new(),
        };
        for terminal in selecting.order() {
            self.budget.spend(selecting.choose(terminal.fact))?;
            if selecting.chosen[terminal.fact.index()].is_none() {
                let barred = all;
                return Err(Failure::Lost(Lost { terminal, barred }));
            }
        }
        Ok(Selection {
            chosen: selecting.chosen,
            open: selecting.open,
            barred: barred.to_vec(),
        })
    }

    /// Whether every terminal can be established; the costs are those without `barred`.
    fn check(&self, costs: &Costs, barred: &[MoveId]) -> Result<(), Failure> {
        let mut terminals = self.graph.terminals.iter();
        match terminals.find(|terminal| !costs.is_reachable(terminal.fact)) {
            Some(&terminal) => Err(Failure::Lost(Lost {
                terminal,
                barred: barred.to_vec(),
            })),
            None => Ok(()),
        }
    }

    /// A mutation's root field must run in exactly one subgraph: the one that covers most, if it leads everywhere.
    fn settle_mutation_fields(&mut self) -> Result<(), Error> {
        let facts = &self.graph.facts;
        let mut fields: BTreeMap<NodeId, Vec<MoveId>> = BTreeMap::new();
        for entered in self.graph.states[NodeId::ROOT.index()].iter() {
            if let Some(only) = facts.state(entered).and_then(|state| state.only) {
                fields
                    .entry(only)
                    .or_default()
                    .extend(facts.made_by(entered));
            }
        }
        fields.retain(|_, moves| moves.len() > 1);
        if fields.is_empty() {
            return Ok(());
        }
        for moves in fields.values_mut() {
            moves.sort_by_key(|step| Reverse(self.coverage[facts.output(*step).index()]));
        }
        // Mostly what covers most leads everywhere, for all fields at once.
        let others = fields.values().flat_map(|moves| &moves[1..]);
        let settled = self.settled.iter().chain(others);
        let settled: Vec<MoveId> = settled.copied().collect();
        if self.check(&Costs::new(facts, &settled), &[]).is_ok() {
            self.settled = settled;
        } else {
            for moves in fields.values() {
                let others = |keep: MoveId| moves.iter().copied().filter(move |step| *step != keep);
                let mut kept = moves[0];
                for &keep in moves {
                    self.budget.spend(facts.facts.len())?;
                    let settled = self.settled.iter().copied();
                    let barred: Vec<MoveId> = settled.chain(others(keep)).collect();
                    if self.check(&Costs::new(facts, &barred), &[]).is_ok() {
                        kept = keep;
                        break;
                    }
                }
                self.settled.extend(others(kept));
            }
        }
        self.costs = Costs::new(facts, &self.settled);
        Ok(())
    }
}

struct Selecting<'g, 'a> {
    graph: &'g Graph<'a>,
    costs: Costs,
    coverage: &'g [u32],
    chosen: Vec<Option<MoveId>>,
    stages: Stages,
    marks: Marks,
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

    /// Selects a derivation of a fact. Returns the steps it took.
    fn choose(&mut self, fact: FactId) -> usize {
        if self.chosen[fact.index()].is_some() {
            return 0;
        }
        let facts = &self.graph.facts;
        let deriving = Deriving::new((facts, &self.costs), &self.stages, &mut self.marks);
        let (chosen, coverage) = (&self.chosen, self.coverage);
        let reach = |step| reach((facts, &self.costs.best), (chosen, coverage), step);
        let (picks, steps) = deriving.derive(fact, &reach);
        for pick in &picks {
            self.take(pick);
        }
        steps + self.costs.settle(facts)
    }

    /// Selects a fact, and makes it free for what follows.
    fn take(&mut self, pick: &Pick) {
        let facts = &self.graph.facts;
        let Pick { fact, step, .. } = *pick;
        self.chosen[fact.index()] = Some(step);
        self.costs.free(facts, fact);
        self.stages.add(facts, pick);
        if pick.open {
            self.open.push(step);
        }
        if let (MoveKind::Enter { .. }, Some(state)) = (facts.kind(step), facts.state(fact)) {
            self.discount_entries(state);
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
}

/// What the fetch that `step` would open could cover; most for what is read in a fetch that is there.
fn reach(
    (facts, best): (&Facts, &[Option<MoveId>]),
    (chosen, coverage): (&[Option<MoveId>], &[u32]),
    step: MoveId,
) -> u32 {
    let mut at = step;
    loop {
        let output = coverage[facts.output(at).index()];
        let Some(&input) = facts.inputs(at).first() else {
            return output;
        };
        if facts.kind(at).enters() {
            return output;
        }
        match (chosen[input.index()], best[input.index()]) {
            (None, Some(next)) => at = next,
            _ => return u32::MAX,
        }
    }
}

/// How many terminals each fact leads to without another request and without the moves in `barred`, which are sorted.
/// Facts come before those inside them.
fn coverage(graph: &Graph, barred: &[MoveId]) -> Vec<u32> {
    let facts = &graph.facts;
    let mut coverage = vec![0u32; facts.facts.len()];
    for terminal in &graph.terminals {
        coverage[terminal.fact.index()] += 1;
    }
    for index in (0..facts.facts.len()).rev() {
        for &step in facts.made_by(FactId(index as u32)) {
            if !facts.kind(step).enters() && barred.binary_search(&step).is_err() {
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
