//! What of the `consumers` section cannot be meant so.

use super::{
    claims::Claims,
    config::{Certificate, Consumer, Identity},
    secrets::Sha256,
};
use crate::gateway::misfit::Misfit;
use http::HeaderValue;
use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

/// What metrics call those who are no consumer.
const NOBODY: &str = "none";

/// What else there is in the configuration.
pub(in crate::gateway) struct Around<'a> {
    pub(in crate::gateway) plans: &'a [&'a str],
    /// Those that may sign client certificates, each once.
    pub(in crate::gateway) authorities: &'a [PathBuf],
    /// How many key sets may sign tokens.
    pub(in crate::gateway) key_sets: usize,
}

/// Checks names, plans, that no credential is two consumers', and that nobody can make one who is trusted for another's.
pub(in crate::gateway) fn check(consumers: &[Consumer], around: &Around<'_>) -> Result<(), Misfit> {
    let mut seen = Seen::default();
    for (index, consumer) in consumers.iter().enumerate() {
        let checked = check_name(consumer)
            .and_then(|()| check_groups(consumer))
            .and_then(|()| check_plan(consumer, around.plans))
            .and_then(|()| check_certificates(consumer, around.authorities))
            .and_then(|()| check_claims(consumer, around.key_sets))
            .and_then(|()| seen.add(consumer));
        checked.map_err(|misfit| misfit.below(&["consumers", &index.to_string()]))?;
    }
    Ok(())
}

/// Whether some consumer is in this group.
pub(in crate::gateway) fn group_exists(consumers: &[Consumer], group: &str) -> bool {
    let mut consumers = consumers.iter();
    consumers.any(|consumer| consumer.groups.iter().any(|known| known == group))
}

fn check_name(consumer: &Consumer) -> Result<(), Misfit> {
    let name = &consumer.name;
    let wrong = match name.as_str() {
        "" => "a consumer has a name".to_owned(),
        NOBODY => "metrics call those so who are no consumer".to_owned(),
        _ if !is_sayable(name) => {
            "upstreams get it in a header: visible ASCII characters alone".to_owned()
        }
        _ => return Ok(()),
    };
    Err(Misfit::new(&["name"], wrong))
}

/// Whether a header can say it, and say nothing else.
fn is_sayable(text: &str) -> bool {
    HeaderValue::from_str(text).is_ok() && text.trim() == text && text.is_ascii()
}

fn check_groups(consumer: &Consumer) -> Result<(), Misfit> {
    for (index, group) in consumer.groups.iter().enumerate() {
        if group.is_empty() || group.contains(',') || !is_sayable(group) {
            let message = "upstreams get groups in a header, with commas between them: visible ASCII characters but commas";
            return Err(Misfit::new(&["groups", &index.to_string()], message));
        }
    }
    Ok(())
}

fn check_plan(consumer: &Consumer, plans: &[&str]) -> Result<(), Misfit> {
    match &consumer.plan {
        Some(plan) if !plans.contains(&plan.as_str()) => {
            Err(Misfit::unknown(&["plan"], ("plan", plan), plans))
        }
        _ => Ok(()),
    }
}

/// Where hosts trust different authorities, each of them can sign any name.
fn check_certificates(consumer: &Consumer, authorities: &[PathBuf]) -> Result<(), Misfit> {
    let known: Vec<String> = authorities
        .iter()
        .map(|ca| ca.display().to_string())
        .collect();
    for (index, Certificate { identity, ca }) in consumer.certificates.iter().enumerate() {
        let index = index.to_string();
        let at = ["certificates", &index];
        match ca {
            Some(ca) if !authorities.contains(ca) => {
                let message = match known.as_slice() {
                    [] => "there is no `client_authentication` with a `ca`".to_owned(),
                    known => format!(
                        "no `client_authentication` has this `ca`; there are: {}",
                        known.join(", ")
                    ),
                };
                return Err(Misfit::new(&["certificates", &index, "ca"], message));
            }
            None if authorities.len() > 1 && !matches!(identity, Identity::Whole(_)) => {
                let message = format!(
                    "authorities of other hosts can sign this name too: say with `ca` whose it is, one of {}",
                    known.join(", ")
                );
                return Err(Misfit::new(&at, message));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Where several may sign tokens, each can claim what others do.
fn check_claims(consumer: &Consumer, key_sets: usize) -> Result<(), Misfit> {
    let is_doubtful = key_sets > 1 && !consumer.claims.is_empty() && !consumer.claims.name_issuer();
    if is_doubtful {
        let message =
            "tokens by any of several key sets can claim this: say whose they are with `iss`";
        return Err(Misfit::new(&["claims"], message));
    }
    Ok(())
}

/// What was found so far, and whose it is.
#[derive(Default)]
struct Seen<'a> {
    names: HashSet<&'a str>,
    credentials: HashMap<Credential<'a>, &'a str>,
    claims: Vec<(&'a Claims, &'a str)>,
}

#[derive(PartialEq, Eq, Hash)]
enum Credential<'a> {
    Key(&'a Sha256),
    Username(&'a str),
    KeyId(&'a str),
    Certificate(&'a Identity, Option<&'a Path>),
}

impl<'a> Seen<'a> {
    fn add(&mut self, consumer: &'a Consumer) -> Result<(), Misfit> {
        let name = consumer.name.as_str();
        if !self.names.insert(name) {
            let message = format!("there is a consumer `{name}` already");
            return Err(Misfit::new(&["name"], message));
        }
        let taken = |at: &[&str], owner: &str| {
            let message = format!("the consumer `{owner}` is known by this already");
            Err(Misfit::new(at, message))
        };
        if !consumer.claims.is_empty() {
            let mut claims = self.claims.iter();
            if let Some((_, owner)) = claims.find(|(claims, _)| **claims == consumer.claims) {
                return taken(&["claims"], owner);
            }
            self.claims.push((&consumer.claims, name));
        }
        for (key, index, credential) in credentials(consumer) {
            if let Some(owner) = self.credentials.insert(credential, name) {
                return taken(&[key, &index.to_string()], owner);
            }
        }
        Ok(())
    }
}

/// All credentials but claims, and where each is written.
fn credentials(consumer: &Consumer) -> impl Iterator<Item = (&'static str, usize, Credential<'_>)> {
    let numbered = |key, credentials: Vec<_>| {
        let credentials: Vec<Credential<'_>> = credentials;
        let numbered = credentials.into_iter().enumerate();
        numbered.map(move |(index, credential)| (key, index, credential))
    };
    let keys = consumer.api_keys.iter();
    let keys = keys.map(|key| Credential::Key(&key.sha256)).collect();
    let names = consumer.basic.iter();
    let names = names.map(|basic| Credential::Username(&basic.username.0));
    let ids = consumer.hmac.iter();
    let ids = ids.map(|hmac| Credential::KeyId(&hmac.key_id)).collect();
    let certificates = consumer.certificates.iter();
    let certificates = certificates.map(|certificate| {
        Credential::Certificate(&certificate.identity, certificate.ca.as_deref())
    });
    let certificates = certificates.collect();
    numbered("api_keys", keys)
        .chain(numbered("basic", names.collect()))
        .chain(numbered("hmac", ids))
        .chain(numbered("certificates", certificates))
}
