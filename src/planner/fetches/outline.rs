//! A selection as requests, without their text: what explanations read and compare.

use super::{
    Source,
    group::{Grouping, Reads, group},
};
use crate::planner::graph::FactId;
use crate::schema::SubgraphId;

/// The requests of a selection; a [`super::FetchId`] indexes them.
pub(in crate::planner) struct Outline {
    pub requests: Vec<Request>,
    /// By fact: the requests in which it is established.
    homes: Vec<Vec<usize>>,
}

/// A request of a selection.
pub(in crate::planner) struct Request {
    pub subgraph: SubgraphId,
    /// The requests it waits for, without those that these wait for.
    pub after: Vec<usize>,
    /// How many requests come before it, one after the other.
    pub stage: usize,
    /// The selected facts that are entered in it.
    pub entries: Vec<FactId>,
    /// How many fields it reads.
    pub fields: usize,
}

impl Outline {
    /// The requests of what `source` selects.
    pub(in crate::planner) fn of(source: &Source) -> Self {
        let grouped = group(source);
        let facts = source.graph.facts.facts.len();
        let mut entered_in: Vec<Option<usize>> = vec![None; facts];
        let mut requests: Vec<Request> = Vec::new();
        for batch in grouped.batches {
            let groups = batch.groups.iter().map(|&index| &grouped.groups[index]);
            let entries = groups.clone().flat_map(|group| &group.entries);
            let entries: Vec<FactId> = entries.map(|entry| entry.fact).collect();
            for entry in &entries {
                entered_in[entry.index()] = Some(requests.len());
            }
            let fields = groups
                .clone()
                .map(|group| Reads::of(group.entries.iter()).nodes().count());
            let earlier = batch.after.iter().map(|&earlier| requests[earlier].stage);
            requests.push(Request {
                subgraph: groups
                    .clone()
                    .next()
                    .map_or(SubgraphId(0), |group| group.subgraph),
                stage: earlier.max().map_or(0, |last| last + 1),
                after: batch.after,
                entries,
                fields: fields.sum(),
            });
        }
        let mut grouping = Grouping::new(source);
        let mut homes_of = |fact: FactId| {
            if !source.selection.contains(fact) {
                return Vec::new();
            }
            let entries = grouping.entries_of(fact);
            let mut homes: Vec<usize> = entries
                .iter()
                .filter_map(|entry| entered_in[entry.index()])
                .collect();
            homes.sort_unstable();
            homes.dedup();
            homes
        };
        let homes = (0..facts as u32)
            .map(|fact| homes_of(FactId(fact)))
            .collect();
        Self { requests, homes }
    }

    /// The requests in which a fact is established.
    pub(in crate::planner) fn homes(&self, fact: FactId) -> &[usize] {
        &self.homes[fact.index()]
    }
}
