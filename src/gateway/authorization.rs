//! What a caller may do. So far: whether one must have shown who they are, and what is done with a supergraph that
//! demands more.

use super::Finding;
use crate::schema::{Protection, Supergraph};
use serde::Deserialize;

/// The `authorization` section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether requests without a valid token are refused.
    pub require_authentication: bool,
    pub directives: Directives,
}

/// `@authenticated`, `@requiresScopes` and `@policy` in the supergraph.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Directives {
    /// Whether they are enforced.
    pub enabled: bool,
}

impl Default for Directives {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// A supergraph that demands of callers what is not enforced yet.
#[derive(Debug, thiserror::Error)]
#[error(
    "the supergraph needs {protection}, which Graphway does not support: it would have to enforce `@{}` \
     (`authorization.directives.enabled: false` serves it to everybody)",
    protection.directive
)]
pub struct Unenforced {
    protection: Protection,
}

/// Refuses a supergraph whose directives would have to be enforced.
pub(super) fn check(config: &Config, supergraph: &Supergraph) -> Result<(), Unenforced> {
    match supergraph.protections().first() {
        Some(protection) if config.directives.enabled => Err(Unenforced {
            protection: protection.clone(),
        }),
        _ => Ok(()),
    }
}

/// What the supergraph protects and everybody gets, because the configuration says so.
pub fn unprotected(config: &Config, supergraph: &Supergraph) -> Vec<Finding> {
    let protections = supergraph.protections().iter();
    let ignored = protections.filter(|_| !config.directives.enabled);
    let findings = ignored.map(|protection| {
        let message = format!(
            "`@{}` is not enforced: what it protects is given to everybody",
            protection.directive
        );
        Finding::new(&["authorization", "directives", "enabled"], message)
    });
    findings.collect()
}
