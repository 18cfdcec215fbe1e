//! What the plan would cost if something were otherwise: the search, run again.

use super::explanation::Size;
use crate::operation::Operation;
use crate::planner::fetches::{Outline, Source};
use crate::planner::graph::{Graph, MoveId};
use crate::planner::search::Failure;
use crate::planner::{Budget, improve};
use crate::schema::Supergraph;

/// How many searches one explanation may take.
const TRIALS_MAX: usize = 256;

/// Searches over one graph, which has moves that stand for what might be; without a word they do not count.
pub(super) struct Trials<'s, 'a> {
    pub(super) supergraph: &'a Supergraph,
    pub(super) operation: &'a Operation,
    pub(super) graph: &'s Graph<'a>,
    /// The first move that stands for what might be.
    pub(super) real: usize,
    /// What all searches together may take.
    pub(super) budget: Budget<'static>,
    /// How many searches were made.
    pub(super) made: usize,
}

impl Trials<'_, '_> {
    /// Whether no more searches are made.
    pub(super) fn is_over(&self) -> bool {
        self.made >= TRIALS_MAX
    }

    /// What the plan costs without some moves, and with some of those that might be. None: there is no plan, or too
    /// much was tried.
    pub(super) fn size(
        &mut self,
        without: impl IntoIterator<Item = MoveId>,
        with: impl IntoIterator<Item = MoveId>,
    ) -> Option<Size> {
        if self.is_over() {
            return None;
        }
        self.made += 1;
        let with: Vec<MoveId> = with.into_iter().collect();
        let moves = self.graph.facts.weights().len();
        let might = (self.real as u32..moves as u32).map(MoveId);
        let without = might
            .filter(|step| !with.contains(step))
            .chain(without)
            .collect();
        let planned = (self.supergraph, self.operation);
        let selection = match improve::search(planned, (self.graph, &self.budget), without) {
            Ok(selection) => selection,
            Err(Failure::Lost(_)) => return None,
            Err(Failure::Stopped(_)) => {
                self.made = TRIALS_MAX;
                return None;
            }
        };
        let outline = Outline::of(&Source {
            supergraph: self.supergraph,
            operation: self.operation,
            graph: self.graph,
            selection: &selection,
        });
        Some(size(&outline))
    }
}

/// What the search compares plans by; less is better. Fields only tell apart what is equal otherwise.
pub(super) fn rank(size: &Size) -> (usize, usize) {
    (improve::cost((size.requests, size.stages)), size.fields)
}

/// What the requests of an outline cost.
pub(super) fn size(outline: &Outline) -> Size {
    let requests = outline.requests.iter();
    Size {
        requests: requests.len(),
        stages: requests
            .clone()
            .map(|request| request.stage + 1)
            .max()
            .unwrap_or(0),
        fields: requests.map(|request| request.fields).sum(),
    }
}
