//! What would be told too often: at most once a minute, with how often it happened since.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const PAUSE: Duration = Duration::from_secs(60);

/// When it was told last, and what was kept to itself since.
#[derive(Default)]
pub(super) struct Seldom(Mutex<Untold>);

#[derive(Default)]
struct Untold {
    last: Option<Instant>,
    count: u64,
}

impl Seldom {
    /// It happened. Some: it is time to tell, and it happened so often since it was told last.
    pub(super) fn happened(&self, now: Instant) -> Option<u64> {
        let mut untold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        untold.count += 1;
        let is_due = |last| now.saturating_duration_since(last) >= PAUSE;
        if !untold.last.is_none_or(is_due) {
            return None;
        }
        untold.last = Some(now);
        Some(std::mem::take(&mut untold.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_times_are_told_once_a_minute() {
        let (seldom, start) = (Seldom::default(), Instant::now());
        let told = (0..1000).filter_map(|number| {
            let now = start + Duration::from_millis(100 * number);
            Some((number, seldom.happened(now)?))
        });
        assert_eq!(told.collect::<Vec<_>>(), [(0, 1), (600, 600)]);
    }
}
