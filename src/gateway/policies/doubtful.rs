//! What is said of who comes in and works, but hardly as its writer thinks.

use super::{
    check::{self, Written},
    config::Policy,
};
use crate::gateway::{
    Finding,
    authentication::{Method, Way},
    consumers::{self, Claims},
};

/// All of it, and what has no effect at all.
pub(in crate::gateway) fn findings(config: &Written<'_>) -> Vec<Finding> {
    let mut findings = check::findings(config);
    findings.extend(key_sets(config));
    findings.extend(unasked(config));
    for (name, policy) in config.policies {
        let found = of_policy(config, policy).into_iter();
        findings
            .extend(found.map(|(key, message)| Finding::new(&["policies", name, key], message)));
    }
    findings.extend(nobodies(config));
    findings
}

/// Key sets that others can speak for.
fn key_sets(config: &Written<'_>) -> Vec<Finding> {
    let unbound = config.authentication.unbound_key_set();
    let unbound = unbound.map(|index| {
        let message = "its tokens can claim to be those of the other key sets: give `issuer`";
        (index, None, message)
    });
    let issuers = config.authentication.issuers().iter().enumerate();
    let open = issuers.filter(|(_, issuer)| issuer.is_open());
    let open = open.map(|(index, _)| {
        let message = "whoever is on the way can put other keys in the place of these: use https";
        (index, Some("url"), message)
    });
    let found = unbound.into_iter().chain(open);
    let located = found.map(|(index, key, message)| {
        let index = index.to_string();
        let at = ["authentication", "router", "jwt", "jwks", &index];
        let at: Vec<&str> = at.into_iter().chain(key).collect();
        Finding::new(&at, message)
    });
    located.collect()
}

/// Ways that are configured and that no policy names. Tokens are asked for without any.
fn unasked(config: &Written<'_>) -> Vec<Finding> {
    let used = check::used(config);
    let policies = config.policies.iter();
    let policies = policies.filter(|(name, _)| used.contains(name));
    let ways: Vec<&Way> = policies
        .flat_map(|(_, policy)| policy.auth.iter().flatten())
        .collect();
    let optional = [
        (Method::ApiKey, "api_key"),
        (Method::Basic, "basic"),
        (Method::Hmac, "hmac"),
        (Method::Forward, "forward"),
    ];
    let unasked = optional.into_iter().filter(|(method, _)| {
        let is_asked = ways.iter().any(|way| way.methods().contains(method));
        config.authentication.has(*method) && !is_asked
    });
    let located = unasked.map(|(_, key)| {
        let message = "no policy that stands before anything has this in its `auth`";
        Finding::new(&["authentication", key], message)
    });
    located.collect()
}

/// What of a policy has no effect, or none but to shut everybody out.
fn of_policy(config: &Written<'_>, policy: &Policy) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    let ways = policy.auth.as_deref().unwrap_or_default();
    let has = |method: Method| ways.iter().any(|way| way.methods().contains(&method));
    let is_forwarded = ways.contains(&Way::One(Method::Forward));
    if has(Method::Certificate) && config.authorities.is_empty() {
        found.push((
            "auth",
            "nobody is asked for a certificate: there is no `tls.client_authentication`",
        ));
    }
    if is_forwarded && policy.anonymous.is_some() {
        let message = "this has no effect: `forward` decides about those who show nothing, too";
        found.push(("anonymous", message));
    }
    if is_forwarded && policy.allow_groups.is_some() {
        let message = "whoever `forward` lets in is no consumer, so in no group: always 403";
        found.push(("allow_groups", message));
    }
    if is_forwarded && ways.len() == 1 && policy.deny_groups.is_some() {
        let message =
            "this has no effect: whoever `forward` lets in is no consumer, so in no group";
        found.push(("deny_groups", message));
    }
    found
}

/// Consumers that nobody can be, and certificates that nobody is asked for.
fn nobodies(config: &Written<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, consumer) in config.consumers.iter().enumerate() {
        let index = index.to_string();
        if !consumer.certificates.is_empty() && config.authorities.is_empty() {
            let message = "nothing looks at these: there is no `tls.client_authentication`";
            let at = ["consumers", &index, "certificates"];
            findings.push(Finding::new(&at, message));
        }
        let mut policies = config.policies.values();
        let is_named = policies.any(|policy| policy.anonymous.as_ref() == Some(&consumer.name));
        if !is_named && !is_known(consumer) {
            let message =
                "nobody can be this consumer: it has no credential, and is nobody's `anonymous`";
            findings.push(Finding::new(&["consumers", &index], message));
        }
    }
    findings
}

/// Whether it has a credential.
fn is_known(consumer: &consumers::Config) -> bool {
    let consumers::Config {
        api_keys,
        basic,
        hmac,
        claims,
        certificates,
        ..
    } = consumer;
    !api_keys.is_empty()
        || !basic.is_empty()
        || !hmac.is_empty()
        || *claims != Claims::default()
        || !certificates.is_empty()
}
