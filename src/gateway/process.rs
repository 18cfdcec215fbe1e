//! What lives as long as the process.

use super::{
    Config, Snapshot, SnapshotError,
    authentication::{KeySources, Logins, Passwords},
    history::{History, Seen},
    lasting::Lasting,
    overload::Overloads,
    planning::Planning,
    rate_limit::RateLimits,
    rates,
    rehearsal::{OnFailure, Rehearsal, rehearse},
    rest::Cache,
    writes::Writes,
};
use crate::{
    schema::Supergraph,
    upstream::{Control, Registry, Status},
};
use arc_swap::ArcSwap;
use std::{
    io,
    num::NonZero,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

/// The gateway: the current snapshot, and all that survives when it is replaced.
pub struct Gateway {
    snapshot: ArcSwap<Snapshot>,
    lasting: Lasting,
    /// Held by whoever replaces the snapshot, files or an operator.
    changing: Mutex<()>,
}

/// Why the gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot start the planning threads: {0}")]
    Threads(#[from] io::Error),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// Why what is served is not replaced.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error(
        "{count} of the {of} operations used most would fail, first `{operation}`: {error} (rollout.on_failure)"
    )]
    Failing {
        count: usize,
        of: usize,
        operation: String,
        error: String,
    },
}

impl ReloadError {
    fn of(rehearsal: &Rehearsal) -> Option<Self> {
        let first = rehearsal.failing.first()?;
        Some(Self::Failing {
            count: rehearsal.failing_count,
            of: rehearsal.operations,
            operation: first.operation.clone(),
            error: first.error.clone(),
        })
    }
}

impl Gateway {
    /// A gateway over a first configuration and supergraph.
    pub fn start(config: &Config, supergraph: Supergraph) -> Result<Self, StartError> {
        let threads = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        let control = Arc::new(Control::default());
        let key_sources = Arc::new(KeySources::new(Arc::clone(&control)));
        let lasting = Lasting {
            registry: Registry::new(Arc::clone(&control)),
            rates: rates::Lasting::new(Arc::clone(&control)),
            logins: Arc::new(Logins::new(control, Arc::clone(&key_sources))),
            key_sources,
            passwords: Arc::new(Passwords::new().map_err(SnapshotError::from)?),
            planning: Arc::new(Planning::start(threads)?),
            rate_limits: RateLimits::default(),
            cache: Arc::new(Cache::new(&config.cache)),
            writes: Arc::new(Writes::default()),
            history: History::default(),
            overloads: Overloads::default(),
        };
        let supergraph = Arc::new(supergraph);
        let snapshot = Snapshot::new(config, Arc::clone(&supergraph), &lasting)?;
        let edition = (config, supergraph);
        lasting.history.add(edition, Rehearsal::default(), None);
        Ok(Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            lasting,
            changing: Mutex::default(),
        })
    }

    /// Replaces the snapshot, after the operations used most were tried on it (`rollout`). Requests in flight keep the one
    /// they have; if the new one cannot be made, or is refused, so do all.
    pub fn reload(
        &self,
        config: &Config,
        supergraph: Supergraph,
    ) -> Result<Rehearsal, ReloadError> {
        let _alone = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let supergraph = Arc::new(supergraph);
        let snapshot = Snapshot::new(config, Arc::clone(&supergraph), &self.lasting)?;
        let current = self.snapshot();
        let count = config.rollout.operations;
        let rehearsal = rehearse(&current.documents, &snapshot.documents, count);
        let refused = (config.rollout.on_failure == OnFailure::Refuse)
            .then(|| ReloadError::of(&rehearsal))
            .flatten();
        let reason = refused.as_ref().map(ToString::to_string);
        let edition = (config, supergraph);
        self.lasting.history.add(edition, rehearsal.clone(), reason);
        match refused {
            Some(refused) => Err(refused),
            None => {
                self.serve(snapshot, config);
                Ok(rehearsal)
            }
        }
    }

    /// Goes back to an edition that is kept, or serves one that was refused. None: it is not kept.
    pub fn restore(&self, number: u64) -> Option<Result<(), SnapshotError>> {
        let _alone = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let edition = self.lasting.history.find(number)?;
        let config = &edition.config;
        let made = Snapshot::new(config, Arc::clone(&edition.supergraph), &self.lasting);
        Some(made.map(|snapshot| {
            let (current, count) = (self.snapshot(), config.rollout.operations);
            rehearse(&current.documents, &snapshot.documents, count);
            self.serve(snapshot, config);
            self.lasting.history.serve(number);
        }))
    }

    fn serve(&self, snapshot: Snapshot, config: &Config) {
        snapshot.rates.settle();
        self.snapshot.store(Arc::new(snapshot));
        self.lasting.cache.resize(&config.cache);
    }

    /// The configurations and supergraphs that can be served again, the latest first.
    pub fn editions(&self) -> Vec<Seen> {
        self.lasting.history.seen()
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
