//! What a route matches, as configuration writes it: checked where it is read, so that an error can point at its line.

use crate::gateway::path::Path;
use serde::Deserialize;
use std::fmt;

/// A path, or all paths below one: `/health`, `/api/**`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PathPattern {
    /// Without a slash at the end, unless the pattern is exact and written with one.
    base: String,
    and_below: bool,
}

impl PathPattern {
    /// Whether a path is matched. What is below `/api` begins with `/api/`; `/api` itself counts too.
    pub(super) fn matches(&self, path: &str) -> bool {
        if self.and_below {
            is_at_or_below(path, &self.base)
        } else {
            path == self.base
        }
    }

    /// As OpenAPI writes it. All below a path is that path there.
    pub(super) fn template(&self) -> &str {
        match self.base.as_str() {
            "" => "/",
            base => base,
        }
    }

    /// The names of the parts that it captures.
    pub(super) fn names(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Whether all that is matched is at or below a path.
    pub(super) fn is_below(&self, prefix: &str) -> bool {
        is_at_or_below(&self.base, prefix)
    }
}

/// Whether `path` is `base` or begins with it and a slash.
pub(super) fn is_at_or_below(path: &str, base: &str) -> bool {
    path.strip_prefix(base)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below = if self.and_below { "/**" } else { "" };
        write!(f, "{}{below}", self.base)
    }
}

impl TryFrom<String> for PathPattern {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let (base, and_below) = match written.strip_suffix("/**") {
            Some(base) => (base, true),
            None => (written.as_str(), false),
        };
        if base.contains('*') {
            return Err(format!(
                "`{written}`: write a path (`/health`) or all below one (`/api/**`); other wildcards are not there"
            ));
        }
        if !(and_below && base.is_empty()) {
            check_path(base)?;
        }
        Ok(Self {
            base: base.to_owned(),
            and_below,
        })
    }
}

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
fn check_path(written: &str) -> Result<(), String> {
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
    /// Whether a host without port is matched.
    pub(super) fn matches(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        if self.below {
            host.len() > self.name.len() && host.ends_with(&self.name)
        } else {
            host == self.name
        }
    }
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
