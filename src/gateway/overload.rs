//! How many requests are worked on at a time: more are refused at once, before they cost anything.
//!
//! A limit may be fixed, or find itself: while answers take about as long as they usually do it grows, and when they take
//! longer, because something behind is saturated, it shrinks (a gradient of latencies, as in TCP Vegas). Routes whose
//! policies say so are refused earlier or later than others.

use super::{Code, Refusal, misfit::Misfit};
use metrics::{Counter, Gauge};
use serde::Deserialize;
use std::{
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How a limit finds itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adaptive {
    pub enabled: bool,
    pub min: NonZero<u32>,
    pub max: NonZero<u32>,
    /// How often it changes, if there were requests enough to tell.
    pub interval: Duration,
    /// How many times as long as usual answers may take before it shrinks.
    pub tolerance: NonZero<u32>,
}

const fn count(number: u32) -> NonZero<u32> {
    match NonZero::new(number) {
        Some(number) => number,
        None => NonZero::<u32>::MIN,
    }
}

impl Default for Adaptive {
    fn default() -> Self {
        Self {
            enabled: false,
            min: count(20),
            max: count(2000),
            interval: Duration::from_millis(100),
            tolerance: count(2),
        }
    }
}

impl Adaptive {
    /// Checks that its numbers fit together.
    pub(super) fn check(&self) -> Result<(), Misfit> {
        let at = |key| ["traffic_shaping", "router", "adaptive_concurrency", key];
        if self.min > self.max {
            return Err(Misfit::new(&at("min"), "this is more than `max`"));
        }
        if self.interval.is_zero() {
            return Err(Misfit::new(
                &at("interval"),
                "this must be more than nothing",
            ));
        }
        Ok(())
    }
}

/// Who is refused first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    Low,
    #[default]
    Normal,
    High,
}

impl Priority {
    /// At how many requests in flight, for a limit.
    fn of(self, limit: u32) -> u32 {
        match self {
            Self::Low => limit - limit / 4,
            Self::Normal => limit,
            Self::High => limit.saturating_add(limit / 4),
        }
    }
}

/// The settings of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) fixed: Option<NonZero<u32>>,
    pub(super) adaptive: Adaptive,
}

/// The limit in use, so that a reload does not forget what it has found.
#[derive(Default)]
pub(super) struct Overloads(Mutex<Option<Arc<Overload>>>);

impl Overloads {
    /// The limit with these settings: the one in use, if it has them. It is in use when it is [settled](Self::settle).
    /// None: there is no limit.
    pub(super) fn limit(&self, settings: Settings) -> Option<Arc<Overload>> {
        if settings.fixed.is_none() && !settings.adaptive.enabled {
            return None;
        }
        let current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = current.clone();
        let same = same.filter(|overload| overload.settings == settings);
        same.or_else(|| Some(Arc::new(Overload::new(settings))))
    }

    /// Puts a limit to use.
    pub(super) fn settle(&self, limit: Option<&Arc<Overload>>) {
        if let Some(overload) = limit {
            let limit = overload.limit.load(Ordering::Relaxed);
            overload.limit_shown.set(limit);
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = limit.cloned();
    }
}

/// Counts requests in flight against a limit.
pub(super) struct Overload {
    settings: Settings,
    in_flight: AtomicU32,
    limit: AtomicU32,
    /// None: the limit is fixed.
    adaptive: Option<Window>,
    in_flight_shown: Gauge,
    limit_shown: Gauge,
    refused: Counter,
}

/// What is seen between two changes of the limit.
struct Window {
    settings: Adaptive,
    began: Instant,
    /// When the next change is due, in nanoseconds since then.
    due: AtomicU64,
    answers: AtomicU64,
    took: AtomicU64,
    in_flight_max: AtomicU32,
    gradient: Mutex<Gradient>,
}

/// A request that is worked on. It is over when this is dropped.
pub(super) struct Place<'a> {
    overload: &'a Overload,
    began: Instant,
}

impl Overload {
    fn new(settings: Settings) -> Self {
        metrics::describe_gauge!(
            "api_concurrency_limit",
            "How many requests may be worked on at a time."
        );
        metrics::describe_gauge!(
            "api_concurrency_in_flight",
            "How many requests were worked on lately."
        );
        metrics::describe_counter!(
            "api_requests_shed_total",
            "Requests that were refused because too many were worked on."
        );
        let Settings { fixed, adaptive } = settings;
        let gradient = Gradient::new(&adaptive, fixed);
        let limit = match adaptive.enabled {
            true => gradient.limit(),
            false => fixed.map_or(u32::MAX, NonZero::get),
        };
        Self {
            settings,
            in_flight: AtomicU32::new(0),
            limit: AtomicU32::new(limit),
            adaptive: adaptive.enabled.then(|| Window {
                settings: adaptive,
                began: Instant::now(),
                due: AtomicU64::new(adaptive.interval.as_nanos() as u64),
                answers: AtomicU64::new(0),
                took: AtomicU64::new(0),
                in_flight_max: AtomicU32::new(0),
                gradient: Mutex::new(gradient),
            }),
            in_flight_shown: metrics::gauge!("api_concurrency_in_flight"),
            limit_shown: metrics::gauge!("api_concurrency_limit"),
            refused: metrics::counter!("api_requests_shed_total"),
        }
    }

    /// Begins to work on a request, unless too many are worked on.
    pub(super) fn enter(&self, priority: Priority) -> Result<Place<'_>, Refusal> {
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        if before >= priority.of(self.limit.load(Ordering::Relaxed)) {
            self.in_flight.fetch_sub(1, Ordering::Relaxed);
            self.refused.increment(1);
            return Err(Refusal {
                retry_after: Some(1),
                ..Refusal::new(
                    Code::Overloaded,
                    "Too many requests are worked on (traffic_shaping.router)",
                )
            });
        }
        if let Some(window) = &self.adaptive {
            window
                .in_flight_max
                .fetch_max(before + 1, Ordering::Relaxed);
        }
        Ok(Place {
            overload: self,
            began: Instant::now(),
        })
    }

    fn leave(&self, took: Duration) {
        let before = self.in_flight.fetch_sub(1, Ordering::Relaxed);
        let Some(window) = &self.adaptive else {
            return;
        };
        let answers = window.answers.fetch_add(1, Ordering::Relaxed) + 1;
        let took = took.as_nanos() as u64;
        let took = window.took.fetch_add(took, Ordering::Relaxed) + took;
        let now = window.began.elapsed().as_nanos() as u64;
        let due = window.due.load(Ordering::Relaxed);
        if now < due || answers < ANSWERS_MIN {
            return;
        }
        // One of those who come this far at once changes the limit.
        let next = now + window.settings.interval.as_nanos() as u64;
        let changes = window
            .due
            .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed);
        if changes.is_err() {
            return;
        }
        window.answers.store(0, Ordering::Relaxed);
        window.took.store(0, Ordering::Relaxed);
        let busiest = window.in_flight_max.swap(0, Ordering::Relaxed);
        let mut gradient = window
            .gradient
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let limit = gradient.next(took as f64 / answers as f64, busiest);
        self.limit.store(limit, Ordering::Relaxed);
        self.limit_shown.set(limit);
        self.in_flight_shown.set(before);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.overload.leave(self.began.elapsed());
    }
}

/// With fewer answers nothing can be told.
const ANSWERS_MIN: u64 = 10;
/// How much of a quiet window counts for what is usual.
const USUAL: f64 = 1.0 / 200.0;
/// How much of a change is made at once.
const SMOOTH: f64 = 0.2;
/// After so many busy windows in a row it is found out anew what is usual: a minute, with the usual interval.
const BUSY_MAX: u32 = 600;
/// For so many windows there is then no queue behind.
const PROBE: u32 = 3;

/// A limit that follows latencies.
struct Gradient {
    min: f64,
    max: f64,
    tolerance: f64,
    limit: f64,
    /// How long answers take where there is no queue. 0: nothing is known.
    usual: f64,
    /// Windows in a row in which the limit was nearly reached.
    busy: u32,
}

impl Gradient {
    fn new(settings: &Adaptive, fixed: Option<NonZero<u32>>) -> Self {
        let max = fixed.map_or(settings.max, |fixed| fixed.min(settings.max));
        let min = settings.min.min(max);
        Self {
            min: f64::from(min.get()),
            max: f64::from(max.get()),
            tolerance: f64::from(settings.tolerance.get()),
            limit: f64::from(min.get().max(max.get() / 4)),
            usual: 0.0,
            busy: 0,
        }
    }

    /// The least while it is found out what is usual.
    fn limit(&self) -> u32 {
        match self.busy < BUSY_MAX {
            true => self.limit as u32,
            false => self.min as u32,
        }
    }

    /// The limit after a window in which answers took so long, and at most so many were in flight.
    fn next(&mut self, took: f64, busiest: u32) -> u32 {
        let took = took.max(1.0);
        if self.busy >= BUSY_MAX {
            self.busy += 1;
            if self.busy >= BUSY_MAX + PROBE {
                self.usual = took;
                self.busy = 0;
            }
            return self.limit();
        }
        let is_busy = f64::from(busiest) * 2.0 >= self.limit;
        self.busy = if is_busy { self.busy + 1 } else { 0 };
        if self.usual == 0.0 {
            self.usual = took;
        } else if self.usual > took {
            self.usual = self.usual * 0.9 + took * 0.1;
        } else if !is_busy {
            // What takes long while many wait is not usual.
            self.usual += (took - self.usual) * USUAL;
        }
        let gradient = (self.tolerance * self.usual / took).clamp(0.5, 1.0);
        let room = if is_busy { self.limit.sqrt() } else { 0.0 };
        let wanted = self.limit * gradient + room;
        self.limit += (wanted - self.limit) * SMOOTH;
        self.limit = self.limit.clamp(self.min, self.max);
        self.limit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(fixed: Option<u32>, adaptive: Adaptive) -> Settings {
        Settings {
            fixed: fixed.and_then(NonZero::new),
            adaptive,
        }
    }

    fn adaptive(min: u32, max: u32) -> Adaptive {
        Adaptive {
            enabled: true,
            min: count(min),
            max: count(max),
            ..Adaptive::default()
        }
    }

    #[test]
    fn so_many_are_let_in_and_the_less_urgent_refused_first() {
        let overload = Overload::new(settings(Some(8), Adaptive::default()));
        let let_in = |priority| {
            let mut places = Vec::new();
            while let Ok(place) = overload.enter(priority) {
                places.push(place);
            }
            places
        };
        let low = let_in(Priority::Low);
        assert_eq!(low.len(), 6);
        let normal = let_in(Priority::Normal);
        assert_eq!(normal.len(), 2);
        let high = let_in(Priority::High);
        assert_eq!(high.len(), 2);
        let Err(refusal) = overload.enter(Priority::High) else {
            unreachable!();
        };
        assert_eq!(
            (refusal.code, refusal.retry_after),
            (Code::Overloaded, Some(1))
        );
        drop((low, normal, high));
        assert_eq!(overload.in_flight.load(Ordering::Relaxed), 0);
        assert_eq!(let_in(Priority::Normal).len(), 8);
    }

    /// A server that works on `capacity` requests at a time, each 10 ms; the rest wait in its queue.
    fn latency(in_flight: f64, capacity: f64) -> f64 {
        10e6 * (in_flight / capacity).max(1.0)
    }

    #[test]
    fn under_overload_it_comes_near_to_what_is_behind_and_stays() {
        for capacity in [50.0, 200.0, 800.0] {
            let mut gradient = Gradient::new(&adaptive(10, 5000), None);
            // What is usual is learnt in quiet times.
            for _ in 0..50 {
                gradient.next(latency(capacity / 2.0, capacity), (capacity / 2.0) as u32);
            }
            let mut last = 0.0;
            for _ in 0..1000 {
                let limit = f64::from(gradient.limit());
                last = limit;
                gradient.next(latency(limit, capacity), limit as u32);
            }
            // Enough to keep it busy, and a queue no longer than some times its work.
            assert!(
                (capacity..=capacity * 8.0).contains(&last),
                "{capacity}: {last}"
            );
        }
    }

    /// What has become slower for good is learnt, at the latest when it is found out anew.
    #[test]
    fn a_new_usual_is_learnt_under_load() {
        let mut gradient = Gradient::new(&adaptive(10, 1000), None);
        for _ in 0..300 {
            gradient.next(10e6, gradient.limit());
        }
        for _ in 0..1500 {
            gradient.next(60e6, gradient.limit());
        }
        assert_eq!(gradient.limit(), 1000);
    }

    #[test]
    fn it_shrinks_when_what_is_behind_slows_down_and_comes_back() {
        let mut gradient = Gradient::new(&adaptive(10, 1000), None);
        for _ in 0..300 {
            gradient.next(10e6, gradient.limit());
        }
        let before = gradient.limit();
        assert_eq!(before, 1000);
        for _ in 0..30 {
            gradient.next(200e6, gradient.limit());
        }
        assert!(gradient.limit() < before / 4, "{}", gradient.limit());
        for _ in 0..300 {
            gradient.next(10e6, gradient.limit());
        }
        assert_eq!(gradient.limit(), 1000);
    }

    #[test]
    fn a_limit_that_nobody_reaches_does_not_grow() {
        let mut gradient = Gradient::new(&adaptive(10, 1000), None);
        let before = gradient.limit();
        for _ in 0..1000 {
            gradient.next(10e6, 1);
        }
        assert_eq!(gradient.limit(), before);
    }

    #[test]
    fn a_reload_keeps_what_was_found() {
        let overloads = Overloads::default();
        let same = settings(None, adaptive(10, 100));
        let first = overloads.limit(same).unwrap();
        overloads.settle(Some(&first));
        assert!(Arc::ptr_eq(&first, &overloads.limit(same).unwrap()));
        // What is never served is forgotten.
        let other = settings(Some(5), adaptive(10, 100));
        let refused = overloads.limit(other).unwrap();
        assert!(!Arc::ptr_eq(&first, &refused));
        let none = settings(None, Adaptive::default());
        assert!(overloads.limit(none).is_none());
        assert!(Arc::ptr_eq(&first, &overloads.limit(same).unwrap()));
        overloads.settle(Some(&refused));
        assert!(Arc::ptr_eq(&refused, &overloads.limit(other).unwrap()));
    }
}
