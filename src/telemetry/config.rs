//! The `telemetry` section.

use serde::Deserialize;

/// What is exported, and where to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub exporters: Exporters,
}

/// `telemetry.exporters`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Exporters {
    pub logging: Logging,
}

/// `telemetry.exporters.logging`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Logging {
    pub stdout: Stdout,
}

/// `telemetry.exporters.logging.stdout`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stdout {
    pub enabled: bool,
    pub format: Format,
}

/// What a line of the log looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people; coloured on a terminal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Stdout {
    fn default() -> Self {
        Self {
            enabled: true,
            format: Format::Text,
        }
    }
}
