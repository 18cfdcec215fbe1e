//! The circuit breaker of an upstream: while most calls fail, no more are made, but for a few that try whether it is over.
//!
//! A state machine that is told the time. Every call asks [`Breaker::admit`] and ends in [`Breaker::record`] or, when
//! whoever began it has gone, in [`Breaker::withdraw`]: a probe that is never heard of again would keep it half open.

use super::Percent;
use serde::Deserialize;
use std::time::Duration;
use tokio::time::Instant;

/// The setting `circuit_breaker`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CircuitBreaker {
    /// It opens when so many of the calls within the window have failed…
    pub error_ratio: Percent,
    pub window: Duration,
    /// …of at least so many…
    pub minimum_requests: u32,
    /// …or when so many calls in a row have. 0: their number does not matter.
    pub consecutive_failures: u32,
    /// How long it then stays open.
    pub open_for: Duration,
    /// How many calls then try. If all of them succeed, it closes; if one fails, it opens again.
    pub half_open_requests: u32,
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self {
            error_ratio: Percent::new(50),
            window: Duration::from_secs(10),
            minimum_requests: 20,
            consecutive_failures: 0,
            open_for: Duration::from_secs(30),
            half_open_requests: 3,
        }
    }
}

/// How finely the window is divided: what it holds is up to a tenth older than it says.
const SLICES: u32 = 10;

/// The breaker.
#[derive(Debug)]
pub(super) struct Breaker {
    config: CircuitBreaker,
    state: State,
    /// How often the state has changed. What was admitted before the last change says nothing any more.
    changes: u64,
}

#[derive(Debug)]
enum State {
    Closed(Window),
    Open { until: Instant },
    HalfOpen { admitted: u32, succeeded: u32 },
}

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Closed,
    Open,
    HalfOpen,
}

/// A call that was let through.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Admission {
    changes: u64,
}

/// The calls of the last while.
#[derive(Debug, Default)]
struct Window {
    slices: [Slice; SLICES as usize],
    /// The slice of the last call, counted from the first.
    last: u64,
    began: Option<Instant>,
    in_a_row: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slice {
    calls: u32,
    failures: u32,
}

impl Breaker {
    pub(super) fn new(config: CircuitBreaker) -> Self {
        Self {
            config,
            state: State::Closed(Window::default()),
            changes: 0,
        }
    }

    /// Lets a call through, or says how long none will be.
    pub(super) fn admit(&mut self, now: Instant) -> Result<Admission, Duration> {
        if let State::Open { until } = self.state {
            if now < until {
                return Err(until - now);
            }
            self.turn(State::HalfOpen {
                admitted: 0,
                succeeded: 0,
            });
        }
        if let State::HalfOpen { admitted, .. } = &mut self.state {
            if *admitted >= self.config.half_open_requests.max(1) {
                return Err(Duration::ZERO);
            }
            *admitted += 1;
        }
        Ok(Admission {
            changes: self.changes,
        })
    }

    /// Takes in how a call went.
    pub(super) fn record(&mut self, admission: Admission, failed: bool, now: Instant) {
        if admission.changes != self.changes {
            return;
        }
        let opens = match &mut self.state {
            State::Closed(window) => {
                window.record(failed, now, self.config.window);
                failed && window.is_too_bad(&self.config)
            }
            State::HalfOpen { succeeded, .. } => {
                *succeeded += u32::from(!failed);
                if *succeeded >= self.config.half_open_requests.max(1) {
                    self.turn(State::Closed(Window::default()));
                }
                failed
            }
            State::Open { .. } => false,
        };
        if opens {
            let until = now + self.config.open_for;
            self.turn(State::Open { until });
        }
    }

    /// A call ended without telling anything: another may try in its place.
    pub(super) fn withdraw(&mut self, admission: Admission) {
        if admission.changes == self.changes
            && let State::HalfOpen { admitted, .. } = &mut self.state
        {
            *admitted = admitted.saturating_sub(1);
        }
    }

    /// Where it stands.
    pub(super) fn standing(&self) -> Standing {
        match self.state {
            State::Closed(_) => Standing::Closed,
            State::Open { .. } => Standing::Open,
            State::HalfOpen { .. } => Standing::HalfOpen,
        }
    }

    fn turn(&mut self, state: State) {
        self.state = state;
        self.changes += 1;
    }
}

impl Window {
    fn record(&mut self, failed: bool, now: Instant, length: Duration) {
        let began = *self.began.get_or_insert(now);
        let slice_nanos = (length.as_nanos() / u128::from(SLICES)).max(1);
        let at = now.saturating_duration_since(began).as_nanos() / slice_nanos;
        let at = u64::try_from(at).unwrap_or(u64::MAX);
        // What has left the window since then.
        for gone in (self.last + 1..=at).take(SLICES as usize) {
            self.slices[(gone % u64::from(SLICES)) as usize] = Slice::default();
        }
        self.last = self.last.max(at);
        let slice = &mut self.slices[(self.last % u64::from(SLICES)) as usize];
        slice.calls = slice.calls.saturating_add(1);
        slice.failures = slice.failures.saturating_add(u32::from(failed));
        self.in_a_row = if failed {
            self.in_a_row.saturating_add(1)
        } else {
            0
        };
    }

    fn is_too_bad(&self, config: &CircuitBreaker) -> bool {
        let (calls, failures) = self.slices.iter().fold((0_u64, 0_u64), |sum, slice| {
            (
                sum.0 + u64::from(slice.calls),
                sum.1 + u64::from(slice.failures),
            )
        });
        let by_ratio = calls >= u64::from(config.minimum_requests.max(1))
            && failures * 100 >= calls * u64::from(config.error_ratio.get());
        let in_a_row = config.consecutive_failures;
        by_ratio || in_a_row > 0 && self.in_a_row >= in_a_row
    }
}

#[cfg(test)]
mod tests;
