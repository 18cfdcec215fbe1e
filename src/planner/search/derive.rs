//! How one more fact is established: out of what is selected, for the least that it adds to the plan.
//!
//! Least costs say what can be reached, and in one way that is sure not to be circular. They count the dearest of a
//! move's inputs and know nothing of requests that several positions share, so here every fact on the way that can be
//! established by several moves takes the one that adds least.

use super::{
    Costs,
    stages::{Pick, Stages},
};
use crate::planner::graph::{FactId, Facts, MoveId, REQUEST_COST};
use crate::schema::SubgraphId;
use smallvec::SmallVec;

/// The cost of one more stage: everything that follows waits for it.
const STAGE_COST: u32 = REQUEST_COST + REQUEST_COST / 2;
/// The cost of a stage that others take anyway.
const SLACK_COST: u32 = REQUEST_COST / 20;
/// The cost of one more position in a request that is made anyway.
const BATCHED_COST: u32 = REQUEST_COST / 10;
/// How much dearer than the cheapest a move may be to be looked at.
const MARGIN: u32 = 2 * REQUEST_COST;
/// How many moves are looked at for one fact on the way.
const WAYS_MAX: usize = 8;

/// A derivation while it is made.
pub(super) struct Deriving<'d, 'a> {
    facts: &'d Facts<'a>,
    costs: &'d Costs,
    stages: &'d Stages,
    /// By fact, what is known of it here.
    marks: &'d mut Marks,
    /// Those that a fact needs stand before it.
    picks: Vec<Pick>,
    requests: SmallVec<[(SubgraphId, u16); 4]>,
    price: u32,
    steps: usize,
    /// Alternatives are being compared: each by its cheapest moves alone.
    compares: bool,
}

/// What a derivation knows of facts: one table for all, empty between them.
#[derive(Default)]
pub(super) struct Marks(Vec<u16>);

const UNSEEN: u16 = u16::MAX;
/// It waits for what it needs: needing it again would be circular.
const WAITING: u16 = u16::MAX - 1;

impl Marks {
    pub(super) fn new(facts: usize) -> Self {
        Self(vec![UNSEEN; facts])
    }
}

/// Where a derivation can go back to.
struct Mark {
    picks: usize,
    requests: usize,
    price: u32,
}

impl<'d, 'a> Deriving<'d, 'a> {
    pub(super) fn new(
        (facts, costs): (&'d Facts<'a>, &'d Costs),
        stages: &'d Stages,
        marks: &'d mut Marks,
    ) -> Self {
        Self {
            facts,
            costs,
            stages,
            marks,
            picks: Vec::new(),
            requests: SmallVec::new(),
            price: 0,
            steps: 0,
            compares: false,
        }
    }

    /// Derives `fact`; nothing when it is out of reach. Returns the steps it took, too.
    pub(super) fn derive(
        mut self,
        fact: FactId,
        reach: &dyn Fn(MoveId) -> u32,
    ) -> (Vec<Pick>, usize) {
        let done = self.way(fact, reach).and_then(|step| {
            let whole = self.by((fact, step), false);
            // The ways chosen need each other: the cheapest do not.
            whole.or_else(|| {
                self.back_to(&Mark::START);
                self.compares = true;
                let step = self.costs.best[fact.index()]?;
                self.by((fact, step), false)
            })
        });
        if done.is_none() {
            self.back_to(&Mark::START);
        }
        for pick in &self.picks {
            self.marks.0[pick.fact.index()] = UNSEEN;
        }
        (self.picks, self.steps)
    }

    /// The move that establishes `fact` for least; among equals the one that leads to a fetch that covers most.
    fn way(&mut self, fact: FactId, reach: &dyn Fn(MoveId) -> u32) -> Option<MoveId> {
        let (facts, costs) = (self.facts, self.costs);
        let best = costs.best[fact.index()]?;
        let moves = facts.made_by(fact);
        if moves.len() == 1 {
            return Some(best);
        }
        let dearest = costs.cost[fact.index()].saturating_add(MARGIN);
        let possible = moves.iter().filter_map(|&step| {
            let cost = costs.of_move(facts, step)?;
            (cost <= dearest).then_some((cost, step))
        });
        let mut possible: SmallVec<[(u32, MoveId); WAYS_MAX]> = possible.collect();
        possible.sort_unstable();
        possible.truncate(WAYS_MAX);
        match possible.as_slice() {
            [] | [_] => return Some(best),
            // It is read where others are.
            [(..=1, step), ..] => return Some(*step),
            _ => {}
        }
        let compared = std::mem::replace(&mut self.compares, true);
        let mut least = None;
        for (_, step) in possible {
            let mark = self.mark();
            let stage = self.by((fact, step), false);
            if let Some(stage) = stage {
                let price = self.price - mark.price + self.stage_price(stage);
                let priced = (price, u32::MAX - reach(step), step);
                least = Some(least.map_or(priced, |known| priced.min(known)));
            }
            self.back_to(&mark);
        }
        self.compares = compared;
        least.map(|(_, _, step)| step).or(Some(best))
    }

    fn stage_price(&self, stage: u16) -> u32 {
        let later = stage.saturating_sub(self.stages.last());
        u32::from(later) * STAGE_COST + u32::from(stage - later) * SLACK_COST
    }

    /// Establishes a fact by a move. Returns its stage; none when that would be circular.
    fn by(&mut self, (fact, step): (FactId, MoveId), open: bool) -> Option<u16> {
        self.steps += 1;
        self.marks.0[fact.index()] = WAITING;
        let facts = self.facts;
        let enters = facts.kind(step).enters();
        let open_below = !enters && !self.compares && (open || self.has_alternative(fact, step));
        let mut before = Some(None);
        for &input in facts.inputs(step) {
            before = before.and_then(|before: Option<u16>| {
                Some(before.max(Some(self.of(input, open_below)?)))
            });
        }
        let Some(before) = before else {
            self.marks.0[fact.index()] = UNSEEN;
            return None;
        };
        let stage = match before {
            Some(before) if enters => before.saturating_add(1).min(WAITING - 1),
            before => before.unwrap_or(0),
        };
        self.price += 1;
        if let (true, Some(state)) = (enters, facts.state(fact)) {
            let request = (state.subgraph, stage);
            if self.stages.requests(request) || self.requests.contains(&request) {
                self.price += BATCHED_COST.min(self.costs.weight(step));
            } else {
                self.requests.push(request);
                self.price += REQUEST_COST;
            }
        }
        self.marks.0[fact.index()] = stage;
        self.picks.push(Pick {
            fact,
            step,
            stage,
            open: open && enters,
        });
        Some(stage)
    }

    fn of(&mut self, fact: FactId, open: bool) -> Option<u16> {
        if let Some(stage) = self.stages.of(fact) {
            return Some(stage);
        }
        match self.marks.0[fact.index()] {
            UNSEEN => {}
            WAITING => return None,
            stage => return Some(stage),
        }
        let step = match self.compares {
            true => self.costs.best[fact.index()]?,
            false => self.way(fact, &|_| 0)?,
        };
        self.by((fact, step), open)
    }

    /// Whether `fact` can be read in a subgraph other than that of `step`.
    fn has_alternative(&self, fact: FactId, step: MoveId) -> bool {
        let facts = self.facts;
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

    fn mark(&self) -> Mark {
        Mark {
            picks: self.picks.len(),
            requests: self.requests.len(),
            price: self.price,
        }
    }

    fn back_to(&mut self, mark: &Mark) {
        for pick in self.picks.drain(mark.picks..) {
            self.marks.0[pick.fact.index()] = UNSEEN;
        }
        self.requests.truncate(mark.requests);
        self.price = mark.price;
    }
}

impl Mark {
    const START: Self = Self {
        picks: 0,
        requests: 0,
        price: 0,
    };
}
