//! The requests that a selection makes so far.

use crate::planner::graph::{FactId, Facts, MoveId};
use crate::schema::SubgraphId;
use std::collections::HashSet;

/// A fact with the move that establishes it.
#[derive(Clone, Copy)]
pub(super) struct Pick {
    pub(super) fact: FactId,
    pub(super) step: MoveId,
    pub(super) stage: u16,
    /// What it is needed for could be had from another subgraph.
    pub(super) open: bool,
}

/// What is selected, by stage: the number of requests that must come before it.
pub(super) struct Stages {
    /// By selected fact.
    of: Vec<Option<u16>>,
    /// Entries of one subgraph at one stage go out as one request.
    requests: HashSet<(SubgraphId, u16), foldhash::fast::FixedState>,
    last: u16,
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

    /// The stage of a fact, if it is selected.
    pub(super) fn of(&self, fact: FactId) -> Option<u16> {
        self.of[fact.index()]
    }

    /// Whether a subgraph is asked at a stage.
    pub(super) fn requests(&self, request: (SubgraphId, u16)) -> bool {
        self.requests.contains(&request)
    }

    /// The last stage.
    pub(super) fn last(&self) -> u16 {
        self.last
    }

    /// Adds what is selected.
    pub(super) fn add(&mut self, facts: &Facts, pick: &Pick) {
        self.of[pick.fact.index()] = Some(pick.stage);
        self.last = self.last.max(pick.stage);
        if let (true, Some(state)) = (facts.kind(pick.step).enters(), facts.state(pick.fact)) {
            self.requests.insert((state.subgraph, pick.stage));
        }
    }
}
