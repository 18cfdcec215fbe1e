//! Where subgraphs are, instead of at the URLs in the supergraph.

use crate::upstream::Endpoint;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The `override_subgraph_url` section: endpoints by the names of subgraphs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Config(pub BTreeMap<String, Endpoint>);
