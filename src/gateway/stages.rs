//! How long the stages of a request took, if somebody wants to know.

use metrics::Histogram;
use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// The stages, in the order in which a request may pass through them.
const STAGES: [&str; 7] = [
    "admit", "decode", "prepare", "plan", "execute", "encode", "forward",
];
/// No stage yet, or none any more.
const NONE: usize = STAGES.len();

/// Where the durations of stages are counted.
#[derive(Default)]
pub(super) struct StageMetrics([OnceLock<Histogram>; STAGES.len()]);

impl StageMetrics {
    fn record(&self, index: usize, seconds: f64) {
        let metric = self.0[index].get_or_init(
            || metrics::histogram!("api_request_stage_duration_seconds", "stage" => STAGES[index]),
        );
        metric.record(seconds);
    }
}

/// A clock that is told when a stage begins. Only one task tells it, but others may hold it.
pub(super) struct Stages {
    current: AtomicUsize,
    /// When that began, in nanoseconds since the request did.
    since: AtomicU64,
    took: [AtomicU64; STAGES.len()],
}

impl Stages {
    pub(super) fn new() -> Self {
        Self {
            current: AtomicUsize::new(NONE),
            since: AtomicU64::new(0),
            took: [const { AtomicU64::new(0) }; STAGES.len()],
        }
    }

    /// A stage begins, and the one before ends.
    pub(super) fn enter(&self, stage: &str, began: Instant) {
        let index = STAGES.iter().position(|known| *known == stage);
        self.turn(index.unwrap_or(NONE), began);
    }

    /// The last stage ends. Counts each that there was.
    pub(super) fn end(&self, began: Instant, metrics: &StageMetrics) {
        self.turn(NONE, began);
        for (index, took) in self.took.iter().enumerate() {
            let nanoseconds = took.load(Ordering::Relaxed);
            if nanoseconds > 0 {
                metrics.record(index, nanoseconds as f64 / 1e9);
            }
        }
    }

    /// The stages that there were, now that the last one has ended: when each began, and how long it took. One follows
    /// the other.
    pub(super) fn passed(&self) -> impl Iterator<Item = (&'static str, Duration, Duration)> {
        let took = || self.took.iter().map(|took| took.load(Ordering::Relaxed));
        let mut began = self
            .since
            .load(Ordering::Relaxed)
            .saturating_sub(took().sum());
        let passed = STAGES.iter().zip(took()).filter(|(_, took)| *took > 0);
        passed.map(move |(stage, took)| {
            let from = Duration::from_nanos(began);
            began += took;
            (*stage, from, Duration::from_nanos(took))
        })
    }

    fn turn(&self, next: usize, began: Instant) {
        let now = began.elapsed().as_nanos() as u64;
        let before = self.current.swap(next, Ordering::Relaxed);
        let since = self.since.swap(now, Ordering::Relaxed);
        if let Some(took) = self.took.get(before) {
            // At least one, so that it counts.
            took.fetch_add((now - since).max(1), Ordering::Relaxed);
        }
    }

    /// As `admit 0.1 ms, plan 23.0 ms`.
    pub(super) fn told(&self) -> String {
        let told = self.passed();
        let told =
            told.map(|(stage, _, took)| format!("{stage} {:.1} ms", took.as_secs_f64() * 1e3));
        told.collect::<Vec<_>>().join(", ")
    }
}
