//! The facts whose costs went down and that have not passed it on yet, about in the order of their costs.
//!
//! A queue in exact order would cost more than it saves: what is passed on out of order is corrected later, and within
//! one request's cost there is little to correct.

use crate::planner::graph::{FactId, REQUEST_COST};

/// Facts by how many requests they cost.
#[derive(Clone)]
pub(super) struct Queue {
    stages: Vec<Vec<FactId>>,
    lowest: usize,
    /// By fact: the stage it waits in.
    waits_in: Vec<u8>,
}

/// The last stage takes all that cost more.
const STAGES: usize = 64;
const NOWHERE: u8 = u8::MAX;

impl Queue {
    /// Of none of `facts` facts.
    pub(super) fn new(facts: usize) -> Self {
        Self {
            stages: Vec::new(),
            lowest: 0,
            waits_in: vec![NOWHERE; facts],
        }
    }

    /// Adds a fact, unless it is there at no higher cost.
    pub(super) fn push(&mut self, fact: FactId, cost: u32) {
        let stage = (cost / REQUEST_COST).min(STAGES as u32 - 1) as u8;
        let waits_in = &mut self.waits_in[fact.index()];
        if *waits_in <= stage {
            return;
        }
        *waits_in = stage;
        let stage = usize::from(stage);
        if self.stages.len() <= stage {
            self.stages.resize(stage + 1, Vec::new());
        }
        self.stages[stage].push(fact);
        self.lowest = self.lowest.min(stage);
    }

    /// Takes one of those that cost least.
    pub(super) fn pop(&mut self) -> Option<FactId> {
        loop {
            let stage = self.stages.get_mut(self.lowest)?;
            match stage.pop() {
                Some(fact) if usize::from(self.waits_in[fact.index()]) == self.lowest => {
                    self.waits_in[fact.index()] = NOWHERE;
                    return Some(fact);
                }
                // It became cheaper meanwhile and had its turn.
                Some(_) => {}
                None => self.lowest += 1,
            }
        }
    }
}
