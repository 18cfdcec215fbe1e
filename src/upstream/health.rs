//! Active health checks: what is asked, and when an endpoint counts as well or not.

use super::StatusSet;
use http::{StatusCode, uri::PathAndQuery};
use serde::Deserialize;
use std::{num::NonZero, time::Duration};

/// The setting `health_check`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HealthCheck {
    /// What is asked for, by GET, at each endpoint.
    pub path: CheckedPath,
    /// From one check to the next…
    pub interval: Duration,
    /// …and up to this more, by chance, so that many who check do not do so together. Unset: a tenth of the interval.
    pub jitter: Option<Duration>,
    pub timeout: Duration,
    /// After so many failures in a row an endpoint gets nothing more…
    pub unhealthy_threshold: NonZero<usize>,
    /// …until so many checks in a row have passed. The first one of all is enough.
    pub healthy_threshold: NonZero<usize>,
    pub expected_statuses: Vec<StatusSet>,
    /// `Host` of the checks, if not the endpoint's.
    pub host: Option<CheckedHost>,
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self {
            path: CheckedPath(PathAndQuery::from_static("/")),
            interval: Duration::from_secs(10),
            jitter: None,
            timeout: Duration::from_secs(5),
            unhealthy_threshold: NonZero::<usize>::MIN.saturating_add(2),
            healthy_threshold: NonZero::<usize>::MIN.saturating_add(1),
            expected_statuses: vec![StatusSet::new(200, 299)],
            host: None,
        }
    }
}

/// A path, perhaps with a query.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CheckedPath(pub(super) PathAndQuery);

impl TryFrom<String> for CheckedPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let path = PathAndQuery::try_from(text.as_str()).ok();
        path.filter(|_| text.starts_with('/'))
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a path; write one such as /health"))
    }
}

/// A value of `Host`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CheckedHost(pub(super) http::HeaderValue);

impl TryFrom<String> for CheckedHost {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_authority = text.parse::<http::uri::Authority>().is_ok();
        let value = http::HeaderValue::try_from(&text).ok();
        value
            .filter(|_| is_authority)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a host"))
    }
}

impl HealthCheck {
    pub(super) fn is_expected(&self, status: StatusCode) -> bool {
        self.expected_statuses
            .iter()
            .any(|set| set.contains(status))
    }

    /// How long to wait for the next round.
    pub(super) fn pause(&self) -> Duration {
        let jitter = self.jitter.unwrap_or(self.interval / 10);
        self.interval + jitter.mul_f64(fastrand::f64())
    }
}

/// What the checks of one endpoint have said.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// None: nothing yet, and requests go there.
    is_healthy: Option<bool>,
    /// How many in a row have said otherwise.
    against: usize,
}

impl Record {
    /// Takes in a check. What it changes, if it changes anything.
    pub(super) fn note(&mut self, config: &HealthCheck, passed: bool) -> Option<bool> {
        if self.is_healthy == Some(passed) {
            self.against = 0;
            return None;
        }
        self.against += 1;
        let needed = match (passed, self.is_healthy) {
            (true, None) => 1,
            (true, Some(_)) => config.healthy_threshold.get(),
            (false, _) => config.unhealthy_threshold.get(),
        };
        if self.against < needed {
            return None;
        }
        self.against = 0;
        self.is_healthy = Some(passed);
        Some(passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn changes(checks: &str) -> String {
        let (config, mut record) = (HealthCheck::default(), Record::default());
        let note = |check| match record.note(&config, check == '+') {
            Some(true) => 'W',
            Some(false) => 'I',
            None => check,
        };
        checks.chars().map(note).collect()
    }

    #[test]
    fn it_takes_several_to_change() {
        assert_eq!(changes("+--+---+-++"), "W--+--I+-+W");
        assert_eq!(changes("--+--"), "--W--");
        assert_eq!(changes("---"), "--I");
    }

    proptest! {
        /// What it stands at is what so many in a row have said last.
        #[test]
        fn it_is_what_a_run_has_said(checks in prop::collection::vec(any::<bool>(), 1..60)) {
            let (config, mut record) = (HealthCheck::default(), Record::default());
            let mut run = (true, 0);
            for check in checks {
                run = if run.0 == check { (check, run.1 + 1) } else { (check, 1) };
                record.note(&config, check);
                if run.1 >= config.unhealthy_threshold.get() {
                    prop_assert_eq!(record.is_healthy, Some(check));
                }
            }
        }
    }
}
