//! The `upstreams` section: servers that are not part of the graph, in named groups.

use super::misfit::Misfit;
use crate::upstream::{
    self, CircuitBreaker, Dns, HealthCheck, Hedge, Http2, LoadBalancing, Mismatch, Outbound,
    OutlierDetection, Retry, TlsConfig, Upstream, UpstreamError, UpstreamLimits, WeightedEndpoint,
};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Groups of endpoints by name.
pub type Upstreams = BTreeMap<String, Group>;

/// `upstreams.NAME`. What is not set is as [`upstream::Config`] has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// While there is none, the answer is 503.
    pub endpoints: Vec<WeightedEndpoint>,
    /// How long it may be silent: before its answer begins, and within it.
    pub timeout: Option<Duration>,
    pub http2: Option<Http2>,
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

impl Group {
    /// The settings of its upstream.
    fn settings(&self) -> upstream::Config {
        let Self {
            endpoints: _,
            timeout,
            http2,
            connect_timeout,
            idle_timeout,
            write_timeout,
            load_balancing,
            limits,
            retry,
            hedge,
            circuit_breaker,
            outlier_detection,
            health_check,
            dns,
            tls,
        } = self.clone();
        let default = upstream::Config::default();
        upstream::Config {
            timeout: timeout.unwrap_or(default.timeout),
            http2: http2.unwrap_or(default.http2),
            connect_timeout: connect_timeout.unwrap_or(default.connect_timeout),
            idle_timeout: idle_timeout.unwrap_or(default.idle_timeout),
            write_timeout: write_timeout.unwrap_or(default.write_timeout),
            load_balancing: load_balancing.unwrap_or_default(),
            limits: limits.unwrap_or_default(),
            retry: retry.unwrap_or_default(),
            hedge,
            circuit_breaker,
            outlier_detection,
            health_check,
            dns,
            tls: tls.unwrap_or_default(),
            ..default
        }
    }

    fn check(&self, name: &str) -> Result<(), Misfit> {
        check_endpoints(&["upstreams", name, "endpoints"], &self.endpoints)?;
        fits(&["upstreams", name], &self.settings())
    }
}

/// Checks each by itself.
pub(super) fn check(upstreams: &Upstreams) -> Result<(), Misfit> {
    upstreams
        .iter()
        .try_for_each(|(name, group)| group.check(name))
}

/// The upstreams that the section describes.
pub(super) fn open<'a>(
    upstreams: &'a Upstreams,
    outbound: Outbound<'_>,
) -> Result<BTreeMap<&'a str, Arc<Upstream>>, Misfit> {
    let opened = upstreams.iter().map(|(name, group)| {
        let upstream = outbound.upstream(name, group.endpoints.clone(), group.settings());
        let at = ["upstreams", name, "tls"];
        let upstream = upstream.map_err(|error: UpstreamError| Misfit::new(&at, error.to_string()));
        Ok((name.as_str(), upstream?))
    });
    opened.collect()
}

/// Checks endpoints that are written at this key.
pub(super) fn check_endpoints(at: &[&str], endpoints: &[WeightedEndpoint]) -> Result<(), Misfit> {
    let weights = endpoints.iter().map(|endpoint| u64::from(endpoint.weight));
    if !endpoints.is_empty() && weights.sum::<u64>() == 0 {
        let message = "no endpoint has a weight, so none would be asked";
        return Err(Misfit::new(at, message));
    }
    for (index, WeightedEndpoint { endpoint, .. }) in endpoints.iter().enumerate() {
        if endpoint.uri().query().is_some() {
            let index = index.to_string();
            let at: Vec<&str> = at.iter().copied().chain([index.as_str()]).collect();
            return Err(Misfit::new(&at, "an endpoint has no query"));
        }
    }
    Ok(())
}

/// Checks settings that are written at this key.
pub(super) fn fits(at: &[&str], settings: &upstream::Config) -> Result<(), Misfit> {
    match settings.mismatch() {
        None => Ok(()),
        Some(Mismatch { at: below, message }) => {
            let at: Vec<&str> = at.iter().copied().chain(below).collect();
            Err(Misfit::new(&at, message))
        }
    }
}
