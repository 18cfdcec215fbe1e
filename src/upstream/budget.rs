//! The retry budget of an upstream: how many of its requests may be ones that were sent before.
//!
//! A bucket of tokens. Each request puts a part of one in, each retry takes one out, and some are there in any case, so
//! that an upstream with little traffic can be tried again. When everything fails, retries are then a fixed part of
//! the load instead of a multiple of it.

use super::Percent;
use serde::Deserialize;
use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};
use tokio::time::Instant;

/// The setting `retry.budget`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryBudget {
    /// Retries for a hundred requests.
    pub percent: Percent,
    /// Retries a second that are allowed without any requests.
    pub min_per_second: u16,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self {
            percent: Percent::new(20),
            min_per_second: 10,
        }
    }
}

/// What a retry takes out.
const RETRY: i64 = 100;
/// How many retries can be saved up, in seconds of `min_per_second` and by requests.
const SAVED_SECONDS: i64 = 10;
const SAVED_RETRIES: i64 = 100;

/// The bucket.
#[derive(Debug)]
pub(super) struct Budget {
    config: RetryBudget,
    began: Instant,
    /// In hundredths of a retry.
    balance: AtomicI64,
    /// Until when the tokens of `min_per_second` are in, in milliseconds from the beginning.
    refilled: AtomicU64,
}

impl Budget {
    pub(super) fn new(config: RetryBudget, now: Instant) -> Self {
        Self {
            config,
            began: now,
            balance: AtomicI64::new(Self::reserve(config)),
            refilled: AtomicU64::new(0),
        }
    }

    fn reserve(config: RetryBudget) -> i64 {
        i64::from(config.min_per_second) * SAVED_SECONDS * RETRY
    }

    fn most(&self) -> i64 {
        Self::reserve(self.config) + SAVED_RETRIES * RETRY
    }

    /// A request is sent for the first time.
    pub(super) fn deposit(&self) {
        let percent = i64::from(self.config.percent.get());
        // Whoever puts in at the same moment may exceed the most by as much.
        if self.balance.load(Ordering::Relaxed) + percent <= self.most() {
            self.balance.fetch_add(percent, Ordering::Relaxed);
        }
    }

    /// Whether a request may be sent once more.
    pub(super) fn withdraw(&self, now: Instant) -> bool {
        self.refill(now);
        let taken = self
            .balance
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |balance| {
                (balance >= RETRY).then_some(balance - RETRY)
            });
        taken.is_ok()
    }

    fn refill(&self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.began);
        let elapsed = elapsed.min(Duration::from_secs(u64::from(u16::MAX) * 86_400));
        let until = elapsed.as_millis() as u64;
        let since = self.refilled.fetch_max(until, Ordering::Relaxed);
        // What is due at both times, so that no fraction is lost between them.
        let due =
            |millis: u64| millis as i64 * i64::from(self.config.min_per_second) * RETRY / 1000;
        let tokens = due(until).saturating_sub(due(since)).max(0);
        let most = self.most();
        let filled = |balance: i64| Some(balance.saturating_add(tokens).min(most.max(balance)));
        // The closure always gives a value.
        let _ = self
            .balance
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, filled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever comes in whatever order, retries stay below their part of the requests and what is free.
        #[test]
        fn retries_stay_within_the_budget(
            percent in 0_u32..=100,
            min_per_second in 0_u16..20,
            steps in prop::collection::vec((any::<bool>(), 0_u64..400), 1..300),
        ) {
            let config = RetryBudget { percent: Percent::new(percent), min_per_second };
            let began = Instant::now();
            let budget = Budget::new(config, began);
            let (mut now, mut requests, mut retries) = (began, 0_u64, 0_u64);
            for (is_request, pause) in steps {
                now += Duration::from_millis(pause);
                if is_request {
                    requests += 1;
                    budget.deposit();
                } else {
                    retries += u64::from(budget.withdraw(now));
                }
                let seconds = (now - began).as_secs_f64() + SAVED_SECONDS as f64;
                let allowed = requests as f64 * f64::from(percent) / 100.0
                    + seconds * f64::from(min_per_second);
                prop_assert!(retries as f64 <= allowed + 1e-6, "{retries} of {allowed}");
            }
        }
    }

    #[test]
    fn quiet_upstreams_can_be_tried_again() {
        let config = RetryBudget {
            percent: Percent::new(0),
            min_per_second: 1,
        };
        let began = Instant::now();
        let budget = Budget::new(config, began);
        let at = |seconds| began + Duration::from_secs(seconds);
        assert_eq!((0..20).filter(|_| budget.withdraw(began)).count(), 10);
        assert!(budget.withdraw(at(1)));
        assert!(!budget.withdraw(at(1)));
        assert!(budget.withdraw(at(2)));
    }

    #[test]
    fn nothing_at_all_is_possible() {
        let config = RetryBudget {
            percent: Percent::new(0),
            min_per_second: 0,
        };
        let budget = Budget::new(config, Instant::now());
        budget.deposit();
        assert!(!budget.withdraw(Instant::now() + Duration::from_secs(3600)));
    }
}
