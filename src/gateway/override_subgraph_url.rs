//! Where subgraphs are, instead of at the URLs in the supergraph.

use super::{misfit::Misfit, upstreams};
use crate::upstream::{Endpoint, WeightedEndpoint};
use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};
use std::{collections::BTreeMap, fmt};

/// The `override_subgraph_url` section: endpoints by the names of subgraphs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Config(pub BTreeMap<String, Endpoints>);

/// A URL, or a list of them that share the subgraph's requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints(pub Vec<WeightedEndpoint>);

impl Config {
    /// Checks that every subgraph in it can be reached.
    pub fn check(&self) -> Result<(), Misfit> {
        for (name, Endpoints(endpoints)) in &self.0 {
            let at = ["override_subgraph_url", name];
            if endpoints.is_empty() {
                return Err(Misfit::new(&at, "a subgraph needs at least one endpoint"));
            }
            // The query of an only URL belongs to it.
            if endpoints.len() > 1 {
                upstreams::check_endpoints(&at, endpoints)?;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Endpoints {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `untagged`, which would lose the places of errors.
        deserializer.deserialize_any(EndpointsVisitor)
    }
}

struct EndpointsVisitor;

impl<'de> Visitor<'de> for EndpointsVisitor {
    type Value = Endpoints;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a URL, or a list of URLs and `{ url, weight }`")
    }

    fn visit_str<E: de::Error>(self, url: &str) -> Result<Endpoints, E> {
        let endpoint = Endpoint::parse(url).map_err(E::custom)?;
        Ok(Endpoints(vec![endpoint.into()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Endpoints, A::Error> {
        let mut endpoints = Vec::new();
        while let Some(endpoint) = items.next_element()? {
            endpoints.push(endpoint);
        }
        Ok(Endpoints(endpoints))
    }
}
