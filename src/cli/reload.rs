//! Keeps a running gateway in step with its files. What cannot be used is told, and the last good state stays.

use super::{
    failure::located,
    sources::{Loaded, Read, Sources},
    watch::Watch,
};
use crate::{
    config::Config,
    gateway::{Failing, Gateway, Rehearsal, ReloadError},
    server::{self, Edge},
    telemetry::Pushing,
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
    edge: Arc<Edge>,
    first: Started,
) -> impl Future<Output = ()> + Send {
    let watch = Watch::new().map(|mut watch| {
        watch.add(&first.files);
        watch
    });
    async move {
        match watch {
            Ok(watch) => follow(watch, &sources, (&gateway, &edge), first).await,
            Err(error) => tracing::warn!("{error:#}; changes take effect after a restart"),
        }
    }
}

async fn follow(
    mut watch: Watch,
    sources: &Arc<Sources>,
    (gateway, edge): (&Arc<Gateway>, &Arc<Edge>),
    first: Started,
) {
    metrics::describe_counter!(
        "api_reloads_total",
        "Times that changed files were read anew, by whether they could be served."
    );
    let mut fingerprint = first.fingerprint;
    let poll_interval = sources.poll_interval(&first.config);
    loop {
        tokio::select! {
            () = watch.changed() => {
                time::sleep(SETTLE).await;
                watch.clear();
            }
            () = pause(poll_interval) => {}
        }
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
                let (gateway, edge) = (Arc::clone(gateway), Arc::clone(edge));
                let (started, pushing) = (first.config.clone(), first.pushing.clone());
                let swapping = task::spawn_blocking(move || {
                    swap(&gateway, (&edge, &pushing), &started, loaded)
                });
                swapping.await.unwrap_or_else(|panic| Err(panic.into()))
            }
            Err(error) => Err(error),
        };
        match swapped {
            Ok(rehearsal) => {
                count("ok");
                tell(&rehearsal);
            }
            Err(error) => {
                count("refused");
                tracing::error!("not reloaded, the last good state is kept: {error:#}");
            }
        }
    }
}

/// For so long; for ever, if it does not say.
async fn pause(interval: Option<Duration>) {
    match interval {
        Some(interval) => time::sleep(interval).await,
        None => std::future::pending().await,
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("api_reloads_total", "outcome" => outcome).increment(1);
}

/// What a router was started with.
pub(super) struct Started {
    pub config: Config,
    pub files: Vec<PathBuf>,
    pub fingerprint: String,
    pub pushing: Pushing,
}

fn swap(
    gateway: &Gateway,
    (edge, pushing): (&Edge, &Pushing),
    started: &Config,
    loaded: Loaded,
) -> anyhow::Result<Rehearsal> {
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let server = loaded.config.server();
    let lasting = server::Config {
        edge: server.edge.clone(),
        ..started.server()
    };
    let exporters = &loaded.config.telemetry.exporters;
    if server != lasting || exporters.takes_restart(&started.telemetry.exporters) {
        tracing::warn!(
            "changes to listeners, workers, health checks and telemetry take effect after a restart"
        );
    }
    // Whatever may fail comes before anything changes.
    let prepared = edge.prepare(&server.edge)?;
    let pushed = pushing.prepare(exporters)?;
    let reloaded = gateway.reload(&loaded.config.gateway(), loaded.supergraph);
    let rehearsal = reloaded.map_err(|error| match error {
        ReloadError::Snapshot(error) => located(&loaded.outline, error),
        refused @ ReloadError::Failing { .. } => refused.into(),
    })?;
    if let Some(rules) = prepared {
        edge.take(rules);
    }
    pushing.take(pushed);
    Sources::keep(&loaded.config, &loaded.sdl);
    Ok(rehearsal)
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
