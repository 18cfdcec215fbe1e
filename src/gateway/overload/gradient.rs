//! A limit that follows latencies.

use super::Adaptive;
use std::num::NonZero;

/// How much of a quiet window counts for what is usual.
const USUAL: f64 = 1.0 / 200.0;
/// How much of one that was faster than usual does.
const FASTER: f64 = 1.0 / 50.0;
/// How much of a change is made at once.
const SMOOTH: f64 = 0.2;
/// After so many busy windows in a row it is found out anew what is usual: a minute, with the usual interval.
const BUSY_MAX: u32 = 600;

/// A limit, and what it goes by.
pub(super) struct Gradient {
    min: f64,
    max: f64,
    tolerance: f64,
    limit: f64,
    /// In nanoseconds.
    pub(super) interval: u64,
    /// How long answers take where there is no queue. 0: nothing is known.
    usual: f64,
    /// Windows in a row in which the limit was nearly reached.
    busy: u32,
    /// How often it was found out what is usual.
    probes: u32,
    probe: Option<Probe>,
}

/// For a while no more than the least are let in, so that there is no queue, to find out what is usual.
struct Probe {
    /// When it is given up, for what was there before does not end.
    until: u64,
    answers: u64,
    took: u64,
}

/// With fewer answers nothing can be told.
pub(super) const ANSWERS_MIN: u64 = 10;

impl Gradient {
    pub(super) fn new(settings: &Adaptive, fixed: Option<NonZero<u32>>) -> Self {
        let max = fixed.map_or(settings.max, |fixed| fixed.min(settings.max));
        let min = settings.min.min(max);
        Self {
            min: f64::from(min.get()),
            max: f64::from(max.get()),
            tolerance: f64::from(settings.tolerance.get()),
            limit: f64::from(min.get().max(max.get() / 4)),
            interval: u64::try_from(settings.interval.as_nanos()).unwrap_or(u64::MAX),
            usual: 0.0,
            busy: 0,
            probes: 0,
            probe: None,
        }
    }

    /// The least while it is found out what is usual.
    pub(super) fn limit(&self) -> u32 {
        match self.probe {
            None => self.limit as u32,
            Some(_) => self.least(),
        }
    }

    pub(super) fn least(&self) -> u32 {
        self.min as u32
    }

    /// The number of the probe that goes on. 0: there is none.
    pub(super) fn probe(&self) -> u32 {
        match self.probe {
            None => 0,
            Some(_) => self.probes,
        }
    }

    /// Goes on after a window in which answers took so long, and at most so many were in flight.
    pub(super) fn next(&mut self, took: f64, busiest: u32, now: u64) {
        let took = took.max(1.0);
        let is_busy = f64::from(busiest) * 2.0 >= self.limit;
        self.busy = if is_busy { self.busy + 1 } else { 0 };
        if self.usual == 0.0 && is_busy {
            return self.begin_probe(took, now);
        }
        if self.usual == 0.0 {
            self.usual = took;
        } else if self.usual > took {
            self.usual += (took - self.usual) * FASTER;
        } else if !is_busy {
            // What takes long while many wait is not usual.
            self.usual += (took - self.usual) * USUAL;
        }
        let gradient = (self.tolerance * self.usual / took).clamp(0.5, 1.0);
        let room = if is_busy { self.limit.sqrt() } else { 0.0 };
        let wanted = self.limit * gradient + room;
        self.limit += (wanted - self.limit) * SMOOTH;
        self.limit = self.limit.clamp(self.min, self.max);
        // Where it is the least already, it costs nothing to find out.
        if self.busy >= BUSY_MAX || is_busy && self.limit <= self.min {
            self.begin_probe(took, now);
        }
    }

    /// Begins to find out what is usual. By now answers take so long, and so long it takes until a queue is gone.
    pub(super) fn begin_probe(&mut self, took: f64, now: u64) {
        let patience = (4.0 * took) as u64 + self.interval.saturating_mul(10);
        self.probes = self.probes.wrapping_add(1).max(1);
        self.probe = Some(Probe {
            until: now.saturating_add(patience),
            answers: 0,
            took: 0,
        });
    }

    /// An answer took so long that was of the probe.
    pub(super) fn probed(&mut self, took: u64) {
        let Some(probe) = &mut self.probe else {
            return;
        };
        probe.answers += 1;
        probe.took += took;
        if probe.answers >= ANSWERS_MIN {
            self.usual = (probe.took as f64 / probe.answers as f64).max(1.0);
            self.end_probe();
        }
    }

    /// Gives the probe up if it goes on for too long.
    pub(super) fn check_probe(&mut self, now: u64) {
        if self.probe.as_ref().is_some_and(|probe| now >= probe.until) {
            self.end_probe();
        }
    }

    fn end_probe(&mut self) {
        self.probe = None;
        self.busy = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient(min: u32, max: u32) -> Gradient {
        let number = |number| NonZero::new(number).unwrap();
        let settings = Adaptive {
            enabled: true,
            min: number(min),
            max: number(max),
            ..Adaptive::default()
        };
        Gradient::new(&settings, None)
    }

    impl Gradient {
        /// A window in which as many are let in as may be, whose answers take so long.
        fn full(&mut self, took: f64) {
            match self.probe {
                None => self.next(took, self.limit(), 0),
                Some(_) => (0..ANSWERS_MIN).for_each(|_| self.probed(took as u64)),
            }
        }
    }

    /// A server that works on `capacity` requests at a time, each 10 ms; the rest wait in its queue.
    fn latency(in_flight: f64, capacity: f64) -> f64 {
        10e6 * (in_flight / capacity).max(1.0)
    }

    #[test]
    fn under_overload_it_comes_near_to_what_is_behind_and_stays() {
        for capacity in [50.0, 200.0, 800.0] {
            let mut gradient = gradient(10, 5000);
            // What is usual is learnt in quiet times.
            for _ in 0..50 {
                gradient.next(
                    latency(capacity / 2.0, capacity),
                    (capacity / 2.0) as u32,
                    0,
                );
            }
            for _ in 0..1000 {
                let limit = f64::from(gradient.limit());
                gradient.full(latency(limit, capacity));
            }
            // Enough to keep it busy, and a queue no longer than some times its work.
            let last = f64::from(gradient.limit());
            assert!(
                (capacity..=capacity * 4.0).contains(&last),
                "{capacity}: {last}"
            );
        }
    }

    /// What has become slower for good is learnt, at the latest when it is found out anew.
    #[test]
    fn a_new_usual_is_learnt_under_load() {
        let mut gradient = gradient(10, 1000);
        for _ in 0..300 {
            gradient.full(10e6);
        }
        for _ in 0..1500 {
            gradient.full(60e6);
        }
        assert_eq!(gradient.limit(), 1000);
    }

    #[test]
    fn it_shrinks_when_what_is_behind_slows_down_and_comes_back() {
        let mut gradient = gradient(10, 1000);
        for _ in 0..300 {
            gradient.full(10e6);
        }
        assert_eq!(gradient.limit(), 1000);
        for _ in 0..30 {
            gradient.full(200e6);
        }
        assert!(gradient.limit() < 250, "{}", gradient.limit());
        for _ in 0..300 {
            gradient.full(10e6);
        }
        assert_eq!(gradient.limit(), 1000);
    }

    #[test]
    fn a_limit_that_nobody_reaches_does_not_grow() {
        let mut gradient = gradient(10, 1000);
        let before = gradient.limit();
        for _ in 0..1000 {
            gradient.next(10e6, 1, 0);
        }
        assert_eq!(gradient.limit(), before);
    }
}
