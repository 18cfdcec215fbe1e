//! What lives as long as the process.

use super::{
    Config, Snapshot, SnapshotError, authentication::KeySources, lasting::Lasting,
    planning::Planning, rate_limit::RateLimits, rates, rest::Cache, writes::Writes,
};
use crate::{
    schema::Supergraph,
    upstream::{Control, Registry, Status},
};
use arc_swap::ArcSwap;
use std::{io, num::NonZero, sync::Arc, thread};

/// The gateway: the current snapshot, and all that survives when it is replaced.
pub struct Gateway {
    snapshot: ArcSwap<Snapshot>,
    lasting: Lasting,
}

/// Why the gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot start the planning threads: {0}")]
    Threads(#[from] io::Error),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

impl Gateway {
    /// A gateway over a first configuration and supergraph.
    pub fn start(config: &Config, supergraph: Supergraph) -> Result<Self, StartError> {
        let threads = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        let control = Arc::new(Control::default());
        let lasting = Lasting {
            registry: Registry::new(Arc::clone(&control)),
            rates: rates::Lasting::new(Arc::clone(&control)),
            key_sources: KeySources::new(control),
            planning: Arc::new(Planning::start(threads)?),
            rate_limits: RateLimits::default(),
            cache: Arc::new(Cache::new(&config.cache)),
            writes: Arc::new(Writes::default()),
        };
        let snapshot = Snapshot::new(config, Arc::new(supergraph), &lasting)?;
        Ok(Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            lasting,
        })
    }

    /// Replaces the snapshot. Requests in flight keep the one they have; if the new one cannot be made, so do all.
    pub fn reload(&self, config: &Config, supergraph: Supergraph) -> Result<(), SnapshotError> {
        let snapshot = Snapshot::new(config, Arc::new(supergraph), &self.lasting)?;
        snapshot.rates.settle();
        self.snapshot.store(Arc::new(snapshot));
        self.lasting.cache.resize(&config.cache);
        Ok(())
    }

    /// Brings gauges up to date that change while nothing happens.
    pub fn refresh_gauges(&self) {
        self.lasting.rate_limits.refresh();
        self.snapshot.load().rates.refresh();
        self.lasting.cache.refresh();
        self.lasting.registry.refresh_gauges();
    }

    /// The cache of REST routes.
    pub fn cache(&self) -> &Cache {
        &self.lasting.cache
    }

    /// What is known of the upstreams, subgraphs among them.
    pub fn upstreams(&self) -> Vec<Status> {
        let upstreams = self.lasting.registry.upstreams();
        upstreams.iter().map(|upstream| upstream.status()).collect()
    }

    /// The current snapshot; one request takes it once.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }
}
