//! Passive ejection: endpoints that fail where their neighbours do not are left out for a while.
//!
//! A state machine that is told the time and how each request went; keys, defaults and arithmetic are those of Envoy's
//! outlier detection. Two rules bound what it may do: at most a part of the endpoints is out at a time, though always
//! one may be; and an only endpoint stays, for there is nobody to compare it with or to take its place.

use super::Percent;
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// The setting `outlier_detection`. A number of 0 turns off what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutlierDetection {
    /// Failures in a row: answers from 500 on, and requests without an answer.
    pub consecutive_5xx: u32,
    /// The same, of 502, 503, 504 and requests without an answer alone.
    pub consecutive_gateway_failure: u32,
    /// How often endpoints are compared, and ejections forgiven.
    pub interval: Duration,
    /// How long the first ejection lasts; the second one lasts twice as long, and so on…
    pub base_ejection_time: Duration,
    /// …up to this.
    pub max_ejection_time: Duration,
    /// How many may be out at a time; one always may, if there are others.
    pub max_ejection_percent: Percent,
    /// Endpoints are compared by their part of successes if so many of them…
    pub success_rate_minimum_hosts: usize,
    /// …had so many requests in an interval. One is out if its part is less than the mean…
    pub success_rate_request_volume: u32,
    /// …by more than so many thousandths of the standard deviation.
    pub success_rate_stdev_factor: u32,
    /// An endpoint is out if this part of its requests in an interval failed.
    pub failure_percentage_threshold: Percent,
    pub failure_percentage_minimum_hosts: usize,
    pub failure_percentage_request_volume: u32,
}

impl Default for OutlierDetection {
    fn default() -> Self {
        Self {
            consecutive_5xx: 5,
            consecutive_gateway_failure: 0,
            interval: Duration::from_secs(10),
            base_ejection_time: Duration::from_secs(30),
            max_ejection_time: Duration::from_secs(300),
            max_ejection_percent: Percent::new(10),
            success_rate_minimum_hosts: 5,
            success_rate_request_volume: 100,
            success_rate_stdev_factor: 1900,
            failure_percentage_threshold: Percent::new(0),
            failure_percentage_minimum_hosts: 5,
            failure_percentage_request_volume: 50,
        }
    }
}

/// How a request went, as far as it tells of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Success,
    /// An answer from 500 on.
    ServerError,
    /// 502, 503, 504, or no answer.
    GatewayFailure,
}

/// What is known of the endpoints, by their ids.
#[derive(Debug)]
pub(super) struct Detector {
    config: OutlierDetection,
    records: BTreeMap<u64, Record>,
    swept: Instant,
}

#[derive(Debug, Default)]
struct Record {
    failures_in_a_row: u32,
    gateway_failures_in_a_row: u32,
    /// Within the interval.
    requests: u32,
    successes: u32,
    /// How often it was ejected and has not been forgiven.
    ejections: u32,
    ejected_until: Option<Instant>,
}

/// An endpoint that is to be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ejection {
    pub(super) id: u64,
    pub(super) until: Instant,
    pub(super) why: &'static str,
}

impl Detector {
    pub(super) fn new(config: OutlierDetection, now: Instant) -> Self {
        Self {
            config,
            records: BTreeMap::new(),
            swept: now,
        }
    }

    /// The endpoints that there are. What is known of those that stay is kept.
    pub(super) fn set_members(&mut self, ids: &[u64]) {
        self.records.retain(|id, _| ids.contains(id));
        for id in ids {
            self.records.entry(*id).or_default();
        }
    }

    /// Takes in how a request to an endpoint went. What is to be ejected by that is given to `eject`.
    pub(super) fn record(
        &mut self,
        id: u64,
        outcome: Outcome,
        now: Instant,
        mut eject: impl FnMut(Ejection),
    ) {
        if let Some(record) = self.records.get_mut(&id) {
            record.note(outcome);
            let config = &self.config;
            let reached = |threshold: u32, run: u32| threshold > 0 && run >= threshold;
            let why = if reached(config.consecutive_5xx, record.failures_in_a_row) {
                Some("consecutive_5xx")
            } else if reached(
                config.consecutive_gateway_failure,
                record.gateway_failures_in_a_row,
            ) {
                Some("consecutive_gateway_failure")
            } else {
                None
            };
            eject_if(why.and_then(|why| self.eject(id, why, now)), &mut eject);
        }
        if now.saturating_duration_since(self.swept) >= self.config.interval {
            self.sweep(now, &mut eject);
        }
    }

    /// An active check says that it is well.
    pub(super) fn forgive(&mut self, id: u64) {
        if let Some(record) = self.records.get_mut(&id) {
            record.ejected_until = None;
            record.failures_in_a_row = 0;
            record.gateway_failures_in_a_row = 0;
        }
    }

    fn eject(&mut self, id: u64, why: &'static str, now: Instant) -> Option<Ejection> {
        let members = self.records.len();
        let out = self.records.values().filter(|record| record.is_out(now));
        let most = members * self.config.max_ejection_percent.get() as usize / 100;
        if members < 2 || out.count() >= most.max(1) {
            return None;
        }
        let config = &self.config;
        let record = self.records.get_mut(&id)?;
        if record.is_out(now) {
            return None;
        }
        record.ejections = record.ejections.saturating_add(1);
        record.failures_in_a_row = 0;
        record.gateway_failures_in_a_row = 0;
        let longest = config.max_ejection_time.max(config.base_ejection_time);
        let until = now
            + config
                .base_ejection_time
                .saturating_mul(record.ejections)
                .min(longest);
        record.ejected_until = Some(until);
        Some(Ejection { id, until, why })
    }

    /// Compares the endpoints by what they did since the last time, and begins anew.
    fn sweep(&mut self, now: Instant, eject: &mut impl FnMut(Ejection)) {
        let intervals = now.saturating_duration_since(self.swept).as_nanos()
            / self.config.interval.as_nanos().max(1);
        let intervals = u32::try_from(intervals).unwrap_or(u32::MAX);
        self.swept = now;
        for (id, why) in self.outliers(now) {
            eject_if(self.eject(id, why, now), eject);
        }
        for record in self.records.values_mut() {
            record.requests = 0;
            record.successes = 0;
            if !record.is_out(now) {
                record.ejections = record.ejections.saturating_sub(intervals);
            }
        }
    }

    fn outliers(&self, now: Instant) -> Vec<(u64, &'static str)> {
        let config = &self.config;
        let rates = |volume: u32| -> Vec<(u64, f64)> {
            let records = self.records.iter();
            let busy = records
                .filter(|(_, record)| !record.is_out(now) && record.requests >= volume.max(1));
            busy.map(|(id, record)| (*id, record.success_rate()))
                .collect()
        };
        let mut outliers = Vec::new();
        let compared = rates(config.success_rate_request_volume);
        if config.success_rate_stdev_factor > 0
            && compared.len() >= config.success_rate_minimum_hosts.max(1)
        {
            let least = least_rate(&compared, config.success_rate_stdev_factor);
            let low = compared.iter().filter(|(_, rate)| *rate < least);
            outliers.extend(low.map(|(id, _)| (*id, "success_rate")));
        }
        let counted = rates(config.failure_percentage_request_volume);
        let most = config.failure_percentage_threshold.ratio();
        if most > 0.0 && counted.len() >= config.failure_percentage_minimum_hosts.max(1) {
            let high = counted.iter().filter(|(_, rate)| 1.0 - rate >= most);
            outliers.extend(high.map(|(id, _)| (*id, "failure_percentage")));
        }
        outliers
    }
}

/// The mean of the rates less so many thousandths of their standard deviation.
fn least_rate(rates: &[(u64, f64)], factor: u32) -> f64 {
    let count = rates.len() as f64;
    let mean = rates.iter().map(|(_, rate)| rate).sum::<f64>() / count;
    let variance = rates
        .iter()
        .map(|(_, rate)| (rate - mean).powi(2))
        .sum::<f64>()
        / count;
    mean - variance.sqrt() * f64::from(factor) / 1000.0
}

fn eject_if(ejection: Option<Ejection>, eject: &mut impl FnMut(Ejection)) {
    if let Some(ejection) = ejection {
        eject(ejection);
    }
}

impl Record {
    fn note(&mut self, outcome: Outcome) {
        let count = |run: u32, goes_on: bool| if goes_on { run.saturating_add(1) } else { 0 };
        self.requests = self.requests.saturating_add(1);
        self.successes = self
            .successes
            .saturating_add(u32::from(outcome == Outcome::Success));
        self.failures_in_a_row = count(self.failures_in_a_row, outcome != Outcome::Success);
        self.gateway_failures_in_a_row = count(
            self.gateway_failures_in_a_row,
            outcome == Outcome::GatewayFailure,
        );
    }

    fn is_out(&self, now: Instant) -> bool {
        self.ejected_until.is_some_and(|until| now < until)
    }

    fn success_rate(&self) -> f64 {
        f64::from(self.successes) / f64::from(self.requests.max(1))
    }
}

#[cfg(test)]
mod tests;
