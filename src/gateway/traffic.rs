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
    pub all: All,
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
        Self {
            timeout: Duration::from_secs(30),
        }
    }
}

/// `traffic_shaping.all`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct All {
    /// How long one request to a subgraph may take.
    pub timeout: Duration,
}

impl Default for All {
    fn default() -> Self {
        Self {
            timeout: upstream::Config::default().timeout,
        }
    }
}

/// `traffic_shaping.subgraphs.NAME`: what differs from `all`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subgraph {
    pub timeout: Option<Duration>,
}

impl Config {
    /// The settings of a subgraph's upstream.
    pub fn upstream(&self, subgraph: &str) -> upstream::Config {
        let own = self.subgraphs.get(subgraph).and_then(|own| own.timeout);
        upstream::Config {
            timeout: own.unwrap_or(self.all.timeout),
            ..upstream::Config::default()
        }
    }
}
