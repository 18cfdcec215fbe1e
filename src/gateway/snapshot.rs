//! Everything that one configuration and one supergraph need to answer requests.
//!
//! Immutable, and swapped whole: a request takes one snapshot and keeps it to its end, so nothing ever changes under
//! it. What must outlive a reload belongs to the [`Gateway`](super::Gateway); a snapshot only refers to it.

use super::{
    Config, UrlPath, csrf::Csrf, graphql::Documents, headers::Rules, limits::Limits,
    planning::Planning,
};
use crate::{
    schema::{Subgraph, SubgraphId, Supergraph},
    upstream::{Endpoint, EndpointError, Registry, Upstream},
};
use std::{sync::Arc, time::Duration};

/// One generation of the gateway.
pub struct Snapshot {
    supergraph: Arc<Supergraph>,
    pub(super) documents: Documents,
    /// The path of GraphQL requests.
    pub(super) path: UrlPath,
    pub(super) introspection: bool,
    pub(super) limits: Limits,
    pub(super) csrf: Csrf,
    /// How long a request may take altogether.
    pub(super) timeout: Duration,
    /// By [`SubgraphId`].
    subgraphs: Vec<SubgraphRules>,
}

/// How one subgraph is called.
pub(super) struct SubgraphRules {
    pub upstream: Arc<Upstream>,
    pub headers: Rules,
    pub includes_errors: bool,
}

/// Why a configuration and a supergraph do not make a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error(
        "the URL of subgraph `{subgraph}` in the supergraph cannot be used: {error} (override_subgraph_url.{subgraph} \
         can give another)"
    )]
    Endpoint {
        subgraph: String,
        error: EndpointError,
    },
}

impl Snapshot {
    pub(super) fn new(
        config: &Config,
        supergraph: Arc<Supergraph>,
        registry: &Registry,
        planning: Arc<Planning>,
    ) -> Result<Self, SnapshotError> {
        warn_of_unknown_subgraphs(config, supergraph.subgraphs());
        let rules = supergraph
            .subgraphs()
            .iter()
            .map(|subgraph| rules(config, subgraph, registry));
        Ok(Self {
            subgraphs: rules.collect::<Result<_, _>>()?,
            documents: Documents::new(Arc::clone(&supergraph), config.limits.parser(), planning),
            supergraph,
            path: config.path.clone(),
            introspection: config.introspection,
            limits: Limits::new(&config.limits),
            csrf: Csrf::new(&config.csrf),
            timeout: config.traffic_shaping.router.timeout,
        })
    }

    /// The supergraph it serves.
    pub fn supergraph(&self) -> &Supergraph {
        &self.supergraph
    }

    pub(super) fn subgraph(&self, id: SubgraphId) -> &SubgraphRules {
        &self.subgraphs[id.index()]
    }
}

fn rules(
    config: &Config,
    subgraph: &Subgraph,
    registry: &Registry,
) -> Result<SubgraphRules, SnapshotError> {
    let name = &subgraph.name;
    let endpoint = match config.override_subgraph_url.0.get(name) {
        Some(endpoint) => endpoint.clone(),
        None => Endpoint::parse(&subgraph.url).map_err(|error| SnapshotError::Endpoint {
            subgraph: name.clone(),
            error,
        })?,
    };
    Ok(SubgraphRules {
        upstream: registry.upstream(name, vec![endpoint], config.traffic_shaping.upstream(name)),
        headers: Rules::new(&config.headers, name),
        includes_errors: config.include_subgraph_errors.includes(name),
    })
}

/// A rule for a subgraph that is not there is most likely a misspelt name.
fn warn_of_unknown_subgraphs(config: &Config, subgraphs: &[Subgraph]) {
    let sections = [
        (
            "traffic_shaping.subgraphs",
            config.traffic_shaping.subgraphs.keys().collect::<Vec<_>>(),
        ),
        (
            "headers.subgraphs",
            config.headers.subgraphs.keys().collect(),
        ),
        (
            "include_subgraph_errors.subgraphs",
            config.include_subgraph_errors.subgraphs.keys().collect(),
        ),
        (
            "override_subgraph_url",
            config.override_subgraph_url.0.keys().collect(),
        ),
    ];
    for (section, names) in sections {
        for name in names
            .into_iter()
            .filter(|name| subgraphs.iter().all(|subgraph| subgraph.name != **name))
        {
            tracing::warn!("{section}.{name}: the supergraph has no subgraph of this name");
        }
    }
}
