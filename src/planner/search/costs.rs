//! The cost of every fact, kept least while selection makes facts free and moves cheaper.

use crate::planner::graph::{FactId, Facts, MoveId};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Costs of facts; [`u32::MAX`] is out of reach.
#[derive(Clone)]
pub(in crate::planner) struct Costs {
    pub cost: Vec<u32>,
    /// The move behind each cost.
    pub best: Vec<Option<MoveId>>,
    weights: Vec<u32>,
    heap: BinaryHeap<Reverse<(u32, FactId)>>,
}

impl Costs {
    /// The costs when nothing is selected.
    pub(in crate::planner) fn new(facts: &Facts) -> Self {
        let mut costs = Self::blank(facts);
        costs.start(facts);
        costs
    }

    fn blank(facts: &Facts) -> Self {
        let count = facts.facts.len();
        let weights = facts.weights().to_vec();
        Self {
            cost: vec![u32::MAX; count],
            best: vec![None; count],
            weights,
            heap: BinaryHeap::new(),
        }
    }

    fn start(&mut self, facts: &Facts) {
        for step in facts.moves() {
            if facts.inputs(step).is_empty() {
                self.improve(facts, step);
            }
        }
        self.settle(facts);
    }

    /// The costs when the moves marked in `barred` may not be used.
    pub(in crate::planner) fn without(facts: &Facts, barred: Vec<bool>) -> Self {
        let mut costs = Self::blank(facts);
        for (weight, barred) in costs.weights.iter_mut().zip(barred) {
            if barred {
                *weight = u32::MAX;
            }
        }
        costs.start(facts);
        costs
    }

    /// Whether a fact can be established at all.
    pub(in crate::planner) fn is_reachable(&self, fact: FactId) -> bool {
        self.cost[fact.index()] != u32::MAX
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
    pub(in crate::planner) fn free(&mut self, fact: FactId) {
        if self.cost[fact.index()] != 0 {
            self.cost[fact.index()] = 0;
            self.heap.push(Reverse((0, fact)));
        }
    }

    /// Makes a move cheaper.
    pub(in crate::planner) fn discount(&mut self, facts: &Facts, step: MoveId, weight: u32) {
        if weight < self.weights[step.index()] {
            self.weights[step.index()] = weight;
            self.improve(facts, step);
        }
    }

    /// Carries improvements through the graph.
    pub(in crate::planner) fn settle(&mut self, facts: &Facts) {
        while let Some(Reverse((cost, fact))) = self.heap.pop() {
            if cost > self.cost[fact.index()] {
                continue;
            }
            for &step in facts.used_by(fact) {
                // The other inputs can only make it dearer.
                let least = self.weights[step.index()].saturating_add(cost);
                if least < self.cost[facts.output(step).index()] {
                    self.improve(facts, step);
                }
            }
        }
    }

    fn improve(&mut self, facts: &Facts, step: MoveId) {
        let output = facts.output(step);
        if let Some(cost) = self.of_move(facts, step)
            && cost < self.cost[output.index()]
        {
            self.cost[output.index()] = cost;
            self.best[output.index()] = Some(step);
            self.heap.push(Reverse((cost, output)));
        }
    }
}
