//! Timeouts of the router and its subgraphs.

use crate::upstream;
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};

/// The `traffic_shaping` section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub router: Router,
    /// What holds for every subgraph…
    pub all: Subgraph,
    /// …unless it says otherwise here.
    pub subgraphs: BTreeMap<String, Subgraph>,
}

/// `traffic_shaping.router`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Router {
    /// How long a client's request may take altogether.
    pub timeout: Duration,
}

impl Default for Router {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30) }
    }
}

/// `traffic_shaping.all` and `traffic_shaping.subgraphs.NAME`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subgraph {
    /// How long one request to a subgraph may take. 30 s unless set.
    pub timeout: Option<Duration>,
}

impl Config {
    /// The settings of a subgraph's upstream.
    pub fn upstream(&self, subgraph: &str) -> upstream::Config {
        let defaults = upstream::Config::default();
        let own = self.subgraphs.get(subgraph).and_then(|own| own.timeout);
        upstream::Config { timeout: own.or(self.all.timeout).unwrap_or(defaults.timeout), ..defaults }
    }
}
