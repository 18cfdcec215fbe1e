//! How many requests the whole router takes: a token bucket.
//!
//! It protects the router, whoever asks, so it stands before everything that costs something, and what it refuses is
//! 503 rather than 429. What was taken from the bucket outlives a reload.

use super::{Code, Refusal, rates::Style};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock, Reference},
    middleware::{StateInformationMiddleware, StateSnapshot},
    state::{InMemoryState, NotKeyed},
};
use metrics::Gauge;
use serde::Deserialize;
use std::{
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The `ratelimit` section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// None: as many as come.
    pub global: Option<Global>,
    /// How clients are told how they stand before the limits of policies and plans.
    pub headers: Style,
}

/// `ratelimit.global`: `capacity` requests at once, refilled evenly, all of them in `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Global {
    capacity: NonZero<u32>,
    /// How long one token takes to come back.
    per_token: Duration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    capacity: u32,
    interval: Duration,
}

impl TryFrom<Written> for Global {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let capacity = NonZero::new(written.capacity)
            .ok_or("`capacity` is 0, which would refuse every request")?;
        let per_token = written.interval / capacity.get();
        if per_token.is_zero() {
            return Err("`interval` is too short for this `capacity`");
        }
        Ok(Self {
            capacity,
            per_token,
        })
    }
}

/// The bucket in use, so that a reload does not fill it.
#[derive(Default)]
pub(super) struct RateLimits(Mutex<Option<Arc<RateLimit>>>);

impl RateLimits {
    /// The limit with these settings: the one in use, if it has them. It is in use when it is [settled](Self::settle).
    pub(super) fn global(&self, config: &Config) -> Option<Arc<RateLimit>> {
        let settings = config.global?;
        let current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = current.clone();
        let same = same.filter(|limit| limit.settings == settings);
        same.or_else(|| Some(Arc::new(RateLimit::new(settings))))
    }

    /// Puts a limit to use. What was taken from the one before is taken from it.
    pub(super) fn settle(&self, limit: Option<&Arc<RateLimit>>) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(before), Some(limit)) = (&*current, limit)
            && !Arc::ptr_eq(before, limit)
        {
            limit.bucket.take_at_most(before.bucket.taken());
        }
        *current = limit.cloned();
    }

    /// Brings the gauge up to date: tokens come back while nobody asks.
    pub(super) fn refresh(&self) {
        let current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(limit) = &*current {
            limit.remaining.set(limit.bucket.remaining());
        }
    }
}

/// The limit of the whole router.
pub(super) struct RateLimit {
    settings: Global,
    bucket: Bucket<MonotonicClock>,
    remaining: Gauge,
}

impl RateLimit {
    fn new(settings: Global) -> Self {
        metrics::describe_gauge!(
            "api_rate_limit_remaining",
            "Requests that ratelimit.global would let through now."
        );
        Self {
            settings,
            bucket: Bucket::new(settings, MonotonicClock),
            remaining: metrics::gauge!("api_rate_limit_remaining"),
        }
    }

    /// Takes a token for a request.
    pub(super) fn admit(&self) -> Result<(), Refusal> {
        self.bucket.take().map_err(|wait| Refusal {
            retry_after: Some(whole_seconds(wait)),
            ..Refusal::new(
                Code::RateLimited,
                "The router takes no more requests now (ratelimit.global)",
            )
        })
    }
}

/// Rounded up: who comes back then is let in.
fn whole_seconds(wait: Duration) -> u32 {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    u32::try_from(seconds.max(1)).unwrap_or(u32::MAX)
}

/// A token bucket by a clock.
struct Bucket<C: Clock> {
    limiter: RateLimiter<NotKeyed, InMemoryState, C, StateInformationMiddleware>,
    clock: C,
    start: C::Instant,
    settings: Global,
    /// When it will be full again if nobody takes a token until then, in nanoseconds since `start`. The limiter tells
    /// how many tokens are left only to those who take one.
    full_at: AtomicU64,
}

impl<C: Clock + Clone> Bucket<C> {
    fn new(settings: Global, clock: C) -> Self {
        let Global {
            capacity,
            per_token,
        } = settings;
        // It is none for a period of zero only, which `Global` rules out.
        let quota = Quota::with_period(per_token)
            .unwrap_or(Quota::per_second(capacity))
            .allow_burst(capacity);
        Self {
            limiter: RateLimiter::direct_with_clock(quota, clock.clone()).with_middleware(),
            start: clock.now(),
            clock,
            settings,
            full_at: AtomicU64::new(0),
        }
    }

    /// Takes a token, or says how long to wait for one.
    fn take(&self) -> Result<(), Duration> {
        match self.limiter.check() {
            Ok(state) => {
                self.took(&state);
                Ok(())
            }
            Err(not_until) => Err(not_until.wait_time_from(self.clock.now())),
        }
    }

    /// Takes so many tokens of a bucket that is full, or all that it has.
    fn take_at_most(&self, tokens: u32) {
        let tokens = NonZero::new(tokens.min(self.settings.capacity.get()));
        if let Some(Ok(Ok(state))) = tokens.map(|tokens| self.limiter.check_n(tokens)) {
            self.took(&state);
        }
    }

    /// Takes note of how many tokens are left.
    fn took(&self, state: &StateSnapshot) {
        let taken = self.settings.capacity.get() - state.remaining_burst_capacity();
        let refill = self.per_token().saturating_mul(u64::from(taken));
        let full_at = self.now().saturating_add(refill);
        self.full_at.fetch_max(full_at, Ordering::Relaxed);
    }

    /// How many tokens have not come back yet.
    fn taken(&self) -> u32 {
        self.settings.capacity.get() - self.remaining()
    }

    /// How many tokens could be taken now.
    fn remaining(&self) -> u32 {
        let refill = self
            .full_at
            .load(Ordering::Relaxed)
            .saturating_sub(self.now());
        let missing = refill.div_ceil(self.per_token());
        let capacity = self.settings.capacity.get();
        capacity.saturating_sub(u32::try_from(missing).unwrap_or(u32::MAX))
    }

    fn now(&self) -> u64 {
        self.clock.now().duration_since(self.start).as_u64()
    }

    fn per_token(&self) -> u64 {
        u64::try_from(self.settings.per_token.as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    fn bucket(capacity: u32, interval: Duration) -> (Bucket<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let settings = Global::try_from(Written { capacity, interval }).unwrap();
        (Bucket::new(settings, clock.clone()), clock)
    }

    fn take_all(bucket: &Bucket<FakeRelativeClock>) -> u32 {
        (0..).take_while(|_| bucket.take().is_ok()).count() as u32
    }

    #[test]
    fn a_full_bucket_gives_its_capacity_and_no_more() {
        let (bucket, _) = bucket(1000, Duration::from_secs(60));
        assert_eq!(bucket.remaining(), 1000);
        assert_eq!(take_all(&bucket), 1000);
        assert_eq!(bucket.remaining(), 0);
        assert_eq!(bucket.take(), Err(Duration::from_millis(60)));
    }

    #[test]
    fn tokens_come_back_evenly_up_to_the_capacity() {
        let (bucket, clock) = bucket(1000, Duration::from_secs(60));
        take_all(&bucket);
        clock.advance(Duration::from_millis(59));
        assert_eq!(
            (bucket.remaining(), bucket.take()),
            (0, Err(Duration::from_millis(1)))
        );
        clock.advance(Duration::from_millis(1));
        assert_eq!((bucket.remaining(), take_all(&bucket)), (1, 1));
        clock.advance(Duration::from_secs(6));
        assert_eq!((bucket.remaining(), take_all(&bucket)), (100, 100));
        clock.advance(Duration::from_secs(3600));
        assert_eq!((bucket.remaining(), take_all(&bucket)), (1000, 1000));
    }

    #[test]
    fn what_remains_is_what_was_not_taken() {
        let (bucket, clock) = bucket(10, Duration::from_secs(10));
        for left in (6..10).rev() {
            assert_eq!(bucket.take(), Ok(()));
            assert_eq!(bucket.remaining(), left);
        }
        clock.advance(Duration::from_millis(2500));
        assert_eq!(bucket.remaining(), 8);
    }

    #[test]
    fn the_wait_is_told_in_whole_seconds_that_suffice() {
        assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
        assert_eq!(whole_seconds(Duration::from_secs(2)), 2);
        assert_eq!(whole_seconds(Duration::from_millis(2001)), 3);
    }

    #[test]
    fn a_reload_keeps_what_was_taken() {
        let settings = |capacity| Config {
            global: Some(
                Global::try_from(Written {
                    capacity,
                    interval: Duration::from_secs(3600),
                })
                .unwrap(),
            ),
            ..Config::default()
        };
        let limits = RateLimits::default();
        let first = limits.global(&settings(2)).unwrap();
        limits.settle(Some(&first));
        assert!(first.admit().is_ok());
        assert!(first.admit().is_ok());

        // One that is never served changes nothing.
        limits.global(&settings(9)).unwrap();
        assert!(limits.global(&Config::default()).is_none());
        let same = limits.global(&settings(2)).unwrap();
        assert!(Arc::ptr_eq(&same, &first));
        let refusal = same.admit().unwrap_err();
        assert_eq!(
            (refusal.code, refusal.retry_after),
            (Code::RateLimited, Some(1800))
        );

        // Of three, two are taken; of one, all.
        let larger = limits.global(&settings(3)).unwrap();
        limits.settle(Some(&larger));
        assert_eq!(larger.bucket.remaining(), 1);
        assert!(larger.admit().is_ok());
        assert!(larger.admit().is_err());
        let smaller = limits.global(&settings(1)).unwrap();
        limits.settle(Some(&smaller));
        assert!(smaller.admit().is_err());

        // Without a limit nothing is counted.
        limits.settle(None);
        let fresh = limits.global(&settings(1)).unwrap();
        assert!(fresh.admit().is_ok());
    }
}
