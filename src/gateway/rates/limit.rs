//! A limit: whom it tells apart, how it counts, and what it says.

use super::{
    config::{Cost, StoreKind},
    counter::{Count, Counter},
    key::{By, Stage},
    rule::Standing,
    table::Key,
};
use crate::gateway::seldom::Seldom;
use http::HeaderValue;
use metrics::Gauge;
use std::time::Instant;

/// One limit, compiled.
pub(in crate::gateway) struct Limit {
    pub(super) name: String,
    /// The name under which it counts: not the same for other callers.
    pub(super) ledger: String,
    pub(super) by: By,
    pub(super) stage: Stage,
    pub(super) counter: Counter,
    pub(super) store: StoreKind,
    pub(super) is_enforced: bool,
    /// `RateLimit-Policy`.
    pub(super) policy: HeaderValue,
    decisions: Decisions,
    keys: Gauge,
    seldom: Seldom,
}

/// What is known of a limit before it can count.
pub(super) struct Blueprint {
    pub(super) name: String,
    pub(super) by: By,
    pub(super) count: Count,
    pub(super) store: StoreKind,
    pub(super) cost: Cost,
    pub(super) is_enforced: bool,
    /// How many keys it knows at most.
    pub(super) keys_max: usize,
}

/// How it decided, how often.
struct Decisions {
    allowed: metrics::Counter,
    refused: metrics::Counter,
    would_refuse: metrics::Counter,
    unchecked: metrics::Counter,
}

impl Blueprint {
    /// The name under which it counts.
    pub(super) fn ledger(&self) -> String {
        let kind = match self.count {
            // A quota is the consumer's, whatever plan it is by.
            Count::Quota(quota) => return format!("quota/{}", quota.period.name()),
            Count::Bucket(_) => "bucket",
            Count::Window(_) => "window",
        };
        // What one algorithm stores says nothing to another, which may run beside it while routers are replaced.
        format!("{}/{kind}/{}", self.name, self.by)
    }
}

impl Limit {
    /// A limit that counts here.
    pub(super) fn new(blueprint: Blueprint, counter: Counter) -> Self {
        let ledger = blueprint.ledger();
        let Blueprint {
            name,
            by,
            store,
            cost,
            is_enforced,
            ..
        } = blueprint;
        let decisions = |decision: &'static str| metrics::counter!("api_rate_limit_decisions_total", "policy" => name.clone(), "decision" => decision);
        Self {
            policy: policy(&name, counter.count(), cost),
            stage: match cost {
                Cost::Points => Stage::Cost,
                Cost::Requests => by.stage(),
            },
            decisions: Decisions {
                allowed: decisions("allowed"),
                refused: decisions("refused"),
                would_refuse: decisions("would_refuse"),
                unchecked: decisions("unchecked"),
            },
            keys: metrics::gauge!("api_rate_limit_keys", "policy" => name.clone()),
            seldom: Seldom::default(),
            ledger,
            name,
            by,
            counter,
            store,
            is_enforced,
        }
    }

    /// Whether it is a quota, for which waiting a little does not help.
    pub(super) fn is_quota(&self) -> bool {
        matches!(self.counter.count(), Count::Quota(_))
    }

    /// Counts a decision, and tells now and then of those that it does not enforce.
    pub(super) fn decided(&self, standing: Standing) {
        match (standing.is_admitted, self.is_enforced) {
            (true, _) => self.decisions.allowed.increment(1),
            (false, true) => self.decisions.refused.increment(1),
            (false, false) => {
                self.decisions.would_refuse.increment(1);
                if let Some(times) = self.seldom.happened(Instant::now()) {
                    let limit = &self.name;
                    tracing::warn!(
                        limit,
                        times,
                        "a rate limit would have refused (enforce: false)"
                    );
                }
            }
        }
    }

    /// Counts a request that nobody decided about.
    pub(super) fn let_through(&self) {
        self.decisions.unchecked.increment(1);
    }

    /// Brings the gauge of its keys up to date.
    pub(super) fn refresh(&self) {
        self.keys.set(self.counter.keys() as f64);
    }
}

/// A limit as an item of `RateLimit-Policy`.
fn policy(name: &str, count: Count, cost: Cost) -> HeaderValue {
    let (most, window) = count.quota();
    let unit = match cost {
        Cost::Requests => "",
        Cost::Points => ";qu=\"points\"",
    };
    let window = window.map(|window| format!(";w={window}"));
    let item = format!("\"{name}\";q={most}{unit}{}", window.unwrap_or_default());
    // Names were checked to be of ASCII.
    HeaderValue::try_from(item).unwrap_or(HeaderValue::from_static(""))
}

/// A limit's word on a request, and what it takes to take it back.
pub(super) struct Verdict<'a> {
    pub(super) limit: &'a Limit,
    pub(super) standing: Standing,
    /// None: it was not counted here.
    pub(super) counted: Option<Counted>,
}

/// What was counted here.
#[derive(Clone, Copy)]
pub(super) struct Counted {
    key: Key,
    units: u64,
    at: u64,
}

impl<'a> Verdict<'a> {
    /// Has a limit count in this process.
    pub(super) fn local(limit: &'a Limit, key: Key, units: u64, at: u64) -> Self {
        let standing = limit.counter.take(key, units, at);
        Self {
            limit,
            standing,
            counted: standing.is_admitted.then_some(Counted { key, units, at }),
        }
    }

    /// Whether the request is refused.
    pub(super) fn refuses(&self) -> bool {
        !self.standing.is_admitted && self.limit.is_enforced
    }

    /// Makes it as if the limit had not been asked.
    pub(super) fn take_back(&self) {
        if let Some(Counted { key, units, at }) = self.counted {
            self.limit.counter.give_back(key, units, at);
        }
    }
}
