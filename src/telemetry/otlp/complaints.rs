//! What is said of data that a collector did not take.

use std::time::Duration;
use tokio::time::Instant;

/// How often failures are told.
const INTERVAL: Duration = Duration::from_secs(60);

/// What went wrong since it was last told.
pub(super) struct Complaints {
    what: &'static str,
    lost: u64,
    told: Option<Instant>,
}

/// Spans or metrics that were not taken.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) count: u64,
    pub(super) reason: String,
}

impl Complaints {
    /// Complaints about these.
    pub(super) fn about(what: &'static str) -> Self {
        Self {
            what,
            lost: 0,
            told: None,
        }
    }

    /// Counts what was lost, and tells of it if that was not done for a while.
    pub(super) fn note(&mut self, lost: &Lost, collector: &http::Uri) {
        self.lost += lost.count;
        let quiet = self.told.is_some_and(|told| told.elapsed() < INTERVAL);
        if self.lost == 0 || quiet {
            return;
        }
        tracing::warn!(
            %collector,
            count = self.lost,
            reason = lost.reason,
            "{}; requests are not affected",
            self.what
        );
        self.lost = 0;
        self.told = Some(Instant::now());
    }
}
