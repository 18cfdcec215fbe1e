//! The requests that a selection makes so far, and what one more derivation would add to them.

use super::Costs;
use crate::planner::graph::{FactId, Facts, MoveId, REQUEST_COST};
use crate::schema::SubgraphId;
use smallvec::SmallVec;
use std::collections::HashSet;

/// The cost of one more stage: everything that follows waits for it.
const STAGE_COST: u32 = REQUEST_COST + REQUEST_COST / 2;
/// The cost of one more position in a request that is made anyway.
const BATCHED_COST: u32 = REQUEST_COST / 10;

/// What is selected, by stage: the number of requests that must come before it.
pub(super) struct Stages {
    /// By selected fact.
    of: Vec<Option<u16>>,
    /// Entries of one subgraph at one stage go out as one request.
    requests: HashSet<(SubgraphId, u16), foldhash::fast::FixedState>,
    last: u16,
}

/// What a derivation would add.
#[derive(Default)]
struct Added {
    facts: SmallVec<[(FactId, u16); 8]>,
    requests: SmallVec<[(SubgraphId, u16); 4]>,
    price: u32,
}

impl Stages {
    /// Nothing selected of `facts` facts.
    pub(super) fn new(facts: usize) -> Self {
        Self {
            of: vec![None; facts],
            requests: HashSet::default(),
            last: 0,
        }
    }

    /// What establishing a fact by `step` would add, where what it needs is established by the least costs.
    pub(super) fn price(&self, facts: &Facts, costs: &Costs, step: MoveId) -> u32 {
        let mut added = Added::default();
        let stage = self.stage_by((facts, costs), step, &mut added);
        let later = u32::from(stage.saturating_sub(self.last));
        added.price + STAGE_COST * later
    }

    /// Adds a fact that was selected, with what it needs. Returns its stage; none if it was not selected.
    pub(super) fn add(
        &mut self,
        facts: &Facts,
        chosen: &[Option<MoveId>],
        fact: FactId,
    ) -> Option<u16> {
        if let Some(known) = self.of[fact.index()] {
            return Some(known);
        }
        let step = chosen[fact.index()]?;
        let mut before = None;
        for &input in facts.inputs(step) {
            before = before.max(self.add(facts, chosen, input));
        }
        let stage = own_stage(facts, step, before);
        self.of[fact.index()] = Some(stage);
        self.last = self.last.max(stage);
        if let (true, Some(state)) = (facts.kind(step).enters(), facts.state(fact)) {
            self.requests.insert((state.subgraph, stage));
        }
        Some(stage)
    }

    fn stage_by(&self, (facts, costs): (&Facts, &Costs), step: MoveId, added: &mut Added) -> u16 {
        let mut before = None;
        for &input in facts.inputs(step) {
            before = before.max(self.stage_of((facts, costs), input, added));
        }
        let stage = own_stage(facts, step, before);
        added.price += 1;
        if let (true, Some(state)) = (facts.kind(step).enters(), facts.state(facts.output(step))) {
            let request = (state.subgraph, stage);
            if self.requests.contains(&request) || added.requests.contains(&request) {
                added.price += BATCHED_COST.min(costs.weight(step));
            } else {
                added.requests.push(request);
                added.price += REQUEST_COST;
            }
        }
        stage
    }

    fn stage_of(
        &self,
        (facts, costs): (&Facts, &Costs),
        fact: FactId,
        added: &mut Added,
    ) -> Option<u16> {
        if let Some(stage) = self.of[fact.index()] {
            return Some(stage);
        }
        if let Some((_, stage)) = added.facts.iter().find(|(known, _)| *known == fact) {
            return Some(*stage);
        }
        let stage = self.stage_by((facts, costs), costs.best[fact.index()]?, added);
        added.facts.push((fact, stage));
        Some(stage)
    }
}

/// The stage of what `step` establishes out of things of stage `before`.
fn own_stage(facts: &Facts, step: MoveId, before: Option<u16>) -> u16 {
    match before {
        Some(before) if facts.kind(step).enters() => before.saturating_add(1),
        before => before.unwrap_or(0),
    }
}
