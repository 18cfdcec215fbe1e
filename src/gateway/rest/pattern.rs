//! Hosts, methods and prefixes, as configuration writes them: checked where they are read, so that an error can point at
//! their line.

use crate::gateway::path::Path;
use http::{HeaderValue, uri::Authority};
use serde::Deserialize;
use std::{borrow::Cow, fmt};

/// A path whose segments are taken off the front of a request's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Prefix(String);

impl Prefix {
    /// The text, without a slash at the end.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Prefix {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        check_path(&written)?;
        Ok(Self(written.trim_end_matches('/').to_owned()))
    }
}

/// A path in a configuration must be as requests' are when they are compared with it.
pub(super) fn check_path(written: &str) -> Result<(), String> {
    if written.contains(['?', '#']) {
        return Err(format!("`{written}` must have no query"));
    }
    let path = Path::parse(written).map_err(|why| format!("`{written}` {why}"))?;
    if path.as_str() == written {
        Ok(())
    } else {
        Err(format!("`{written}` must be written `{}`", path.as_str()))
    }
}

/// A host, or all hosts below one: `shop.example`, `*.shop.example`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HostPattern {
    /// In lower case; with its first dot if hosts below it are meant.
    name: String,
    below: bool,
}

impl HostPattern {
    /// Whether it matches whatever the other one does.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self.below, other.below) {
            (false, true) => false,
            (false, false) => self.name == other.name,
            (true, true) => other.name.ends_with(&self.name),
            (true, false) => other.name.len() > self.name.len() && other.name.ends_with(&self.name),
        }
    }

    /// Its name, in lower case. If it is for all hosts below it, it begins with a dot.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// A host without port, as patterns are written.
pub(super) fn plain_host(host: &str) -> Cow<'_, str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(host.to_ascii_lowercase());
    }
    Cow::Borrowed(host)
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below = if self.below { "*" } else { "" };
        write!(f, "{below}{}", self.name)
    }
}

impl TryFrom<String> for HostPattern {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let (name, below) = match written.strip_prefix('*') {
            Some(name) if name.starts_with('.') => (name, true),
            _ => (written.as_str(), false),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let is_literal = name.starts_with('[') && name.ends_with(']');
        if name.is_empty() || !(is_literal || name.chars().all(is_name)) {
            return Err(format!(
                "`{written}` is not a host; write it without port, `*.` before it for all below it"
            ));
        }
        Ok(Self {
            name: name.to_ascii_lowercase(),
            below,
        })
    }
}

/// A host, perhaps with a port, as `Host` says it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Host(pub(super) HeaderValue);

impl TryFrom<String> for Host {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let bad = || format!("`{written}` is not a host");
        let authority = Authority::try_from(written.as_str()).map_err(|_| bad())?;
        if authority.as_str().contains('@') {
            return Err(bad());
        }
        HeaderValue::from_str(authority.as_str())
            .map(Self)
            .map_err(|_| bad())
    }
}

/// The name of a method, in upper case.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Method(pub(super) http::Method);

impl TryFrom<String> for Method {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let method = http::Method::from_bytes(written.as_bytes());
        match method {
            Ok(http::Method::CONNECT | http::Method::TRACE) => {
                Err(format!("`{written}` is never passed on"))
            }
            Ok(method) if written.bytes().all(|byte| byte.is_ascii_uppercase()) => Ok(Self(method)),
            _ => Err(format!(
                "`{written}` is not a method; they are in upper case, like GET"
            )),
        }
    }
}
