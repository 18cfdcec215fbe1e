//! What exporters read: everything that is measured, as it is at that moment.

use super::registry::{Registry, Snapshot};
use std::sync::Arc;

/// The registry, and what is not in it before somebody asks.
#[derive(Clone)]
pub(super) struct Measurements {
    registry: Arc<Registry>,
    refresh: Arc<dyn Fn() + Send + Sync>,
}

impl Measurements {
    /// `refresh` brings gauges up to date that change while nothing happens.
    pub(super) fn new(registry: Arc<Registry>, refresh: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            registry,
            refresh: Arc::new(refresh),
        }
    }

    /// Everything as it is now.
    pub(super) fn read(&self) -> Snapshot {
        (self.refresh)();
        self.registry.snapshot()
    }
}
