//! Upstreams that share a route's requests by weight.
//!
//! They take turns, exactly by weight; or, where a client can be told from others, each is drawn by the client's own lot.

use super::{
    destination::Destination,
    key::{mixed, number},
};
use crate::upstream::Upstream;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Upstreams and whose turn it is.
///
/// The turns are written out once, each upstream's spread evenly between the others' (smooth weighted round-robin), so
/// that a turn costs one counter, and any run of requests as long as the list is shared exactly by weight.
#[derive(Debug)]
pub(super) struct Split {
    upstreams: Vec<Arc<Upstream>>,
    shares: Vec<Share>,
    turns: Vec<u16>,
    taken: AtomicUsize,
}

/// What an upstream's part in a draw is.
#[derive(Clone, Copy, Debug)]
struct Share {
    /// Of its name, so that it does not matter in which order they are written.
    seed: u64,
    weight: u32,
}

impl Split {
    /// Shares requests between the upstreams of a destination. None if no weight is above 0, or there are too many.
    pub(super) fn of(
        destination: &Destination,
        upstreams: &BTreeMap<&str, Arc<Upstream>>,
    ) -> Option<Self> {
        let weighted = destination.shares();
        let weights: Vec<u32> = weighted.iter().map(|(_, weight)| *weight).collect();
        let shares = weighted.iter().map(|(name, weight)| Share {
            seed: number(name.as_bytes()),
            weight: *weight,
        });
        let upstream = |(name, _): &(&str, u32)| upstreams.get(name).map(Arc::clone);
        Some(Self {
            turns: turns(&weights)?,
            shares: shares.collect(),
            upstreams: weighted.iter().map(upstream).collect::<Option<_>>()?,
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

    /// The upstream of the client with this number: always the same, as long as the weights are. When one weight grows,
    /// clients move to that upstream and nowhere else.
    pub(super) fn of_client(&self, number: u64) -> &Arc<Upstream> {
        &self.upstreams[drawn(&self.shares, number)]
    }
}

/// Weighted rendezvous hashing. Each share waits for a time that is drawn from the client's number and its own, and is
/// the shorter the greater its weight (exponentially distributed); the first one wins. So each wins by weight, and a
/// greater weight can only make its own share win more.
fn drawn(shares: &[Share], number: u64) -> usize {
    let mut first = (f64::INFINITY, 0);
    for (index, share) in shares
        .iter()
        .enumerate()
        .filter(|(_, share)| share.weight > 0)
    {
        // 53 bits are what a float can hold; in the middle of its step, it is never 0 nor 1.
        let lot = mixed(number ^ share.seed) >> 11;
        let lot = (lot as f64 + 0.5) / (1_u64 << 53) as f64;
        let wait = -lot.ln() / f64::from(share.weight);
        if wait < first.0 {
            first = (wait, index);
        }
    }
    first.1
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shares(weights: &[u32]) -> Vec<Share> {
        let shares = weights.iter().enumerate().map(|(index, weight)| Share {
            seed: number(format!("upstream-{index}").as_bytes()),
            weight: *weight,
        });
        shares.collect()
    }

    fn client(index: u64) -> u64 {
        number(format!("client-{index}").as_bytes())
    }

    #[test]
    fn clients_are_drawn_by_weight() {
        for weights in [
            &[90, 10][..],
            &[1, 1],
            &[1, 2, 3, 4],
            &[9999, 1],
            &[50, 0, 50],
        ] {
            let shares = shares(weights);
            let mut counts = vec![0_u32; weights.len()];
            for index in 0..100_000 {
                counts[drawn(&shares, client(index))] += 1;
            }
            let sum: u32 = weights.iter().sum();
            let off = weights
                .iter()
                .zip(&counts)
                .filter(|(weight, _)| **weight > 0);
            let chi_square: f64 = off
                .map(|(weight, count)| {
                    let expected = 100_000.0 * f64::from(*weight) / f64::from(sum);
                    (f64::from(*count) - expected).powi(2) / expected
                })
                .sum();
            // 1 of 1000 fair draws is above, with three degrees of freedom; these draws are always the same.
            assert!(chi_square < 16.27, "{weights:?}: {counts:?}, {chi_square}");
            let without = weights
                .iter()
                .zip(&counts)
                .filter(|(weight, _)| **weight == 0);
            assert!(without.into_iter().all(|(_, count)| *count == 0));
        }
    }

    proptest! {
        #[test]
        fn a_weight_that_grows_takes_and_never_gives(
            mut weights in prop::collection::vec(0_u32..1000, 2..6),
            which in 0_usize..6,
            more in 1_u32..1000,
        ) {
            let which = which % weights.len();
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let before = shares(&weights);
            weights[which] += more;
            let after = shares(&weights);
            for index in 0..1000 {
                let (old, new) = (drawn(&before, client(index)), drawn(&after, client(index)));
                prop_assert!(new == old || new == which, "{old} -> {new}");
            }
        }

        #[test]
        fn the_order_in_which_they_are_written_does_not_matter(
            weights in prop::collection::vec(1_u32..1000, 2..6),
            client in any::<u64>(),
        ) {
            let forth = shares(&weights);
            let back: Vec<Share> = forth.iter().rev().copied().collect();
            let (one, other) = (drawn(&forth, client), drawn(&back, client));
            prop_assert_eq!(one, weights.len() - 1 - other);
        }
    }
}
