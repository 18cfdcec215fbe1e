//! How clients are answered and subgraphs are called: timeouts, deduplication, compression, versions of HTTP.

use super::header_types::Name;
use crate::upstream::{self, Http2};
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
    pub compression: Compression,
    pub dedupe: Dedupe,
}

/// `traffic_shaping.router.dedupe`: Hive Router's names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dedupe {
    /// Whether identical queries of clients that come together are executed once.
    pub enabled: bool,
    pub headers: DedupeHeaders,
}

/// Which headers make two requests different, beside those that subgraphs learn of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DedupeHeaders {
    #[default]
    All,
    None,
    Include(Vec<Name>),
}

impl Default for Router {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            compression: Compression::default(),
            dedupe: Dedupe::default(),
        }
    }
}

/// `traffic_shaping.router.compression`: Hive Router's names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Compression {
    pub response: CompressionResponse,
}

/// `traffic_shaping.router.compression.response`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompressionResponse {
    /// Whether clients that accept a coding get one.
    pub enabled: bool,
}

impl Default for CompressionResponse {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// `traffic_shaping.all`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct All {
    /// How long one request to a subgraph may take.
    pub timeout: Duration,
    /// Whether subgraphs are told that they may compress their answers.
    pub accept_encoding: bool,
    pub experimental_http2: Http2,
    /// Whether identical queries to a subgraph that are under way together are sent once.
    pub deduplicate_query: bool,
}

impl Default for All {
    fn default() -> Self {
        let upstream::Config {
            timeout,
            accept_encoding,
            http2,
            ..
        } = upstream::Config::default();
        Self {
            timeout,
            accept_encoding,
            experimental_http2: http2,
            deduplicate_query: true,
        }
    }
}

/// `traffic_shaping.subgraphs.NAME`: what differs from `all`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subgraph {
    pub timeout: Option<Duration>,
    pub accept_encoding: Option<bool>,
    pub experimental_http2: Option<Http2>,
    pub deduplicate_query: Option<bool>,
}

impl Config {
    /// Whether identical queries to a subgraph are sent once.
    pub fn deduplicates(&self, subgraph: &str) -> bool {
        let own = self.subgraphs.get(subgraph);
        let own = own.and_then(|own| own.deduplicate_query);
        own.unwrap_or(self.all.deduplicate_query)
    }

    /// The settings of a subgraph's upstream.
    pub fn upstream(&self, subgraph: &str) -> upstream::Config {
        let (own, all) = (self.subgraphs.get(subgraph), &self.all);
        upstream::Config {
            timeout: own.and_then(|own| own.timeout).unwrap_or(all.timeout),
            accept_encoding: own
                .and_then(|own| own.accept_encoding)
                .unwrap_or(all.accept_encoding),
            http2: own
                .and_then(|own| own.experimental_http2)
                .unwrap_or(all.experimental_http2),
            ..upstream::Config::default()
        }
    }
}
