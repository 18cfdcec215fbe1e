//! What lives as long as the process.

use super::{Config, Snapshot, SnapshotError, authentication::KeySources, planning::Planning};
use crate::{schema::Supergraph, upstream::Registry};
use arc_swap::ArcSwap;
use std::{io, num::NonZero, sync::Arc, thread};

/// The gateway: the current snapshot, and all that survives when it is replaced.
pub struct Gateway {
    snapshot: ArcSwap<Snapshot>,
    registry: Registry,
    key_sources: KeySources,
    planning: Arc<Planning>,
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
        let planning = Arc::new(Planning::start(threads)?);
        let registry = Registry::default();
        let key_sources = KeySources::default();
        let snapshot = Snapshot::new(
            config,
            Arc::new(supergraph),
            &registry,
            &key_sources,
            Arc::clone(&planning),
        )?;
        Ok(Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            registry,
            key_sources,
            planning,
        })
    }

    /// Replaces the snapshot. Requests in flight keep the one they have; if the new one cannot be made, so do all.
    pub fn reload(&self, config: &Config, supergraph: Supergraph) -> Result<(), SnapshotError> {
        let snapshot = Snapshot::new(
            config,
            Arc::new(supergraph),
            &self.registry,
            &self.key_sources,
            Arc::clone(&self.planning),
        )?;
        self.snapshot.store(Arc::new(snapshot));
        Ok(())
    }

    /// The current snapshot; one request takes it once.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }
}
