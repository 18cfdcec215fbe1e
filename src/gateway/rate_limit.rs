//! How many requests the whole router takes: a token bucket.
//!
//! It protects the router, whoever asks, so it stands before everything that costs something, and what it refuses is
//! 503 rather than 429. The bucket outlives a reload that leaves its settings alone.

use super::{Code, Refusal, rates::Style};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock, Reference},
    middleware::StateInformationMiddleware,
    state::{InMemoryState, NotKeyed},
};
use http::Method;
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
    /// The limit with these settings: the one there is, if it has them.
    pub(super) fn global(&self, config: &Config) -> Option<Arc<RateLimit>> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = current
            .take()
            .filter(|limit| Some(limit.settings) == config.global);
        *current = same.or_else(|| Some(Arc::new(RateLimit::new(config.global?))));
        current.clone()
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

    /// Takes a token for a request. `OPTIONS` costs nothing and needs none.
    pub(super) fn admit(&self, method: &Method) -> Result<(), Refusal> {
        if *method == Method::OPTIONS {
            return Ok(());
        }
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
                let taken = self.settings.capacity.get() - state.remaining_burst_capacity();
                let refill = self.per_token().saturating_mul(u64::from(taken));
                self.full_at
                    .fetch_max(self.now().saturating_add(refill), Ordering::Relaxed);
                Ok(())
            }
            Err(not_until) => Err(not_until.wait_time_from(self.clock.now())),
        }
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
    fn a_reload_keeps_a_bucket_whose_settings_stay() {
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
        let first = limits.global(&settings(1)).unwrap();
        assert!(first.admit(&Method::POST).is_ok());
        let same = limits.global(&settings(1)).unwrap();
        let refusal = same.admit(&Method::POST).unwrap_err();
        assert_eq!(
            (refusal.code, refusal.retry_after),
            (Code::RateLimited, Some(3600))
        );
        assert!(same.admit(&Method::OPTIONS).is_ok());
        let other = limits.global(&settings(2)).unwrap();
        assert!(other.admit(&Method::POST).is_ok());
        assert!(limits.global(&Config::default()).is_none());
    }
}
