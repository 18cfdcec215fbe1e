//! The `authorization` section.

use super::policy::Policies;
use serde::Deserialize;

/// The section.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether requests without a valid token are refused.
    pub require_authentication: bool,
    pub directives: Directives,
    /// When the policies of `@policy` hold, by name.
    pub policies: Policies,
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
