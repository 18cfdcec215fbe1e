//! What is seen between two changes of the limit.

use super::gradient::{ANSWERS_MIN, Gradient};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

/// Work that was done for a request.
#[derive(Clone, Copy)]
pub(super) struct Work {
    /// In nanoseconds.
    pub(super) took: u64,
    /// The probe that it began in, with no more beside it than the least. 0: in none.
    pub(super) probe: u32,
}

/// What is seen, and the limit that it changes.
pub(super) struct Window {
    interval: u64,
    least: u32,
    /// When the next change is due.
    due: AtomicU64,
    answers: AtomicU64,
    took: AtomicU64,
    in_flight_max: AtomicU32,
    /// The number of the probe that goes on. 0: there is none.
    probe: AtomicU32,
    gradient: Mutex<Gradient>,
}

impl Window {
    pub(super) fn new(gradient: Gradient) -> Self {
        Self {
            interval: gradient.interval,
            least: gradient.least(),
            due: AtomicU64::new(gradient.interval),
            answers: AtomicU64::new(0),
            took: AtomicU64::new(0),
            in_flight_max: AtomicU32::new(0),
            probe: AtomicU32::new(0),
            gradient: Mutex::new(gradient),
        }
    }

    /// A request is let in that finds so many before it. The probe that it is of.
    pub(super) fn enter(&self, before: u32) -> u32 {
        self.in_flight_max.fetch_max(before + 1, Ordering::Relaxed);
        match before < self.least {
            true => self.probe.load(Ordering::Relaxed),
            // They are what was there before the probe, or what waits for it.
            false => 0,
        }
    }

    /// A request was refused. The limit, if it is another one.
    pub(super) fn refused(&self, now: impl FnOnce() -> u64) -> Option<u32> {
        if self.probe.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let now = now();
        Some(self.change(|gradient| gradient.check_probe(now)))
    }

    /// Work was done. The limit, if it is another one.
    pub(super) fn leave(&self, work: Work, now: u64) -> Option<u32> {
        let probe = self.probe.load(Ordering::Relaxed);
        if probe != 0 {
            let is_of_it = work.probe == probe;
            return is_of_it.then(|| self.change(|gradient| gradient.probed(work.took)));
        }
        let answers = self.answers.fetch_add(1, Ordering::Relaxed) + 1;
        let took = self.took.fetch_add(work.took, Ordering::Relaxed) + work.took;
        let due = self.due.load(Ordering::Relaxed);
        if now < due || answers < ANSWERS_MIN {
            return None;
        }
        // One of those who come this far at once changes the limit.
        let next = now.saturating_add(self.interval);
        let changes = self
            .due
            .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed);
        changes.ok()?;
        self.answers.store(0, Ordering::Relaxed);
        self.took.store(0, Ordering::Relaxed);
        let busiest = self.in_flight_max.swap(0, Ordering::Relaxed);
        let took = took as f64 / answers as f64;
        Some(self.change(|gradient| gradient.next(took, busiest, now)))
    }

    fn change(&self, change: impl FnOnce(&mut Gradient)) -> u32 {
        let mut gradient = self.gradient.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut gradient);
        self.probe.store(gradient.probe(), Ordering::Relaxed);
        gradient.limit()
    }

    #[cfg(test)]
    pub(super) fn probe(&self, now: u64) -> u32 {
        self.change(|gradient| gradient.begin_probe(10e6, now))
    }
}
