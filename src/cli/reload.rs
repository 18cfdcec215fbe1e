//! Keeps a running gateway in step with its files. What cannot be used is told, and the last good state stays.

use super::{
    failure::located,
    sources::{Loaded, Read, Sources},
    watch::Watch,
};
use crate::{
    config::Config,
    gateway::{Failing, Gateway, Rehearsal, ReloadError},
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{task, time};

/// Files are often written in several steps; this lets them finish.
const SETTLE: Duration = Duration::from_millis(100);

/// Watches for ever, from now on and not only from when this is first waited for: whoever is greeted may change a file at
/// once. `first` is what the gateway was started with.
pub(super) fn keep_up(
    sources: Arc<Sources>,
    gateway: Arc<Gateway>,
    first: Started,
) -> impl Future<Output = ()> + Send {
    let watch = Watch::new().map(|mut watch| {
        watch.add(&first.files);
        watch
    });
    async move {
        match watch {
            Ok(watch) => follow(watch, &sources, &gateway, first).await,
            Err(error) => tracing::warn!("{error:#}; changes take effect after a restart"),
        }
    }
}

async fn follow(mut watch: Watch, sources: &Arc<Sources>, gateway: &Arc<Gateway>, first: Started) {
    let mut fingerprint = first.fingerprint;
    loop {
        watch.changed().await;
        time::sleep(SETTLE).await;
        watch.clear();
        let again = Arc::clone(sources);
        // Composition, parsing and planning may take long, and this thread accepts connections.
        let Ok(Read {
            files,
            fingerprint: seen,
            loaded,
        }) = task::spawn_blocking(move || again.read()).await
        else {
            continue;
        };
        watch.add(&files);
        if seen == fingerprint {
            continue;
        }
        fingerprint = seen;
        let swapped = match loaded {
            Ok(loaded) => {
                let (gateway, started) = (Arc::clone(gateway), first.config.clone());
                let swapping = task::spawn_blocking(move || swap(&gateway, &started, loaded));
                swapping.await.unwrap_or_else(|panic| Err(panic.into()))
            }
            Err(error) => Err(error),
        };
        match swapped {
            Ok(rehearsal) => tell(&rehearsal),
            Err(error) => tracing::error!("not reloaded, the last good state is kept: {error:#}"),
        }
    }
}

/// What a router was started with.
pub(super) struct Started {
    pub config: Config,
    pub files: Vec<PathBuf>,
    pub fingerprint: String,
}

fn swap(gateway: &Gateway, started: &Config, loaded: Loaded) -> anyhow::Result<Rehearsal> {
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    if loaded.config.server() != started.server() || loaded.config.telemetry != started.telemetry {
        tracing::warn!(
            "changes to listeners, workers, health checks and telemetry take effect after a restart"
        );
    }
    let reloaded = gateway.reload(&loaded.config.gateway(), loaded.supergraph);
    reloaded.map_err(|error| match error {
        ReloadError::Snapshot(error) => located(&loaded.outline, error),
        refused @ ReloadError::Failing { .. } => refused.into(),
    })
}

/// Tells what is different now.
fn tell(rehearsal: &Rehearsal) {
    for failing in &rehearsal.failing {
        let Failing {
            operation,
            uses,
            error,
        } = failing;
        tracing::warn!(
            operation,
            uses,
            error,
            "an operation that clients use fails now"
        );
    }
    for changed in &rehearsal.changed {
        tracing::info!(
            operation = changed.operation,
            uses = changed.uses,
            requests_before = changed.before.requests,
            requests = changed.after.requests,
            stages_before = changed.before.stages,
            stages = changed.after.stages,
            "an operation takes other requests now"
        );
    }
    tracing::info!(
        operations = rehearsal.operations,
        failing = rehearsal.failing_count,
        failing_percent = rehearsal.failing_percent,
        changed = rehearsal.changed_count,
        "reloaded"
    );
}
