//! The cost of every fact, kept least while selection makes facts free and moves cheaper.

use super::queue::Queue;
use crate::planner::graph::{FactId, Facts, MoveId};

/// Costs of facts; [`u32::MAX`] is out of reach.
#[derive(Clone)]
pub(in crate::planner) struct Costs {
    pub cost: Vec<u32>,
    /// The move behind each cost.
    pub best: Vec<Option<MoveId>>,
    weights: Vec<u32>,
    changed: Queue,
}

impl Costs {
    /// The costs when nothing is selected and the moves in `barred` may not be used.
    pub(in crate::planner) fn new(facts: &Facts, barred: &[MoveId]) -> Self {
        let count = facts.facts.len();
        let mut costs = Self {
            cost: vec![u32::MAX; count],
            best: vec![None; count],
            weights: facts.weights().to_vec(),
            changed: Queue::new(count),
        };
        for step in barred {
            costs.weights[step.index()] = u32::MAX;
        }
        for step in facts.moves() {
            if facts.inputs(step).is_empty() {
                costs.improve(facts, step);
            }
        }
        costs.settle(facts);
        costs
    }

    /// Whether a fact can be established at all.
    pub(in crate::planner) fn is_reachable(&self, fact: FactId) -> bool {
        self.cost[fact.index()] != u32::MAX
    }

    /// What `step` itself costs now.
    pub(in crate::planner) fn weight(&self, step: MoveId) -> u32 {
        self.weights[step.index()]
    }

    /// What `step` costs now; none when an input is out of reach.
    pub(in crate::planner) fn of_move(&self, facts: &Facts, step: MoveId) -> Option<u32> {
        let weight = self.weights[step.index()];
        let inputs = facts
            .inputs(step)
            .iter()
            .map(|input| self.cost[input.index()]);
        match inputs.max().unwrap_or(0) {
            _ if weight == u32::MAX => None,
            u32::MAX => None,
            dearest => Some(weight.saturating_add(dearest)),
        }
    }

    /// Makes a fact free.
    pub(in crate::planner) fn free(&mut self, facts: &Facts, fact: FactId) {
        if self.cost[fact.index()] != 0 {
            self.cost[fact.index()] = 0;
            self.push(facts, fact);
        }
    }

    /// Makes a move cheaper, unless it is barred.
    pub(in crate::planner) fn discount(&mut self, facts: &Facts, step: MoveId, weight: u32) {
        let known = self.weights[step.index()];
        if weight < known && known != u32::MAX {
            self.weights[step.index()] = weight;
            self.improve(facts, step);
        }
    }

    /// Carries improvements through the graph. Returns how many moves it looked at.
    pub(in crate::planner) fn settle(&mut self, facts: &Facts) -> usize {
        let mut steps = 0;
        while let Some(fact) = self.changed.pop() {
            let cost = self.cost[fact.index()];
            let used_by = facts.used_by(fact);
            steps += used_by.len() + 1;
            for &step in used_by {
                // The other inputs can only make it dearer.
                let least = self.weights[step.index()].saturating_add(cost);
                let output = facts.output(step);
                if least < self.cost[output.index()] {
                    match facts.inputs(step) {
                        [_] => self.set(facts, (output, least), step),
                        _ => self.improve(facts, step),
                    }
                }
            }
        }
        steps
    }

    fn improve(&mut self, facts: &Facts, step: MoveId) {
        let output = facts.output(step);
        if let Some(cost) = self.of_move(facts, step)
            && cost < self.cost[output.index()]
        {
            self.set(facts, (output, cost), step);
        }
    }

    fn set(&mut self, facts: &Facts, (fact, cost): (FactId, u32), step: MoveId) {
        self.cost[fact.index()] = cost;
        self.best[fact.index()] = Some(step);
        self.push(facts, fact);
    }

    /// What nothing is made of needs no turn: the values of most leaves.
    fn push(&mut self, facts: &Facts, fact: FactId) {
        if !facts.used_by(fact).is_empty() {
            self.changed.push(fact, self.cost[fact.index()]);
        }
    }
}
