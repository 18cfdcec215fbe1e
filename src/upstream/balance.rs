//! Which of several endpoints a request goes to.
//!
//! Every policy shares requests by weight. Nothing here remembers: what is compared stands in the members, so that the
//! threads that pick at the same time need no lock.

use super::{
    Percent,
    member::{Member, mix},
};
use serde::Deserialize;
use smallvec::SmallVec;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// The setting `load_balancing`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoadBalancing {
    pub policy: Policy,
    /// How long the share of an endpoint that joins or comes back grows, until it is whole.
    pub slow_start: Option<Duration>,
    /// With less than this part of the weights well, health is not looked at: what is left would only be overrun.
    pub panic_threshold: Percent,
}

/// How an endpoint is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// They take turns.
    RoundRobin,
    /// Of two that are drawn, the one with fewer requests in flight for its weight.
    #[default]
    LeastRequest,
    /// Of two that are drawn, the one that is expected to answer first.
    PeakEwma,
    /// The one that a key belongs to, as long as it is there.
    ConsistentHash,
}

/// What a choice depends on, beside the members.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    pub(super) now: Instant,
    /// How many choices there were before.
    pub(super) turn: usize,
    /// What requests that belong together have in common.
    pub(super) hash: Option<u64>,
    /// An endpoint that has failed already, by its id.
    pub(super) avoid: Option<u64>,
}

/// How long an answer is expected to take before there was one: little, so that everyone is tried.
const UNMEASURED: Duration = Duration::from_millis(1);

type Weights = SmallVec<[f64; 16]>;

impl LoadBalancing {
    /// The member that a request goes to. None if there is none that could take it.
    pub(super) fn choose<'m>(
        &self,
        members: &'m [Arc<Member>],
        choice: Choice,
    ) -> Option<&'m Arc<Member>> {
        let mut weights = self.weights(members, choice.now);
        let failed = choice.avoid.and_then(|failed| {
            let mut members = members.iter();
            members.position(|member| member.place.id == failed)
        });
        if let Some(failed) = failed
            && weights.iter().sum::<f64>() > weights[failed]
        {
            weights[failed] = 0.0;
        }
        let chosen = match (self.policy, choice.hash) {
            (Policy::ConsistentHash, Some(hash)) => owner(members, &weights, hash),
            (Policy::RoundRobin, _) => turn(&weights, choice.turn),
            (Policy::PeakEwma, _) => draw_two(&weights, |index, share| {
                let member = &members[index];
                let ewma = member.ewma(choice.now).unwrap_or(UNMEASURED);
                ewma.as_secs_f64() * (1.0 + f64::from(member.in_flight()) / share)
            }),
            (Policy::LeastRequest | Policy::ConsistentHash, _) => {
                draw_two(&weights, |index, share| {
                    f64::from(members[index].in_flight()) / share
                })
            }
        };
        chosen.map(|index| &members[index])
    }

    /// What each counts for: nothing if it is out, unless too many are.
    fn weights(&self, members: &[Arc<Member>], now: Instant) -> Weights {
        // A key would move while a weight grows.
        let slow_start = match self.policy {
            Policy::ConsistentHash => Duration::ZERO,
            _ => self.slow_start.unwrap_or_default(),
        };
        let (mut all, mut well) = (0.0, 0.0);
        let mut weigh = |member: &Arc<Member>| {
            let weight = member.weight_at(now, slow_start);
            all += f64::from(member.weight);
            if !member.is_available(now) {
                return 0.0;
            }
            well += f64::from(member.weight);
            weight
        };
        let weights = members.iter().map(&mut weigh).collect();
        if well < all * self.panic_threshold.ratio() {
            let weights = members.iter().map(|member| f64::from(member.weight));
            return weights.collect();
        }
        weights
    }
}

/// Whose turn it is. Equal weights take turns one by one. Others are dealt out by the golden ratio, which never comes
/// back to where it was: any run of turns is spread as evenly as can be without remembering who had one.
fn turn(weights: &Weights, turn: usize) -> Option<usize> {
    const GOLDEN_RATIO: f64 = 0.618_033_988_749_894_9;
    let mut present = weights
        .iter()
        .enumerate()
        .filter(|(_, weight)| **weight > 0.0);
    let (_, first) = present.clone().next()?;
    if present.clone().all(|(_, weight)| weight == first) {
        let nth = turn % present.clone().count();
        return present.nth(nth).map(|(index, _)| index);
    }
    // More turns than a number of this kind tells apart would always be the same one.
    let turn = (turn & 0xffff_ffff) as f64;
    at(
        weights,
        (turn * GOLDEN_RATIO).fract() * weights.iter().sum::<f64>(),
    )
}

/// Draws two by weight, and gives the one for which less is expected; the first, if there is no difference. What is
/// expected is told for an endpoint and its share, where the mean share is 1.
fn draw_two(weights: &Weights, expected: impl Fn(usize, f64) -> f64) -> Option<usize> {
    let sum: f64 = weights.iter().sum();
    let first = at(weights, fastrand::f64() * sum)?;
    let mut others = weights.clone();
    others[first] = 0.0;
    let Some(second) = at(&others, fastrand::f64() * (sum - weights[first])) else {
        return Some(first);
    };
    let mean = sum / weights.len() as f64;
    let expected = |index: usize| expected(index, weights[index] / mean);
    Some(if expected(second) < expected(first) {
        second
    } else {
        first
    })
}

/// Whose weight this point lies in, if the weights stand in a row.
fn at(weights: &Weights, mut point: f64) -> Option<usize> {
    let mut last = None;
    for (index, weight) in weights
        .iter()
        .enumerate()
        .filter(|(_, weight)| **weight > 0.0)
    {
        last = Some(index);
        if point < *weight {
            break;
        }
        point -= weight;
    }
    last
}

/// Who a key belongs to: everyone draws a number that depends on the key and on nobody else (rendezvous hashing), so that
/// a key moves only when its owner goes, or to one that joins.
fn owner(members: &[Arc<Member>], weights: &Weights, hash: u64) -> Option<usize> {
    let mut best = None;
    for (index, weight) in weights
        .iter()
        .enumerate()
        .filter(|(_, weight)| **weight > 0.0)
    {
        // Between 0 and 1, never either: the time until the first of so many events.
        let drawn = ((mix(hash ^ members[index].key) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        let time = -drawn.ln() / weight;
        if best.is_none_or(|(_, least)| time < least) {
            best = Some((index, time));
        }
    }
    best.map(|(index, _)| index)
}

#[cfg(test)]
mod tests;
