//! What a configuration says that cannot be meant so, given a supergraph. Nothing here keeps it from being served.

use super::{
    Config, Finding, authentication::Method, demand_control, headers, override_labels, policies,
};
use crate::schema::{Subgraph, Supergraph};
use std::time::Duration;

/// Compares a configuration with a supergraph.
pub fn check(config: &Config, supergraph: &Supergraph) -> Vec<Finding> {
    let mut findings = unknown(config, supergraph);
    findings.extend(unreachable_timeouts(config));
    findings.extend(headers::dead_rules(&config.headers));
    findings.extend(unheeded_caches(config));
    if config.sandbox.enabled && !config.introspection {
        let message = "the editor needs the schema, and `supergraph.introspection` is off";
        findings.push(Finding::new(&["sandbox", "enabled"], message));
    }
    if config.sandbox.enabled && config.homepage.enabled {
        let message = "this page is never seen: `sandbox` is what `/` shows";
        findings.push(Finding::new(&["homepage", "enabled"], message));
    }
    findings.extend(unseen_openapi(config));
    findings.extend(policies::findings(&config.access()));
    findings.extend(unheeded_limits(config));
    findings.extend(vain_settings(config));
    findings
}

/// Limits that go by what is never known where they stand, so that they go by address.
fn unheeded_limits(config: &Config) -> Vec<Finding> {
    let graph = (config.graphql.policies.as_slice(), true);
    let routes = config.routes.0.iter();
    let routes = routes.map(|route| (route.policies.as_slice(), route.graphql.is_some()));
    let ends: Vec<_> = std::iter::once(graph).chain(routes).collect();
    let mut findings = Vec::new();
    for (name, policy) in &config.policies {
        let here = || ends.iter().filter(|(names, _)| names.contains(name));
        let is_asked = |names: &[String]| {
            let mut policies = names.iter().filter_map(|name| config.policies.get(name));
            config.authentication.has(Method::Jwt) || policies.any(|policy| policy.auth.is_some())
        };
        let at = ["policies", name, "rate_limit"];
        if policy.rate_limit.go_by_caller() && here().any(|(names, _)| !is_asked(names)) {
            let message = "this goes by address where nobody is asked who they are: on an end that has neither `auth` nor `authentication.router.jwt`";
            findings.push(Finding::new(&at, message));
        }
        if policy.rate_limit.go_by_operation() && here().any(|(_, has_operation)| !has_operation) {
            let message =
                "this goes by address where there is no operation: on a route without `graphql`";
            findings.push(Finding::new(&at, message));
        }
    }
    findings
}

/// Settings of limits that there are not.
fn vain_settings(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in config.plans.keys() {
        let mut consumers = config.consumers.iter();
        if !consumers.any(|consumer| consumer.plan.as_ref() == Some(name)) {
            findings.push(Finding::new(&["plans", name], "no consumer has this plan"));
        }
    }
    let router = &config.traffic_shaping.router;
    let is_limited = router.concurrency_limit.is_some() || router.adaptive_concurrency.enabled;
    for (name, policy) in &config.policies {
        if policy.priority.is_some() && !is_limited {
            let message = "nobody is refused sooner or later: there is neither `concurrency_limit` nor `adaptive_concurrency` in `traffic_shaping.router`";
            findings.push(Finding::new(&["policies", name, "priority"], message));
        }
    }
    if config.redis.is_vain() {
        let message = "there is no Redis to do without: `redis.url` is not set";
        findings.push(Finding::new(&["redis", "fallback"], message));
    }
    findings
}

/// An OpenAPI document that nobody can see, or that has nothing in it.
fn unseen_openapi(config: &Config) -> Option<Finding> {
    let openapi = &config.openapi;
    if !openapi.enabled {
        return None;
    }
    if openapi.path == config.path {
        let message = "this document is never seen: `supergraph.path` has its path";
        return Some(Finding::new(&["openapi", "path"], message));
    }
    let is_told = config.routes.0.iter().any(|route| route.graphql.is_some());
    let message = "this document is empty: no route is answered by an operation (`graphql`)";
    (!is_told).then(|| Finding::new(&["openapi", "enabled"], message))
}

/// Settings for what the supergraph does not have.
pub(super) fn unknown(config: &Config, supergraph: &Supergraph) -> Vec<Finding> {
    let mut findings = unknown_subgraphs(config, supergraph.subgraphs());
    findings.extend(override_labels::unknown(
        &config.override_labels,
        supergraph,
    ));
    findings
}

/// A rule for a subgraph that is not there is most likely a misspelt name.
fn unknown_subgraphs(config: &Config, subgraphs: &[Subgraph]) -> Vec<Finding> {
    let sections: [(&[&str], Vec<&String>); 5] = [
        (
            &["traffic_shaping", "subgraphs"],
            config.traffic_shaping.subgraphs.keys().collect(),
        ),
        (
            &["headers", "subgraphs"],
            config.headers.subgraphs.keys().collect(),
        ),
        (
            &["include_subgraph_errors", "subgraphs"],
            config.include_subgraph_errors.subgraphs.keys().collect(),
        ),
        (
            &demand_control::BY_SUBGRAPH,
            config.demand_control.subgraphs().collect(),
        ),
        (
            &["override_subgraph_url"],
            config.override_subgraph_url.0.keys().collect(),
        ),
    ];
    let known: Vec<&str> = subgraphs
        .iter()
        .map(|subgraph| subgraph.name.as_str())
        .collect();
    let findings = sections.iter().flat_map(|(section, names)| {
        let unknown = names.iter().filter(|name| !known.contains(&name.as_str()));
        unknown.map(|name| {
            let key: Vec<&str> = section.iter().copied().chain([name.as_str()]).collect();
            let known = known.join(", ");
            Finding::new(
                &key,
                format!("the supergraph has no subgraph `{name}`; it has: {known}"),
            )
        })
    });
    findings.collect()
}

/// Timeouts of subgraphs that are longer than a whole request may take. A default that nobody wrote is not reported.
fn unreachable_timeouts(config: &Config) -> Vec<Finding> {
    let shaping = &config.traffic_shaping;
    let whole = shaping.router.timeout;
    let finding = |key: &[&str], timeout: Duration| {
        let message = format!(
            "{timeout:?} is never reached: `traffic_shaping.router.timeout` ends every request after {whole:?}"
        );
        Finding::new(key, message)
    };
    let mut findings = Vec::new();
    let default = super::TrafficShapingConfig::default().all.timeout;
    let written = shaping
        .all
        .timeout
        .filter(|_| shaping.all.timeout != default);
    if let Some(timeout) = written.filter(|timeout| *timeout > whole) {
        let key = ["traffic_shaping", "all", "timeout"];
        findings.push(finding(&key, timeout));
    }
    for (name, subgraph) in &shaping.subgraphs {
        if let Some(timeout) = subgraph.timeout.filter(|timeout| *timeout > whole) {
            let key = ["traffic_shaping", "subgraphs", name, "timeout"];
            findings.push(finding(&key, timeout));
        }
    }
    findings
}

/// What is said of caches that comes to nothing.
fn unheeded_caches(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.cache.max_entry_bytes > config.cache.max_bytes {
        let message = "no body is that large in a cache that is smaller (`cache.max_bytes`)";
        findings.push(Finding::new(&["cache", "max_entry_bytes"], message));
    }
    for (index, route) in config.routes.0.iter().enumerate() {
        let is_per_consumer = route.cache.as_ref().is_some_and(|cache| cache.per_consumer);
        let is_anybody_known = config.authentication.router.jwt.is_some();
        if is_per_consumer && !is_anybody_known && route.policies.is_empty() {
            let key = ["routes", &index.to_string(), "cache", "per_consumer"];
            let message = "no consumer is ever known: `authentication.router.jwt` is not set";
            findings.push(Finding::new(&key, message));
        }
    }
    findings
}
