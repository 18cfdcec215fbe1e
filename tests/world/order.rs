//! The same operation in another order, and whether it is planned at the same cost.

use std::collections::HashMap;

use graphway::planner::{FetchId, Plan};

use super::document::{Document, Selection, What};
use super::random::Random;
use super::router::Graphway;

impl Document {
    /// The same selections in another order; the fields of a mutation stay, for their order matters.
    pub fn shuffled(&self, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut turned = self.clone();
        let stays = self.kind == "mutation";
        shuffle(&mut turned.selections, stays, &mut random);
        for fragment in &mut turned.fragments {
            shuffle(&mut fragment.selections, stays, &mut random);
        }
        turned
    }
}

fn shuffle(selections: &mut [Selection], stays: bool, random: &mut Random) {
    for last in (1..selections.len()).rev().filter(|_| !stays) {
        selections.swap(last, random.below(last + 1));
    }
    for selection in selections {
        let is_field = matches!(selection.what, What::Field(..));
        shuffle(&mut selection.selections, stays && !is_field, random);
    }
}

/// Plans an operation twice, and once more in another order; the error says what differs.
pub fn compare(graphway: &Graphway, document: &Document, seed: u64) -> Result<(), String> {
    let variables = document.values();
    let plan = |document: &Document| {
        let planned = graphway.plan(&document.to_string(), &variables);
        planned.map(|(plan, _)| plan)
    };
    let (first, again) = (plan(document)?, plan(document)?);
    let shown = |plan: &Plan| graphway.shown(plan);
    if shown(&first) != shown(&again) {
        let (first, again) = (shown(&first), shown(&again));
        return Err(format!("planned twice, differently:\n{first}\n{again}"));
    }
    let turned_document = document.shuffled(seed);
    let turned = plan(&turned_document)?;
    if cost(&first) == cost(&turned) {
        return Ok(());
    }
    Err(format!(
        "{:?} fetches in a row and in all:\n{}{:?} in another order:\n{turned_document}{}",
        cost(&first),
        shown(&first),
        cost(&turned),
        shown(&turned)
    ))
}

/// The fetches of the longest chain, and of all.
fn cost(plan: &Plan) -> (usize, usize) {
    let mut lengths: HashMap<FetchId, usize> = HashMap::new();
    for fetch in &plan.fetches {
        let before = fetch.after.iter().map(|after| lengths[after]).max();
        lengths.insert(fetch.id, before.unwrap_or(0) + 1);
    }
    let longest = lengths.values().max();
    (longest.copied().unwrap_or(0), plan.fetches.len())
}
