//! Groups → requests.
//!
//! Groups of one subgraph and level go out together. So do those of other levels where that makes no chain of requests
//! longer: what is ready early then waits for the rest.

use crate::planner::graph::NodeId;
use crate::schema::SubgraphId;
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet};

/// When and where a group goes: (mutation run, level, subgraph, position, whether it is a root).
pub(super) type Key = (usize, usize, SubgraphId, NodeId, bool);

/// Groups that go out in one request.
pub(super) struct Batch {
    pub(super) groups: Vec<usize>,
    /// The batches it waits for, without those that others of them wait for.
    pub(super) after: Vec<usize>,
}

/// More requests than this are not looked through for others to go out with.
const JOINED_MAX: usize = 64;

/// Puts groups into requests; `after`: by group, the groups it waits for. They are in an order in which every one comes
/// after those it waits for.
pub(super) fn batch(keys: &[Key], after: &[BTreeSet<usize>]) -> Vec<Batch> {
    let mut requests = requests(keys, after);
    if requests.len() <= JOINED_MAX {
        join(&mut requests);
    }
    let depths = depths(&requests);
    let mut order: Vec<usize> = (0..requests.len()).collect();
    order.retain(|at| !requests[*at].groups.is_empty());
    order.sort_by_key(|at| (requests[*at].run, depths[*at], *at));
    let mut place = vec![0; requests.len()];
    for (index, at) in order.iter().enumerate() {
        place[*at] = index;
    }
    reduced(order.into_iter().map(|at| {
        let request = std::mem::take(&mut requests[at]);
        let after = request.after.iter().map(|at| place[*at]).collect();
        (request.groups, after)
    }))
}

/// The longest chain of requests that wait for each other.
pub(super) fn depth(batches: &[Batch]) -> usize {
    let mut depths: Vec<usize> = Vec::with_capacity(batches.len());
    for batch in batches {
        let before = batch.after.iter().map(|at| depths[*at]).max();
        depths.push(before.unwrap_or(0) + 1);
    }
    depths.into_iter().max().unwrap_or(0)
}

/// A request while groups are put together.
#[derive(Default)]
struct Request {
    run: usize,
    /// None: root fields, which go out alone.
    joins: Option<SubgraphId>,
    groups: Vec<usize>,
    after: BTreeSet<usize>,
}

/// One request for all groups of a subgraph, run and level; one for each root.
fn requests(keys: &[Key], after: &[BTreeSet<usize>]) -> Vec<Request> {
    let mut index: BTreeMap<_, usize> = BTreeMap::new();
    let mut requests: Vec<Request> = Vec::new();
    let mut of_group = Vec::with_capacity(keys.len());
    for (group, (run, level, subgraph, position, is_root)) in keys.iter().copied().enumerate() {
        let key = (run, level, subgraph, is_root.then_some(position));
        let at = *index.entry(key).or_insert(requests.len());
        if at == requests.len() {
            requests.push(Request {
                run,
                joins: (!is_root).then_some(subgraph),
                ..Request::default()
            });
        }
        requests[at].groups.push(group);
        of_group.push(at);
    }
    for (group, waits) in after.iter().enumerate() {
        let after = waits.iter().map(|earlier| of_group[*earlier]);
        requests[of_group[group]].after.extend(after);
    }
    // The fields of a mutation run one after the other, each with all that depends on it.
    let mut runs: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, request) in requests.iter().enumerate() {
        runs.entry(request.run).or_default().push(at);
    }
    for request in &mut requests {
        let before = request.run.checked_sub(1).and_then(|run| runs.get(&run));
        request.after.extend(before.into_iter().flatten());
    }
    requests
}

/// Joins requests to one subgraph that do not wait for each other, where no chain becomes longer.
fn join(requests: &mut [Request]) {
    let mut waits = Waits::of(requests);
    let longest = waits.longest();
    for first in 0..requests.len() {
        for second in first + 1..requests.len() {
            let alike = |a: &Request, b: &Request| {
                !a.groups.is_empty()
                    && !b.groups.is_empty()
                    && a.joins.is_some()
                    && (a.run, a.joins) == (b.run, b.joins)
            };
            if !alike(&requests[first], &requests[second])
                || waits.reaches(first, second)
                || waits.reaches(second, first)
            {
                continue;
            }
            let joined = waits.contracted(first, second);
            if joined.longest() <= longest {
                waits = joined;
                let groups = std::mem::take(&mut requests[second].groups);
                requests[first].groups.extend(groups);
            }
        }
    }
    for (request, after) in requests.iter_mut().zip(&waits.0) {
        request.after = bits(*after).collect();
    }
}

/// By request, of [`JOINED_MAX`] at most: a bit for each that it waits for.
#[derive(Clone)]
struct Waits(SmallVec<[u64; 16]>);

impl Waits {
    fn of(requests: &[Request]) -> Self {
        let mask = |request: &Request| request.after.iter().fold(0, |mask, at| mask | 1 << at);
        Self(requests.iter().map(mask).collect())
    }

    /// The same, where `first` waits for what `second` did, and all wait for `first` that waited for `second`.
    fn contracted(&self, first: usize, second: usize) -> Self {
        let mut joined = self.clone();
        joined.0[first] |= std::mem::take(&mut joined.0[second]);
        for after in &mut joined.0 {
            if *after & 1 << second != 0 {
                *after = *after & !(1 << second) | 1 << first;
            }
        }
        joined
    }

    /// Whether request `at` comes after request `earlier`.
    fn reaches(&self, at: usize, earlier: usize) -> bool {
        let (mut seen, mut open) = (0u64, self.0[at]);
        while open != 0 && seen & 1 << earlier == 0 {
            seen |= open;
            open = bits(open).fold(0, |next, at| next | self.0[at]) & !seen;
        }
        seen & 1 << earlier != 0
    }

    /// The requests before the last one in the longest chain.
    fn longest(&self) -> u8 {
        let mut depths = [u8::MAX; JOINED_MAX];
        let all = (0..self.0.len()).map(|at| self.depth(at, &mut depths));
        all.max().unwrap_or(0)
    }

    fn depth(&self, at: usize, depths: &mut [u8; JOINED_MAX]) -> u8 {
        if depths[at] == u8::MAX {
            let before = bits(self.0[at]).map(|before| self.depth(before, depths) + 1);
            depths[at] = before.max().unwrap_or(0);
        }
        depths[at]
    }
}

/// The indices of the bits that are set.
fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (mask != 0).then(|| mask.trailing_zeros() as usize)?;
        mask &= mask - 1;
        Some(bit)
    })
}

/// By request: the requests before it, in the longest chain.
fn depths(requests: &[Request]) -> Vec<usize> {
    let mut depths = vec![None; requests.len()];
    for at in 0..requests.len() {
        depth_of(requests, at, &mut depths);
    }
    depths.into_iter().flatten().collect()
}

fn depth_of(requests: &[Request], at: usize, depths: &mut [Option<usize>]) -> usize {
    if let Some(known) = depths[at] {
        return known;
    }
    let before = requests[at].after.iter();
    let before = before.map(|before| depth_of(requests, *before, depths) + 1);
    let depth = before.max().unwrap_or(0);
    depths[at] = Some(depth);
    depth
}

/// Leaves out what a batch waits for through others.
fn reduced(batches: impl Iterator<Item = (Vec<usize>, BTreeSet<usize>)>) -> Vec<Batch> {
    let mut reduced: Vec<Batch> = Vec::new();
    let mut reaches: Vec<BTreeSet<usize>> = Vec::new();
    for (groups, direct) in batches {
        let through = direct.iter().flat_map(|earlier| reaches[*earlier].iter());
        let indirect: BTreeSet<usize> = through.copied().collect();
        let after = direct.difference(&indirect).copied().collect();
        reaches.push(direct.union(&indirect).copied().collect());
        reduced.push(Batch { groups, after });
    }
    reduced
}
