//! What a caller may do. So far: whether one must have shown who they are.

use serde::Deserialize;

/// The `authorization` section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether requests without a valid token are refused.
    pub require_authentication: bool,
}
