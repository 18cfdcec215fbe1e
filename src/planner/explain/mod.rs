//! Why a plan is as it is, and why there is none.
//!
//! An explanation is read off the graph and the selection that a plan was assembled from, so planning keeps nothing for
//! it. What would be if something were otherwise is found by searching again, with some moves taken away or added:
//! nothing is said of it that the search did not compute.

mod choices;
mod explanation;
mod paths;
mod reasons;
mod set_text;
mod text;
mod trials;
mod unreachable;

use super::fetches::{Outline, Source};
use super::graph::{Graph, MoveId, MoveKind};
use super::search::{Costs, Selection};
use super::{Budget, FetchId};
use crate::operation::Operation;
use crate::schema::Supergraph;
use reasons::Reasons;
use trials::Trials;

pub use explanation::{
    Alternative, Change, Entered, Explanation, FetchReasons, Need, Passed, Provided, Purpose,
    Required, Saving, Size,
};
pub(super) use unreachable::unreachable;

/// Explains what was selected.
pub(super) fn explain<'a>(
    (supergraph, operation): (&'a Supergraph, &'a Operation),
    mut graph: Graph<'a>,
    selection: &Selection,
) -> Explanation {
    let real = graph.facts.weights().len();
    let (outline, ideas) = {
        let source = &Source {
            supergraph,
            operation,
            graph: &graph,
            selection,
        };
        let outline = Outline::of(source);
        let reasons = Reasons {
            source,
            outline: &outline,
        };
        let ideas: Vec<_> = (0..outline.requests.len())
            .map(|request| reasons.idea(request))
            .collect();
        (outline, ideas)
    };
    let mut might: Vec<Option<(Vec<Change>, Vec<MoveId>)>> = Vec::new();
    let mut moves = real as u32..;
    for idea in ideas {
        might.push(idea.map(|idea| {
            let count = idea.moves.len();
            for (output, inputs) in idea.moves {
                let inside = (1, MoveKind::Within);
                graph.facts.connect(output, inputs, inside);
            }
            (
                idea.changes,
                moves.by_ref().take(count).map(MoveId).collect(),
            )
        }));
    }
    graph.facts.seal();
    let source = &Source {
        supergraph,
        operation,
        graph: &graph,
        selection,
    };
    let reasons = Reasons {
        source,
        outline: &outline,
    };
    let trials = Trials {
        supergraph,
        operation,
        graph: &graph,
        real,
        budget: Budget::usual(),
        made: 0,
    };
    describe(&reasons, trials, might)
}

/// Puts together what is said of each request. `might`: by request, changes and the moves that they add.
fn describe(
    reasons: &Reasons,
    mut trials: Trials,
    might: Vec<Option<(Vec<Change>, Vec<MoveId>)>>,
) -> Explanation {
    let plan = trials::size(reasons.outline);
    let taken = reasons.taken();
    let moves = trials.graph.facts.weights().len();
    let might_be: Vec<MoveId> = (trials.real as u32..moves as u32).map(MoveId).collect();
    let costs = Costs::new(&trials.graph.facts, &might_be);
    let requests = reasons.outline.requests.iter().enumerate().zip(might);
    let fetches = requests.map(|((index, request), might)| {
        let brings = taken.iter().enumerate().filter_map(|(later, taken)| {
            let needs = taken.get(&index).filter(|needs| !needs.is_empty())?;
            Some(reasons.passed(later, needs))
        });
        let waits_for = taken[index]
            .iter()
            .map(|(&earlier, needs)| reasons.passed(earlier, needs));
        let provided = reasons.provided(index, &mut trials);
        let (alternatives, only_here) = reasons.alternatives(index, (&mut trials, &costs));
        FetchReasons {
            fetch: FetchId(index as u32),
            subgraph: reasons
                .source
                .supergraph
                .subgraph(request.subgraph)
                .name
                .clone(),
            stage: request.stage + 1,
            answers: reasons.answers(index),
            brings: brings.collect(),
            entered: reasons.entered(request),
            waits_for: waits_for.collect(),
            provided,
            only_here,
            alternatives,
            saved_if: might
                .and_then(|(changes, moves)| reasons.saving(changes, (&mut trials, &plan), moves)),
        }
    });
    Explanation {
        plan,
        fetches: fetches.collect(),
        is_cut: trials.is_over(),
    }
}
