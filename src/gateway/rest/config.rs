//! The `upstreams` and `routes` sections.

use super::{
    operation,
    pattern::{HostPattern, Method, PathPattern, Prefix},
};
use crate::upstream::{self, Endpoint};
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use std::{collections::BTreeMap, fmt, io, path::Path, time::Duration};

/// The `upstreams` section: groups of endpoints by name.
pub type Upstreams = BTreeMap<String, Group>;

/// The `routes` section, in order: the first that matches is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Routes(pub Vec<Route>);

/// `upstreams.NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Requests take turns. While there is none, the answer is 503.
    pub endpoints: Vec<Endpoint>,
    /// How long it may be silent: before its answer begins, and within it.
    #[serde(default = "default_timeout")]
    pub timeout: Duration,
}

fn default_timeout() -> Duration {
    upstream::Config::default().timeout
}

/// One of `routes`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    #[serde(default, rename = "match")]
    pub matches: Match,
    #[serde(default)]
    pub to: Option<Destination>,
    /// What answers it in place of an upstream.
    #[serde(default)]
    pub graphql: Option<operation::Config>,
    /// Segments that upstreams do not get.
    #[serde(default)]
    pub strip_prefix: Option<Prefix>,
    /// Whether the upstream sees the client's `Host` instead of its own.
    #[serde(default)]
    pub preserve_host: bool,
    /// Instead of the upstream's.
    #[serde(default)]
    pub timeout: Option<Duration>,
}

/// What a route is for. A missing key matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    pub host: Option<HostPattern>,
    pub path: Option<PathPattern>,
    pub methods: Option<Vec<Method>>,
}

impl Match {
    /// The host and the path as they are written, for metrics and traces.
    pub(super) fn label(&self) -> String {
        let host = self.host.as_ref().map(ToString::to_string);
        let path = self.path.as_ref().map(ToString::to_string);
        host.unwrap_or_default() + &path.unwrap_or("/**".to_owned())
    }
}

/// The name of an upstream, or a list of them with weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    One(String),
    Weighted(Vec<Share>),
}

/// One of several upstreams.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    pub upstream: String,
    pub weight: u32,
}

impl<'de> Deserialize<'de> for Destination {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `untagged`, which would lose the places of errors.
        deserializer.deserialize_any(DestinationVisitor)
    }
}

struct DestinationVisitor;

impl<'de> Visitor<'de> for DestinationVisitor {
    type Value = Destination;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an upstream, or a list of `{ upstream, weight }`")
    }

    fn visit_str<E>(self, name: &str) -> Result<Destination, E> {
        Ok(Destination::One(name.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Destination, A::Error> {
        let mut shares = Vec::new();
        while let Some(share) = items.next_element()? {
            shares.push(share);
        }
        Ok(Destination::Weighted(shares))
    }
}

/// A setting that is well-formed, and yet does not fit another one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", at.join("."))]
pub struct Misfit {
    /// Keys, and numbers in lists, from the top of the file.
    pub at: Vec<String>,
    pub message: String,
}

/// The sum of a route's weights: its turns are written out.
const WEIGHTS_MAX: u64 = 10_000;

impl Routes {
    /// Reads the documents that are in files.
    pub fn read_documents(
        &mut self,
        read: &dyn Fn(&Path) -> io::Result<String>,
    ) -> Result<(), Misfit> {
        for (index, route) in self.0.iter_mut().enumerate() {
            if let Some(graphql) = &mut route.graphql {
                let read = graphql.read_document(read);
                read.map_err(|(key, message)| Misfit {
                    at: ["routes", &index.to_string(), "graphql"]
                        .into_iter()
                        .chain(key)
                        .map(str::to_owned)
                        .collect(),
                    message,
                })?;
            }
        }
        Ok(())
    }

    /// Checks that they and the upstreams fit together.
    pub fn check(&self, upstreams: &Upstreams) -> Result<(), Misfit> {
        for (name, group) in upstreams {
            check_endpoints(name, &group.endpoints)?;
        }
        for (index, route) in self.0.iter().enumerate() {
            let index = index.to_string();
            let at = ["routes", index.as_str()];
            match (&route.to, &route.graphql) {
                (Some(to), None) => check_destination(&index, to, upstreams)?,
                (None, Some(_)) => check_answered(&index, route)?,
                (Some(_), Some(_)) => {
                    let at = ["routes", &index, "graphql"];
                    return misfit(&at, "`to` says what answers this route".to_owned());
                }
                (None, None) => {
                    return misfit(&at, "the key `to` or `graphql` is missing".to_owned());
                }
            }
            check_prefix(&index, route)?;
        }
        Ok(())
    }
}

fn check_endpoints(upstream: &str, endpoints: &[Endpoint]) -> Result<(), Misfit> {
    for (index, endpoint) in endpoints.iter().enumerate() {
        if endpoint.uri().query().is_some() {
            let at = ["upstreams", upstream, "endpoints", &index.to_string()];
            return misfit(&at, "an endpoint has no query".to_owned());
        }
    }
    Ok(())
}

/// What is for upstreams alone.
fn check_answered(index: &str, route: &Route) -> Result<(), Misfit> {
    let written = [
        ("strip_prefix", route.strip_prefix.is_some()),
        ("preserve_host", route.preserve_host),
    ];
    match written.iter().find(|(_, is_there)| *is_there) {
        Some((key, _)) => {
            let message = "this is about upstreams, and the route has none".to_owned();
            misfit(&["routes", index, key], message)
        }
        None => Ok(()),
    }
}

fn check_prefix(index: &str, route: &Route) -> Result<(), Misfit> {
    let Some(prefix) = route.strip_prefix.as_ref().map(Prefix::as_str) else {
        return Ok(());
    };
    let path = route.matches.path.as_ref();
    if path.is_some_and(|path| path.is_below(prefix)) {
        return Ok(());
    }
    let message = format!("`match.path` lets through paths that do not begin with `{prefix}`");
    misfit(&["routes", index, "strip_prefix"], message)
}

fn check_destination(
    route: &str,
    destination: &Destination,
    upstreams: &Upstreams,
) -> Result<(), Misfit> {
    let known = |name: &str, at: &[&str]| {
        if upstreams.contains_key(name) {
            return Ok(());
        }
        let names: Vec<&str> = upstreams.keys().map(String::as_str).collect();
        let there = if names.is_empty() {
            "there are none".to_owned()
        } else {
            format!("there are: {}", names.join(", "))
        };
        misfit(at, format!("unknown upstream `{name}`; {there}"))
    };
    let shares = match destination {
        Destination::One(name) => return known(name, &["routes", route, "to"]),
        Destination::Weighted(shares) => shares,
    };
    for (index, share) in shares.iter().enumerate() {
        let index = index.to_string();
        known(
            &share.upstream,
            &["routes", route, "to", &index, "upstream"],
        )?;
    }
    let sum: u64 = shares.iter().map(|share| u64::from(share.weight)).sum();
    let message = match sum {
        0 => "no upstream has a weight, so none would be asked".to_owned(),
        1..=WEIGHTS_MAX => return Ok(()),
        _ => format!("the weights add up to {sum}; at most {WEIGHTS_MAX}"),
    };
    misfit(&["routes", route, "to"], message)
}

fn misfit(at: &[&str], message: String) -> Result<(), Misfit> {
    Err(Misfit {
        at: at.iter().copied().map(str::to_owned).collect(),
        message,
    })
}
