//! Which pages there are. Both keys are Apollo Router's.

use serde::Deserialize;

/// The `sandbox` section: the IDE at `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxConfig {
    pub enabled: bool,
}

/// The `homepage` section: a page at `/` that says where the graph is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HomepageConfig {
    pub enabled: bool,
}
