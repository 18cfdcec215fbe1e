//! The way out of one configuration: where its upstreams are known, and where they may connect to.

use super::{Config, Egress, Registry, Upstream, UpstreamError, WeightedEndpoint};
use std::sync::Arc;

/// What upstreams are opened by.
#[derive(Clone, Copy, Debug)]
pub struct Outbound<'a> {
    registry: &'a Registry,
    egress: &'a Arc<Egress>,
}

impl<'a> Outbound<'a> {
    /// Upstreams of this registry that connect to nothing else than these rules let them.
    pub fn new(registry: &'a Registry, egress: &'a Arc<Egress>) -> Self {
        Self { registry, egress }
    }

    /// The upstream with this name, these endpoints and these settings, under the rules that hold here.
    pub fn upstream(
        &self,
        name: &str,
        endpoints: Vec<WeightedEndpoint>,
        config: Config,
    ) -> Result<Arc<Upstream>, UpstreamError> {
        let egress = Arc::clone(self.egress);
        self.registry
            .upstream(name, endpoints, Config { egress, ..config })
    }

    /// The rules, for what is not looked after by the registry.
    pub fn egress(&self) -> &'a Arc<Egress> {
        self.egress
    }
}
