//! What an upstream counts. Handles are resolved when it is made.

use super::call_error::Unavailable;
use metrics::{Counter, Gauge};

/// The counters of one upstream.
#[derive(Debug)]
pub(super) struct Measured {
    /// Tries, by how they ended.
    pub(super) succeeded: Counted,
    pub(super) failed: Counted,
    pub(super) unanswered: Counted,
    pub(super) retries: Counted,
    pub(super) hedges: Counted,
    /// Retries that the budget or the limit did not allow.
    pub(super) retries_withheld: Counted,
    pub(super) ejections: Counted,
    unavailable: [(&'static str, Counted); 5],
    pub(super) healthy: Shown,
    pub(super) members: Shown,
    pub(super) in_flight: Shown,
    pub(super) pending: Shown,
    /// 0 closed, 1 half open, 2 open.
    pub(super) breaker: Shown,
}

/// A counter that can be printed.
pub(super) struct Counted(Counter);

/// A gauge that can be printed.
pub(super) struct Shown(Gauge);

impl Counted {
    pub(super) fn add_one(&self) {
        self.0.increment(1);
    }
}

impl Shown {
    pub(super) fn set(&self, value: impl Into<f64>) {
        self.0.set(value.into());
    }
}

impl std::fmt::Debug for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Counted")
    }
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shown")
    }
}

const REASONS: [&str; 5] = [
    "no_endpoint",
    "no_healthy_endpoint",
    "circuit_open",
    "too_many_requests",
    "too_many_pending",
];

impl Measured {
    /// The counters of the upstream with this name.
    pub(super) fn new(upstream: &str) -> Self {
        describe();
        let name = || upstream.to_owned();
        let tries = |outcome: &'static str| {
            Counted(
                metrics::counter!("api_upstream_requests_total", "upstream" => name(), "outcome" => outcome),
            )
        };
        Self {
            succeeded: tries("success"),
            failed: tries("server_error"),
            unanswered: tries("no_answer"),
            retries: Counted(metrics::counter!("api_upstream_retries_total", "upstream" => name())),
            hedges: Counted(metrics::counter!("api_upstream_hedges_total", "upstream" => name())),
            retries_withheld: Counted(
                metrics::counter!("api_upstream_retries_withheld_total", "upstream" => name()),
            ),
            ejections: Counted(
                metrics::counter!("api_upstream_ejections_total", "upstream" => name()),
            ),
            unavailable: REASONS.map(|reason| {
                let counter = metrics::counter!("api_upstream_unavailable_total", "upstream" => name(), "reason" => reason);
                (reason, Counted(counter))
            }),
            healthy: Shown(metrics::gauge!("api_upstream_healthy_endpoints", "upstream" => name())),
            members: Shown(metrics::gauge!("api_upstream_endpoints", "upstream" => name())),
            in_flight: Shown(
                metrics::gauge!("api_upstream_requests_in_flight", "upstream" => name()),
            ),
            pending: Shown(metrics::gauge!("api_upstream_requests_pending", "upstream" => name())),
            breaker: Shown(metrics::gauge!("api_upstream_breaker_state", "upstream" => name())),
        }
    }

    pub(super) fn unavailable(&self, reason: Unavailable) {
        let counter = self
            .unavailable
            .iter()
            .find(|(word, _)| *word == reason.kind());
        if let Some((_, counter)) = counter {
            counter.add_one();
        }
    }
}

/// Names what is measured, for those who read it. To do so again changes nothing.
fn describe() {
    let counts = [
        (
            "api_upstream_requests_total",
            "Tries to get an answer of an endpoint, by their outcome.",
        ),
        (
            "api_upstream_retries_total",
            "Requests that were sent once more.",
        ),
        (
            "api_upstream_hedges_total",
            "Requests that were sent to another endpoint, too, for the first was slow.",
        ),
        (
            "api_upstream_retries_withheld_total",
            "Retries and hedges that the budget or the limit did not allow.",
        ),
        (
            "api_upstream_ejections_total",
            "Endpoints that were left out for their failures.",
        ),
        (
            "api_upstream_unavailable_total",
            "Requests that were not sent, by the reason.",
        ),
    ];
    for (name, words) in counts {
        metrics::describe_counter!(name, words);
    }
    let gauges = [
        (
            "api_upstream_healthy_endpoints",
            "Endpoints that requests go to.",
        ),
        ("api_upstream_endpoints", "Endpoints that there are."),
        (
            "api_upstream_requests_in_flight",
            "Requests whose answer has not ended.",
        ),
        (
            "api_upstream_requests_pending",
            "Requests that wait for a connection.",
        ),
        (
            "api_upstream_breaker_state",
            "0: the circuit breaker is closed; 1: half open; 2: open.",
        ),
    ];
    for (name, words) in gauges {
        metrics::describe_gauge!(name, words);
    }
}
