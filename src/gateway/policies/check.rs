//! What of policies cannot be meant so, and what of them has no effect.

use super::config::{Graphql, Policies, Policy};
use crate::gateway::{
    Finding,
    authentication::{self, Method, Way},
    claims::is_claim,
    consumers::{self, Claims, group_exists},
    headers::is_ours,
    misfit::Misfit,
    rates::Plans,
};
use std::{collections::BTreeSet, path::PathBuf};

/// All that the configuration says of who comes in.
pub(in crate::gateway) struct Written<'a> {
    pub(in crate::gateway) policies: &'a Policies,
    pub(in crate::gateway) consumers: &'a [consumers::Config],
    /// Those that vouch for client certificates, each once.
    pub(in crate::gateway) authorities: &'a [PathBuf],
    pub(in crate::gateway) plans: &'a Plans,
    pub(in crate::gateway) authentication: &'a authentication::Config,
    pub(in crate::gateway) graphql: &'a Graphql,
    /// The lists of all routes, in order.
    pub(in crate::gateway) routes: Vec<&'a [String]>,
}

/// Checks policies, and the lists that name them.
pub(in crate::gateway) fn check(config: &Written<'_>) -> Result<(), Misfit> {
    let plans: Vec<&str> = config.plans.keys().map(String::as_str).collect();
    let around = consumers::Around {
        plans: &plans,
        authorities: config.authorities,
        key_sets: config.authentication.issuers().len(),
    };
    consumers::check(config.consumers, &around)?;
    check_issuers(config)?;
    config.authentication.check_credentials(is_ours)?;
    check_forward(config.authentication)?;
    for (name, policy) in config.policies {
        let checked = check_policy(config, policy);
        checked.map_err(|misfit| misfit.below(&["policies", name]))?;
    }
    let graphql = check_list(config, &config.graphql.policies);
    graphql.map_err(|misfit| misfit.below(&["graphql", "policies"]))?;
    for (index, names) in config.routes.iter().enumerate() {
        let route = check_list(config, names);
        route.map_err(|misfit| misfit.below(&["routes", &index.to_string(), "policies"]))?;
    }
    Ok(())
}

/// Where claims say whose tokens are, a key set that may sign for any issuer may sign everybody's.
fn check_issuers(config: &Written<'_>) -> Result<(), Misfit> {
    let is_told = |consumer: &consumers::Config| consumer.claims != Claims::default();
    match config.authentication.unbound_key_set() {
        Some(index) if config.consumers.iter().any(is_told) => {
            let at = [
                "authentication",
                "router",
                "jwt",
                "jwks",
                &index.to_string(),
            ];
            let message = "its tokens can claim to be those of other key sets, and so of their consumers (`consumers.*.claims`): give `issuer`";
            Err(Misfit::new(&at, message))
        }
        _ => Ok(()),
    }
}

/// Another service says who callers are, and nothing of connections.
fn check_forward(authentication: &authentication::Config) -> Result<(), Misfit> {
    let forward = authentication.forward.iter();
    let names = forward.flat_map(|forward| forward.response_headers.iter().enumerate());
    for (index, name) in names {
        if is_ours(&name.0) || is_claim(name.0.as_str()) {
            let message = format!("`{}` is what the gateway says itself", name.0);
            let at = [
                "authentication",
                "forward",
                "response_headers",
                &index.to_string(),
            ];
            return Err(Misfit::new(&at, message));
        }
    }
    Ok(())
}

fn check_list(config: &Written<'_>, names: &[String]) -> Result<(), Misfit> {
    let mut said: Option<&str> = None;
    for (index, name) in names.iter().enumerate() {
        let at = [index.to_string()];
        let at = [at[0].as_str()];
        let Some(policy) = config.policies.get(name) else {
            let known: Vec<&str> = config.policies.keys().map(String::as_str).collect();
            return Err(Misfit::unknown(&at, ("policy", name), &known));
        };
        if names[..index].contains(name) {
            return Err(Misfit::new(
                &at,
                format!("`{name}` is in this list already"),
            ));
        }
        match said {
            Some(other) if policy.auth.is_some() => {
                let message = format!("`{other}`, in this list too, says `auth` already");
                return Err(Misfit::new(&at, message));
            }
            _ if policy.auth.is_some() => said = Some(name),
            _ => {}
        }
    }
    Ok(())
}

fn check_policy(config: &Written<'_>, policy: &Policy) -> Result<(), Misfit> {
    check_auth(config, policy.auth.as_deref())?;
    if let Some(name) = &policy.anonymous {
        if policy.auth.is_none() {
            let message = "this goes with `auth`: who shows nothing of what?";
            return Err(Misfit::new(&["anonymous"], message));
        }
        let known: Vec<&str> = config
            .consumers
            .iter()
            .map(|known| known.name.as_str())
            .collect();
        if !known.contains(&name.as_str()) {
            return Err(Misfit::unknown(&["anonymous"], ("consumer", name), &known));
        }
    }
    if let Some(addresses) = &policy.addresses
        && addresses.allow.as_ref().is_none_or(Vec::is_empty)
        && (addresses.allow.is_some() || addresses.deny.is_empty())
    {
        let message =
            "name at least one address in `allow` or in `deny`; nobody comes from nowhere";
        return Err(Misfit::new(&["addresses"], message));
    }
    check_groups(config, policy)
}

fn check_auth(config: &Written<'_>, auth: Option<&[Way]>) -> Result<(), Misfit> {
    let Some(ways) = auth else {
        return Ok(());
    };
    if ways.is_empty() {
        let message = "name at least one way; without one, nobody could come in";
        return Err(Misfit::new(&["auth"], message));
    }
    for (index, way) in ways.iter().enumerate() {
        let checked = check_way(config, way, &ways[..index]);
        checked.map_err(|misfit| misfit.below(&["auth", &index.to_string()]))?;
    }
    Ok(())
}

/// Checks a way, of which those before it are known.
fn check_way(config: &Written<'_>, way: &Way, before: &[Way]) -> Result<(), Misfit> {
    if before.contains(&Way::One(Method::Forward)) {
        let message = "this is never tried: `forward` decides about all that come to it";
        return Err(Misfit::new(&[], message));
    }
    let methods = way.methods();
    if matches!(way, Way::All(_)) && methods.len() < 2 {
        let message = "name at least two, all of which are wanted";
        return Err(Misfit::new(&["all"], message));
    }
    for (index, method) in methods.iter().enumerate() {
        let (name, section) = method.names();
        let is_enough = before.contains(&Way::One(*method));
        let wrong = match way {
            Way::One(_) if is_enough => format!("`{name}` is in this list already"),
            Way::All(_) if methods[..index].contains(method) => {
                format!("`{name}` is in this list already")
            }
            Way::All(_) if is_enough => {
                format!("these are never tried together: `{name}`, before them, is enough")
            }
            Way::All(_) if *method == Method::Forward && index + 1 < methods.len() => {
                "`forward` comes last: it is asked about those who have shown the rest".to_owned()
            }
            _ if config.authentication.has(*method) => continue,
            _ => format!("there is no `{section}`, which says how"),
        };
        let number = index.to_string();
        let at: &[&str] = match way {
            Way::One(_) => &[],
            Way::All(_) => &["all", &number],
        };
        return Err(Misfit::new(at, wrong));
    }
    Ok(())
}

fn check_groups(config: &Written<'_>, policy: &Policy) -> Result<(), Misfit> {
    let (key, groups) = match (&policy.allow_groups, &policy.deny_groups) {
        (None, None) => return Ok(()),
        (Some(_), Some(_)) => {
            let message = "`allow_groups` says who comes in, and nobody else does";
            return Err(Misfit::new(&["deny_groups"], message));
        }
        (Some(allowed), None) => ("allow_groups", allowed),
        (None, Some(denied)) => ("deny_groups", denied),
    };
    if groups.is_empty() {
        let message = "name at least one group";
        return Err(Misfit::new(&[key], message));
    }
    if policy.auth.is_none() && !config.authentication.has(Method::Jwt) {
        let message =
            "nobody is asked who they are: there is neither `auth` nor `authentication.router.jwt`";
        return Err(Misfit::new(&[key], message));
    }
    Ok(())
}

/// The policies that stand before something.
pub(super) fn used<'a>(config: &Written<'a>) -> BTreeSet<&'a String> {
    let routes = config.routes.iter().flat_map(|names| names.iter());
    config.graphql.policies.iter().chain(routes).collect()
}

/// What has no effect.
pub(super) fn findings(config: &Written<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let used = used(config);
    for (name, policy) in config.policies {
        if !used.contains(name) {
            let message = "no route and no `graphql.policies` names this policy";
            findings.push(Finding::new(&["policies", name], message));
        }
        if *policy == Policy::default() {
            let message = "this policy demands nothing of requests";
            findings.push(Finding::new(&["policies", name], message));
        }
        for (key, groups) in [
            ("allow_groups", &policy.allow_groups),
            ("deny_groups", &policy.deny_groups),
        ] {
            for (index, group) in groups.iter().flatten().enumerate() {
                if !group_exists(config.consumers, group) {
                    let message = format!("no consumer is in a group `{group}`");
                    let at = ["policies", name, key, &index.to_string()];
                    findings.push(Finding::new(&at, message));
                }
            }
        }
    }
    findings.extend(unheeded_credentials(config));
    findings
}

/// Credentials of consumers that nothing looks at.
fn unheeded_credentials(config: &Written<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, consumer) in config.consumers.iter().enumerate() {
        let held = [
            ("api_keys", Method::ApiKey, !consumer.api_keys.is_empty()),
            ("basic", Method::Basic, !consumer.basic.is_empty()),
            ("hmac", Method::Hmac, !consumer.hmac.is_empty()),
            ("claims", Method::Jwt, consumer.claims != Claims::default()),
        ];
        for (key, method, is_held) in held {
            let is_heeded = config.authentication.has(method)
                || method == Method::Jwt && config.authentication.has(Method::Login);
            if is_held && !is_heeded {
                let message = format!("nothing looks at these: there is no `{}`", method.names().1);
                findings.push(Finding::new(
                    &["consumers", &index.to_string(), key],
                    message,
                ));
            }
        }
    }
    findings
}
