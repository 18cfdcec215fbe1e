//! How requests went.

use std::time::Duration;

/// Latencies of those that were answered, and how many were not.
#[derive(Default)]
pub(crate) struct Tally {
    micros: Vec<u32>,
    pub(crate) failed: u64,
    /// Why the first failed.
    pub(crate) failure: Option<String>,
}

impl Tally {
    pub(super) fn note(&mut self, latency: Duration, outcome: anyhow::Result<()>) {
        match outcome {
            Ok(()) => self
                .micros
                .push(latency.as_micros().try_into().unwrap_or(u32::MAX)),
            Err(error) => {
                self.failed += 1;
                self.failure.get_or_insert_with(|| format!("{error:#}"));
            }
        }
    }

    /// So many were not answered in time.
    pub(super) fn lose(&mut self, count: u64) {
        self.failed += count;
        if count > 0 {
            self.failure
                .get_or_insert_with(|| "no answer in time".to_owned());
        }
    }

    pub(super) fn asked(&self) -> u64 {
        self.micros.len() as u64 + self.failed
    }

    pub(super) fn sort(&mut self) {
        self.micros.sort_unstable();
    }

    /// Requests that were answered.
    pub(crate) fn answered(&self) -> usize {
        self.micros.len()
    }

    /// Milliseconds within which this part of the answers came; not a number without answers.
    pub(crate) fn within(&self, part: f64) -> f64 {
        let rank = (part * self.micros.len() as f64).ceil() as usize;
        let value = self.micros.get(rank.saturating_sub(1));
        value.map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_ranks() {
        let mut tally = Tally::default();
        for millis in (1..=100).rev() {
            tally.note(Duration::from_millis(millis), Ok(()));
        }
        tally.note(Duration::from_secs(9), Err(anyhow::anyhow!("refused")));
        tally.sort();
        assert_eq!(
            [0.5, 0.99, 1.0].map(|part| tally.within(part)),
            [50.0, 99.0, 100.0]
        );
        assert_eq!((tally.answered(), tally.failed), (100, 1));
        assert!(Tally::default().within(0.5).is_nan());
    }
}
