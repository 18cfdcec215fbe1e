//! From a selection to a better one: what was chosen with an alternative is left out, one choice at a time, and what
//! comes out is kept when it needs fewer requests or a shorter chain of them.
//!
//! Selecting is greedy, for the problem contains set cover. Most operations leave it no choice at all and are done
//! with the first selection.

use super::{
    Budget,
    fetches::{self, Source},
    graph::{Graph, MoveId},
    search::{Failure, Search, Selection},
};
use crate::{operation::Operation, schema::Supergraph};

/// Other selections that are tried at most.
const TRIES_MAX: usize = 24;
/// Facts that all tries together may go over, about: a large operation gets few tries.
const FACTS_MAX: usize = 4_000;

/// Selects a derivation of everything the client asked for; the moves in `without` count for nothing.
pub(super) fn search(
    (supergraph, operation): (&Supergraph, &Operation),
    (graph, budget): (&Graph, &Budget),
    without: Vec<MoveId>,
) -> Result<Selection, Failure> {
    let search = Search::new((graph, budget), without)?;
    let first = search.select(&[])?;
    let mut tries = (FACTS_MAX / graph.facts.facts.len().max(1)).min(TRIES_MAX);
    if first.open.is_empty() || tries == 0 {
        return Ok(first);
    }
    let cost = |selection: &Selection| {
        let source = Source {
            supergraph,
            operation,
            graph,
            selection,
        };
        cost(fetches::schedule(&source))
    };
    let mut best = (cost(&first), first);
    let mut detours = detours(graph, &best.1).into_iter();
    while let Some(detour) = detours.next().filter(|_| tries > 0) {
        tries -= 1;
        let barred: Vec<MoveId> = best.1.barred.iter().copied().chain(detour).collect();
        let other = match search.select(&barred) {
            Ok(other) => other,
            Err(Failure::Lost(_)) => continue,
            Err(stopped) => return Err(stopped),
        };
        let other = (cost(&other), other);
        if other.0 < best.0 {
            best = other;
            detours = self::detours(graph, &best.1).into_iter();
        }
    }
    Ok(best.1)
}

/// A request counts two thirds of a stage that everything after it waits for.
pub(super) fn cost((requests, stages): (usize, usize)) -> usize {
    requests * 2 + stages * 3
}

/// What may be left out: for each choice that had an alternative, all ways into the subgraph at all positions where it
/// was chosen so, and then at each of them.
fn detours(graph: &Graph, selection: &Selection) -> Vec<Vec<MoveId>> {
    let facts = &graph.facts;
    let mut entered: Vec<_> = selection
        .open
        .iter()
        .filter_map(|step| facts.state(facts.output(*step)))
        .map(|state| (state.subgraph, state.position))
        .collect();
    entered.sort_unstable();
    entered.dedup();
    let ways_in = |(subgraph, position)| {
        let states = graph.states[crate::planner::graph::NodeId::index(position)].iter();
        let there = states.filter(move |fact| {
            let state = facts.state(*fact);
            state.is_some_and(|state| state.subgraph == subgraph)
        });
        let moves = there.flat_map(|fact| facts.made_by(fact).iter().copied());
        moves.filter(|step| facts.kind(*step).enters())
    };
    let mut detours: Vec<Vec<MoveId>> = Vec::new();
    for alike in entered
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|all| all.len() > 1)
    {
        detours.push(alike.iter().copied().flat_map(ways_in).collect());
    }
    for one in entered {
        detours.push(ways_in(one).collect());
    }
    detours
}
