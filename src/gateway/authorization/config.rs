//! The `authorization` section.

use super::policy::Policies;
use crate::{
    gateway::{Misfit, header_types::Name},
    upstream::{self, ByteSize, Endpoint},
};
use serde::Deserialize;
use std::time::Duration;

/// The section.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether requests without a valid token are refused.
    pub require_authentication: bool,
    pub directives: Directives,
    /// When the policies of `@policy` hold, by name.
    pub policies: Policies,
    /// A service that decides those that say so.
    pub external: Option<External>,
}

/// `authorization.external`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct External {
    pub url: Endpoint,
    #[serde(default = "external_timeout")]
    pub timeout: Duration,
    /// For how long an answer holds for questions that are the same. None: each request is asked about.
    #[serde(default)]
    pub cache: Option<Duration>,
    /// What of the client's it is told.
    #[serde(default)]
    pub request_headers: Vec<Name>,
}

fn external_timeout() -> Duration {
    Duration::from_millis(200)
}

impl External {
    /// How it is called.
    pub(super) fn settings(&self) -> upstream::Config {
        upstream::Config {
            timeout: self.timeout,
            response_max_bytes: ByteSize(64 * 1024),
            accept_encoding: false,
            ..upstream::Config::default()
        }
    }
}

impl Config {
    /// Checks that its settings fit together.
    pub(in crate::gateway) fn check(&self) -> Result<(), Misfit> {
        let Some(external) = &self.external else {
            let Some(policy) = self.policies.first_external() else {
                return Ok(());
            };
            let message = "there is no `authorization.external`, which says who is asked";
            let at = ["authorization", "policies", policy, "external"];
            return Err(Misfit::new(&at, message));
        };
        let lengths = [
            ("timeout", Some(external.timeout)),
            ("cache", external.cache),
        ];
        for (key, length) in lengths {
            if length.is_some_and(|length| length.is_zero()) {
                let message = "this takes some time; write 10s or 500ms";
                return Err(Misfit::new(&["authorization", "external", key], message));
            }
        }
        Ok(())
    }
}

/// `@authenticated`, `@requiresScopes` and `@policy` in the supergraph. The names are Apollo Router's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Directives {
    /// Whether they are enforced.
    pub enabled: bool,
    /// Whether what would be left out is only logged.
    pub dry_run: bool,
    /// Whether an operation is refused as a whole when something would be left out.
    pub reject_unauthorized: bool,
    pub errors: Errors,
}

/// Where it is told what was left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Errors {
    /// In the log, with the first field.
    pub log: bool,
    pub response: ErrorsIn,
}

/// Where clients are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorsIn {
    /// Under `errors`.
    #[default]
    Errors,
    Disabled,
}

impl Default for Directives {
    fn default() -> Self {
        Self {
            enabled: true,
            dry_run: false,
            reject_unauthorized: false,
            errors: Errors::default(),
        }
    }
}

impl Default for Errors {
    fn default() -> Self {
        Self {
            log: true,
            response: ErrorsIn::default(),
        }
    }
}
