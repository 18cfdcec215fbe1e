//! Everything that one configuration and one supergraph need to answer requests.
//!
//! Immutable, and swapped whole: a request takes one snapshot and keeps it to its end, so nothing ever changes under
//! it. What must outlive a reload belongs to the [`Gateway`](super::Gateway); a snapshot only refers to it.

use super::{
    Config, UrlPath,
    authentication::{Authentication, KeySources},
    csrf::Csrf,
    expose,
    graphql::Documents,
    ide::Pages,
    limits::Limits,
    planning::Planning,
    rest,
    subgraph_rules::{SnapshotError, SubgraphTable},
};
use crate::{schema::Supergraph, upstream::Registry};
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
    pub(super) authentication: Authentication,
    /// How long a request may take altogether.
    pub(super) timeout: Duration,
    pub(super) subgraphs: SubgraphTable,
    /// Whether plans are shown.
    pub(super) plugins: expose::Config,
    /// What browsers are shown.
    pub(super) pages: Pages,
    pub(super) routes: rest::Table,
}

impl Snapshot {
    pub(super) fn new(
        config: &Config,
        supergraph: Arc<Supergraph>,
        registry: &Registry,
        key_sources: &KeySources,
        planning: Arc<Planning>,
    ) -> Result<Self, SnapshotError> {
        Ok(Self {
            subgraphs: SubgraphTable::new(config, supergraph.subgraphs(), registry)?,
            routes: rest::Table::new(&config.routes, &config.upstreams, registry)?,
            documents: Documents::new(Arc::clone(&supergraph), config.limits.parser(), planning),
            supergraph,
            path: config.path.clone(),
            introspection: config.introspection,
            limits: Limits::new(&config.limits),
            csrf: Csrf::new(&config.csrf),
            authentication: Authentication::new(
                &config.authentication,
                &config.authorization,
                key_sources,
            )?,
            timeout: config.traffic_shaping.router.timeout,
            plugins: config.plugins.clone(),
            pages: Pages::new(&config.sandbox, &config.homepage, &config.path),
        })
    }

    /// The supergraph it serves.
    pub fn supergraph(&self) -> &Supergraph {
        &self.supergraph
    }
}
