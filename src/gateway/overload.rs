//! How many requests are worked on at a time: more are refused at once, before they cost anything.
//!
//! A limit may be fixed, or find itself: while answers take about as long as they usually do it grows, and when they take
//! longer, because something behind is saturated, it shrinks (a gradient of latencies, as in TCP Vegas). Routes whose
//! policies say so are refused earlier or later than others.

mod gradient;
mod place;
mod window;

pub(super) use place::{Arrival, Hold};

use super::{Code, Refusal, misfit::Misfit};
use gradient::Gradient;
use metrics::{Counter, Gauge};
use serde::Deserialize;
use std::{
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};
use window::{Window, Work};

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
    /// What moments are counted from, in nanoseconds.
    began: Instant,
    in_flight_shown: Gauge,
    limit_shown: Gauge,
    refused: Counter,
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
            adaptive: adaptive.enabled.then(|| Window::new(gradient)),
            began: Instant::now(),
            in_flight_shown: metrics::gauge!("api_concurrency_in_flight"),
            limit_shown: metrics::gauge!("api_concurrency_limit"),
            refused: metrics::counter!("api_requests_shed_total"),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Begins to work on a request; as part of which probe, if it is of one. None: too many are worked on.
    fn enter(&self, priority: Priority, now: impl FnOnce() -> u64) -> Option<u32> {
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        if before < priority.of(self.limit.load(Ordering::Relaxed)) {
            let window = self.adaptive.as_ref();
            return Some(window.map_or(0, |window| window.enter(before)));
        }
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.refused.increment(1);
        if let Some(limit) = self
            .adaptive
            .as_ref()
            .and_then(|window| window.refused(now))
        {
            self.set(limit);
        }
        None
    }

    /// Ends to work on a request, of which this can be learnt.
    fn leave(&self, learnt: Option<Work>, now: impl FnOnce() -> u64) {
        let before = self.in_flight.fetch_sub(1, Ordering::Relaxed);
        let (Some(window), Some(work)) = (&self.adaptive, learnt) else {
            return;
        };
        if let Some(limit) = window.leave(work, now()) {
            self.set(limit);
            self.in_flight_shown.set(before);
        }
    }

    fn set(&self, limit: u32) {
        self.limit.store(limit, Ordering::Relaxed);
        self.limit_shown.set(limit);
    }
}

fn refusal() -> Refusal {
    Refusal {
        retry_after: Some(1),
        ..Refusal::new(
            Code::Overloaded,
            "Too many requests are worked on (traffic_shaping.router)",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

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
            let entered = (0..).map(|_| overload.enter(priority, || 0));
            entered.take_while(Option::is_some).count()
        };
        assert_eq!(let_in(Priority::Low), 6);
        assert_eq!(let_in(Priority::Normal), 2);
        assert_eq!(let_in(Priority::High), 2);
        for _ in 0..10 {
            overload.leave(None, || 0);
        }
        assert_eq!(let_in(Priority::Normal), 8);
    }

    const MS: u64 = 1_000_000;

    /// A backend that works on so many requests at a time, each for so long; the rest wait in its queue, first come first
    /// served. By a clock of its own.
    struct Backend {
        overload: Overload,
        servers: VecDeque<u64>,
        takes: u64,
        /// Who is there, in the order in which they go: when, since when, and of which probe.
        there: VecDeque<(u64, u64, u32)>,
        now: u64,
    }

    impl Backend {
        fn new(adaptive: Adaptive, servers: usize, takes: u64) -> Self {
            Self {
                overload: Overload::new(settings(None, adaptive)),
                servers: VecDeque::from(vec![0; servers]),
                takes,
                there: VecDeque::new(),
                now: 0,
            }
        }

        /// For so long, as many requests as are let in, but not more than this. The highest limit there was.
        fn run(&mut self, long: u64, demand: usize) -> u32 {
            let (end, mut highest) = (self.now + long, 0);
            while self.now < end {
                while self.there.len() < demand {
                    let Some(probe) = self.overload.enter(Priority::Normal, || self.now) else {
                        break;
                    };
                    let free = self.servers.pop_front().unwrap();
                    let goes = free.max(self.now) + self.takes;
                    self.servers.push_back(goes);
                    self.there.push_back((goes, self.now, probe));
                }
                let (goes, came, probe) = self.there.pop_front().unwrap();
                self.now = goes;
                let took = goes - came;
                self.overload.leave(Some(Work { took, probe }), || goes);
                highest = highest.max(self.limit());
            }
            highest
        }

        fn limit(&self) -> u32 {
            self.overload.limit.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn ten_minutes_of_overload_do_not_teach_it_the_queue() {
        for (servers, takes) in [(50, 100 * MS), (200, 10 * MS), (30, 1000 * MS)] {
            let mut backend = Backend::new(adaptive(20, 2000), servers, takes);
            backend.run(60_000 * MS, servers / 2);
            backend.run(60_000 * MS, usize::MAX);
            let limits = servers as u32..servers as u32 * 4;
            for _ in 0..9 {
                let highest = backend.run(60_000 * MS, usize::MAX);
                assert!(limits.contains(&highest), "{highest}");
            }
        }
    }

    #[test]
    fn one_that_starts_in_the_middle_of_overload_finds_what_is_behind() {
        let mut backend = Backend::new(adaptive(20, 2000), 50, 10 * MS);
        backend.run(20_000 * MS, usize::MAX);
        assert!((50..200).contains(&backend.limit()), "{}", backend.limit());
    }

    #[test]
    fn cheap_refusals_teach_it_nothing() {
        let mut backend = Backend::new(adaptive(5, 1000), 1000, 100 * MS);
        backend.run(5_000 * MS, 60);
        let before = backend.limit();
        for _ in 0..100 {
            for _ in 0..1000 {
                backend.overload.enter(Priority::Normal, || backend.now);
                backend.overload.leave(None, || backend.now);
            }
            backend.run(100 * MS, 60);
        }
        assert!(backend.limit() >= before);
        backend.run(10_000 * MS, 60);
        assert!(backend.limit() >= before);
    }

    /// Cheap work, and then work that takes a hundred times as long, as a cache that is emptied makes it.
    #[test]
    fn work_that_has_become_dear_is_soon_not_taken_for_a_queue() {
        let mut backend = Backend::new(adaptive(5, 1000), 1000, MS);
        backend.run(20_000 * MS, 60);
        backend.takes = 100 * MS;
        backend.run(20_000 * MS, 60);
        assert!(backend.limit() >= 60, "{}", backend.limit());
    }

    /// A probe does not stop everything because of some that take long.
    #[test]
    fn a_probe_that_learns_nothing_is_given_up() {
        let mut backend = Backend::new(adaptive(5, 1000), 1000, 10 * MS);
        backend.run(5_000 * MS, usize::MAX);
        let overload = &backend.overload;
        while overload.enter(Priority::Normal, || backend.now).is_some() {}
        overload.set(overload.adaptive.as_ref().unwrap().probe(backend.now));
        assert_eq!(backend.limit(), 5);
        assert_eq!(overload.enter(Priority::Normal, || backend.now), None);
        assert_eq!(backend.limit(), 5);
        let later = backend.now + 5_000 * MS;
        assert_eq!(overload.enter(Priority::Normal, || later), None);
        assert!(backend.limit() > 100, "{}", backend.limit());
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
