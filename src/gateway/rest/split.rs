//! Upstreams that share a route's requests by weight.

use crate::upstream::Upstream;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Upstreams and whose turn it is.
///
/// The turns are written out once, each upstream's spread evenly between the others' (smooth weighted round-robin), so
/// that a turn costs one counter, and any run of requests as long as the list is shared exactly by weight.
#[derive(Debug)]
pub(super) struct Split {
    upstreams: Vec<Arc<Upstream>>,
    turns: Vec<u16>,
    taken: AtomicUsize,
}

impl Split {
    /// Shares requests between these. None if no weight is above 0, or there are too many upstreams.
    pub(super) fn new(weighted: Vec<(Arc<Upstream>, u32)>) -> Option<Self> {
        let weights: Vec<u32> = weighted.iter().map(|(_, weight)| *weight).collect();
        let turns = turns(&weights)?;
        Some(Self {
            upstreams: weighted.into_iter().map(|(upstream, _)| upstream).collect(),
            turns,
            taken: AtomicUsize::new(0),
        })
    }

    /// The upstream whose turn it is.
    pub(super) fn next(&self) -> &Arc<Upstream> {
        let turn = match self.turns.len() {
            1 => 0,
            length => self.taken.fetch_add(1, Ordering::Relaxed) % length,
        };
        &self.upstreams[usize::from(self.turns[turn])]
    }
}

/// Who has which turn: each step everyone gains its weight, and who has most then pays the sum of all.
fn turns(weights: &[u32]) -> Option<Vec<u16>> {
    let divisor = weights.iter().copied().fold(0, greatest_common_divisor);
    if divisor == 0 || weights.len() > usize::from(u16::MAX) {
        return None;
    }
    let weights: Vec<i64> = weights
        .iter()
        .map(|weight| i64::from(weight / divisor))
        .collect();
    let sum: i64 = weights.iter().sum();
    let mut credits = vec![0_i64; weights.len()];
    let turn = |_| {
        let mut richest = 0;
        for (index, weight) in weights.iter().enumerate() {
            credits[index] += weight;
            // Ties go to the earlier one.
            if credits[index] > credits[richest] {
                richest = index;
            }
        }
        credits[richest] -= sum;
        u16::try_from(richest).ok()
    };
    (0..sum).map(turn).collect()
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}
