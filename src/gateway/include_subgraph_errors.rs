//! Whether clients see what subgraphs say went wrong.

use serde::Deserialize;
use std::collections::BTreeMap;

/// The `include_subgraph_errors` section. Nothing is included unless it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub all: bool,
    pub subgraphs: BTreeMap<String, bool>,
}

impl Config {
    /// Whether a subgraph's errors are shown.
    pub fn includes(&self, subgraph: &str) -> bool {
        self.subgraphs.get(subgraph).copied().unwrap_or(self.all)
    }
}
