//! How clients are answered and subgraphs are called: timeouts, deduplication, compression, versions of HTTP.

use super::{header_types::Name, misfit::Misfit, overload::Adaptive, upstreams};
use crate::upstream::{
    self, CircuitBreaker, Dns, HealthCheck, Hedge, Http2, LoadBalancing, OutlierDetection, Retry,
    TlsConfig, UpstreamLimits,
};
use serde::Deserialize;
use std::{collections::BTreeMap, num::NonZero, time::Duration};

/// The `traffic_shaping` section.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub router: Router,
    /// What holds for every subgraph…
    pub all: Shaping,
    /// …unless it says otherwise here.
    pub subgraphs: BTreeMap<String, Shaping>,
}

/// `traffic_shaping.router`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Router {
    /// How many requests may be worked on at a time. None: as many as come.
    pub concurrency_limit: Option<NonZero<u32>>,
    pub adaptive_concurrency: Adaptive,
    /// How long a client's request may take altogether.
    pub timeout: Duration,
    pub compression: Compression,
    pub dedupe: Dedupe,
}

/// `traffic_shaping.router.dedupe`: Hive Router's names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dedupe {
    /// Whether identical queries of clients that come together are executed once.
    pub enabled: bool,
    pub headers: DedupeHeaders,
}

/// Which headers make two requests different, beside those that subgraphs learn of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DedupeHeaders {
    #[default]
    All,
    None,
    Include(Vec<Name>),
}

impl Default for Router {
    fn default() -> Self {
        Self {
            concurrency_limit: None,
            adaptive_concurrency: Adaptive::default(),
            timeout: Duration::from_secs(30),
            compression: Compression::default(),
            dedupe: Dedupe::default(),
        }
    }
}

/// `traffic_shaping.router.compression`: Hive Router's names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Compression {
    pub response: CompressionResponse,
}

/// `traffic_shaping.router.compression.response`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompressionResponse {
    /// Whether clients that accept a coding get one.
    pub enabled: bool,
}

impl Default for CompressionResponse {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// `traffic_shaping.all`, and `traffic_shaping.subgraphs.NAME` for what differs from it. What is set in neither is as
/// [`upstream::Config`] has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shaping {
    /// How long one request to a subgraph may take.
    pub timeout: Option<Duration>,
    /// Whether subgraphs are told that they may compress their answers.
    pub accept_encoding: Option<bool>,
    pub experimental_http2: Option<Http2>,
    /// Whether identical queries to a subgraph that are under way together are sent once.
    pub deduplicate_query: Option<bool>,
    pub connect_timeout: Option<Duration>,
    pub idle_timeout: Option<Duration>,
    pub write_timeout: Option<Duration>,
    pub load_balancing: Option<LoadBalancing>,
    pub limits: Option<UpstreamLimits>,
    pub retry: Option<Retry>,
    pub hedge: Option<Hedge>,
    pub circuit_breaker: Option<CircuitBreaker>,
    pub outlier_detection: Option<OutlierDetection>,
    pub health_check: Option<HealthCheck>,
    pub dns: Option<Dns>,
    pub tls: Option<TlsConfig>,
}

impl Default for Config {
    fn default() -> Self {
        let upstream::Config {
            timeout,
            accept_encoding,
            http2,
            ..
        } = upstream::Config::default();
        Self {
            router: Router::default(),
            all: Shaping {
                timeout: Some(timeout),
                accept_encoding: Some(accept_encoding),
                experimental_http2: Some(http2),
                deduplicate_query: Some(true),
                ..Shaping::default()
            },
            subgraphs: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Whether identical queries to a subgraph are sent once.
    pub fn deduplicates(&self, subgraph: &str) -> bool {
        let own = self.subgraphs.get(subgraph);
        let own = own.and_then(|own| own.deduplicate_query);
        own.or(self.all.deduplicate_query).unwrap_or(true)
    }

    /// The settings of a subgraph's upstream.
    pub fn upstream(&self, subgraph: &str) -> upstream::Config {
        let own = self.subgraphs.get(subgraph);
        let mut settings = upstream::Config::default();
        self.all.apply(&mut settings);
        if let Some(own) = own {
            own.apply(&mut settings);
        }
        settings
    }

    /// Checks that the settings of each subgraph, and of those that are not named, fit together.
    pub fn check(&self) -> Result<(), Misfit> {
        self.router.adaptive_concurrency.check()?;
        let mut settings = upstream::Config::default();
        self.all.apply(&mut settings);
        upstreams::fits(&["traffic_shaping", "all"], &settings)?;
        for name in self.subgraphs.keys() {
            let at = ["traffic_shaping", "subgraphs", name];
            upstreams::fits(&at, &self.upstream(name))?;
        }
        Ok(())
    }
}

impl Shaping {
    /// Has what is set here replace what is there.
    fn apply(&self, settings: &mut upstream::Config) {
        set(&mut settings.timeout, self.timeout.as_ref());
        set(&mut settings.accept_encoding, self.accept_encoding.as_ref());
        set(&mut settings.http2, self.experimental_http2.as_ref());
        set(&mut settings.connect_timeout, self.connect_timeout.as_ref());
        set(&mut settings.idle_timeout, self.idle_timeout.as_ref());
        set(&mut settings.write_timeout, self.write_timeout.as_ref());
        set(&mut settings.load_balancing, self.load_balancing.as_ref());
        set(&mut settings.limits, self.limits.as_ref());
        set(&mut settings.retry, self.retry.as_ref());
        set(&mut settings.tls, self.tls.as_ref());
        set_some(&mut settings.hedge, self.hedge.as_ref());
        set_some(&mut settings.circuit_breaker, self.circuit_breaker.as_ref());
        set_some(
            &mut settings.outlier_detection,
            self.outlier_detection.as_ref(),
        );
        set_some(&mut settings.health_check, self.health_check.as_ref());
        set_some(&mut settings.dns, self.dns.as_ref());
    }
}

fn set<T: Clone>(setting: &mut T, own: Option<&T>) {
    if let Some(own) = own {
        setting.clone_from(own);
    }
}

fn set_some<T: Clone>(setting: &mut Option<T>, own: Option<&T>) {
    if let Some(own) = own {
        *setting = Some(own.clone());
    }
}
