//! How an upstream is called.

use super::{
    CircuitBreaker, Egress, Endpoint, HealthCheck, Hedge, Http2, LoadBalancing, OutlierDetection,
    Percent, Retry, TlsConfig,
};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{fmt, num::NonZero, sync::Arc, time::Duration};

/// The settings of one upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How long one call may take, from picking an endpoint to the last byte of the answer, retries included.
    pub timeout: Duration,
    /// The largest answer that is read, before and after it is inflated.
    pub response_max_bytes: ByteSize,
    /// Whether answers to whole calls are asked for in compressed form. They are read in any case.
    pub accept_encoding: bool,
    pub http2: Http2,
    pub connect_timeout: Duration,
    /// How long a connection is kept that nobody uses.
    pub idle_timeout: Duration,
    /// How long the other side may take nothing of what is sent to it.
    pub write_timeout: Duration,
    pub load_balancing: LoadBalancing,
    pub limits: UpstreamLimits,
    pub retry: Retry,
    pub hedge: Option<Hedge>,
    pub circuit_breaker: Option<CircuitBreaker>,
    pub outlier_detection: Option<OutlierDetection>,
    pub health_check: Option<HealthCheck>,
    pub dns: Option<Dns>,
    pub tls: TlsConfig,
    /// Where it may connect to.
    pub egress: Arc<Egress>,
}

/// The setting `limits`, for all workers together. Beyond them requests fail at once. Unset: no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpstreamLimits {
    /// Open connections. Who needs one more waits.
    pub max_connections: Option<NonZero<usize>>,
    /// Requests that wait for a connection.
    pub max_pending_requests: Option<NonZero<usize>>,
    /// Requests in flight.
    pub max_requests: Option<u32>,
    /// Retries and hedges in flight.
    pub max_retries: Option<u32>,
}

/// The setting `dns`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// How often the names of endpoints are looked up. Each address is then an endpoint.
    pub refresh: Duration,
}

/// One of `endpoints`: a URL, or one with a weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightedEndpoint {
    pub endpoint: Endpoint,
    /// Its share of requests, beside those of the others.
    pub weight: u32,
}

impl From<Endpoint> for WeightedEndpoint {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            weight: 1,
        }
    }
}

impl<'de> Deserialize<'de> for WeightedEndpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `untagged`, which would lose the places of errors.
        deserializer.deserialize_any(WeightedEndpointVisitor)
    }
}

struct WeightedEndpointVisitor;

impl<'de> Visitor<'de> for WeightedEndpointVisitor {
    type Value = WeightedEndpoint;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a URL, or `{ url, weight }`")
    }

    fn visit_str<E: de::Error>(self, url: &str) -> Result<WeightedEndpoint, E> {
        let endpoint = Endpoint::parse(url).map_err(E::custom)?;
        Ok(endpoint.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<WeightedEndpoint, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            url: Endpoint,
            #[serde(default = "one")]
            weight: u32,
        }
        let Written { url, weight } = Written::deserialize(MapAccessDeserializer::new(entries))?;
        Ok(WeightedEndpoint {
            endpoint: url,
            weight,
        })
    }
}

fn one() -> u32 {
    1
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            response_max_bytes: ByteSize(64 * 1024 * 1024),
            accept_encoding: true,
            http2: Http2::default(),
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(50),
            write_timeout: Duration::from_secs(30),
            load_balancing: LoadBalancing::default(),
            limits: UpstreamLimits::default(),
            retry: Retry::default(),
            hedge: None,
            circuit_breaker: None,
            outlier_detection: None,
            health_check: None,
            dns: None,
            tls: TlsConfig::default(),
            egress: Arc::default(),
        }
    }
}

/// A setting that does not fit another one of the same upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Keys from those of the upstream on.
    pub at: Vec<&'static str>,
    pub message: String,
}

impl Config {
    /// The first of the settings that cannot be meant as they are.
    pub fn mismatch(&self) -> Option<Mismatch> {
        let mismatch = |at: &[&'static str], message: String| Mismatch {
            at: at.to_vec(),
            message,
        };
        let never_reached = |part: Duration, whole: Duration, at: &[&'static str], whose: &str| {
            let message = format!("{part:?} is never reached: `{whose}` ends after {whole:?}");
            (part > whole).then(|| mismatch(at, message))
        };
        let zero = |length: Duration, at: &[&'static str]| {
            let message = "this takes some time; write 10s or 500ms".to_owned();
            length.is_zero().then(|| mismatch(at, message))
        };
        let timeout = self.timeout;
        let mut found = vec![
            zero(timeout, &["timeout"]),
            zero(self.connect_timeout, &["connect_timeout"]),
            never_reached(
                self.connect_timeout,
                timeout,
                &["connect_timeout"],
                "timeout",
            )
            .filter(|_| self.connect_timeout != Self::default().connect_timeout),
            (self.retry.attempts == 0).then(|| {
                let message = "a request is sent at least once; 1 means no retries".to_owned();
                mismatch(&["retry", "attempts"], message)
            }),
        ];
        if let Some(per_try) = self.retry.per_try_timeout {
            let at = ["retry", "per_try_timeout"];
            found.push(zero(per_try, &at));
            found.push(never_reached(per_try, timeout, &at, "timeout"));
        }
        if let Some(hedge) = &self.hedge {
            found.push(never_reached(
                hedge.after,
                timeout,
                &["hedge", "after"],
                "timeout",
            ));
        }
        if let Some(check) = &self.health_check {
            let at = ["health_check", "timeout"];
            found.push(zero(check.interval, &["health_check", "interval"]));
            found.push(zero(check.timeout, &at));
            if check.timeout != HealthCheck::default().timeout {
                let interval = check.interval;
                found.push(never_reached(check.timeout, interval, &at, "interval"));
            }
        }
        if let Some(dns) = &self.dns {
            found.push(zero(dns.refresh, &["dns", "refresh"]));
        }
        if let Some(breaker) = &self.circuit_breaker {
            found.push(zero(breaker.window, &["circuit_breaker", "window"]));
            let by_nothing = breaker.error_ratio == Percent::new(0);
            found.push(by_nothing.then(|| {
                let message = "with a ratio of 0 any call opens it; write 1 to 100".to_owned();
                mismatch(&["circuit_breaker", "error_ratio"], message)
            }));
        }
        if let Some(detection) = &self.outlier_detection {
            found.push(zero(detection.interval, &["outlier_detection", "interval"]));
        }
        found.into_iter().flatten().next()
    }
}

/// A number of bytes; configuration files may write `2MB`, `64MiB` or a plain number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// As a length of something in memory.
    pub fn as_len(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}
