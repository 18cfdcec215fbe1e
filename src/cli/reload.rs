//! Keeps a running gateway in step with its files. What cannot be used is told, and the last good state stays.

use super::{
    failure::located,
    sources::{Loaded, Read, Sources},
    watch::Watch,
};
use crate::{
    config::Config,
    gateway::{Failing, Gateway, Rehearsal, ReloadError},
    server::{self, Edge, EdgeConfig},
    telemetry::Pushing,
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{task, time};

/// Files are often written in several steps: they are read when nothing has changed for so long…
const SETTLE: Duration = Duration::from_millis(100);
/// …or something has for so long.
const SETTLE_MAX: Duration = Duration::from_secs(2);

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
            Ok(watch) => Box::pin(follow(watch, &sources, (&gateway, &edge), first)).await,
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
    // What was read last, whatever came of it, and what of it made sense last.
    let mut last = Arc::new(first.fingerprint);
    let mut good = Arc::clone(&last);
    // Why the last one was not served.
    let mut refused = None;
    let mut poll_interval = sources.poll_interval(&first.config);
    loop {
        tokio::select! {
            () = watch.changed() => settle(&mut watch).await,
            () = pause(poll_interval) => {}
        }
        let (again, known) = (Arc::clone(sources), Arc::clone(&last));
        // Composition, parsing and planning may take long, and this thread accepts connections.
        let Ok(Read {
            files,
            fingerprint,
            edge: met,
            loaded,
        }) = task::spawn_blocking(move || again.read(&known)).await
        else {
            continue;
        };
        watch.add(&files);
        last = Arc::new(fingerprint);
        let loaded = match loaded {
            Some(Ok(loaded)) if last != good => loaded,
            Some(Err(error)) => {
                refuse(&error);
                renew(edge, met);
                continue;
            }
            known => {
                if known.is_some() {
                    // What an operator has gone back to since stays.
                    tracing::info!("what could not be read is back, and has not changed");
                }
                renew(edge, met);
                continue;
            }
        };
        good = Arc::clone(&last);
        poll_interval = sources.poll_interval(&loaded.config);
        let (gateway, swapped_edge) = (Arc::clone(gateway), Arc::clone(edge));
        let (started, pushing) = (first.config.clone(), first.pushing.clone());
        let swapping = task::spawn_blocking(move || {
            swap(&gateway, (&swapped_edge, &pushing), &started, loaded)
        });
        match swapping.await.unwrap_or_else(|panic| Err(panic.into())) {
            Ok(rehearsal) => {
                refused = None;
                count("ok");
                tell(&rehearsal);
            }
            Err(error) => {
                refuse_once(&mut refused, &error);
                // What does not lie in these files may be otherwise the next time.
                if !error.is::<ReloadError>() {
                    (last, good) = Default::default();
                }
                renew(edge, met);
            }
        }
    }
}

/// Waits until nothing changes any more, or for so long that something else seems to.
async fn settle(watch: &mut Watch) {
    let by = time::Instant::now() + SETTLE_MAX;
    loop {
        watch.clear();
        match time::timeout(SETTLE, watch.changed()).await {
            Ok(()) if time::Instant::now() < by => {}
            _ => break,
        }
    }
    watch.clear();
}

/// Tells why something is not served, if that was not what was told last.
fn refuse_once(told: &mut Option<String>, error: &anyhow::Error) {
    let says = format!("{error:#}");
    if told.replace(says.clone()) != Some(says) {
        refuse(error);
    }
}

fn refuse(error: &anyhow::Error) {
    count("refused");
    tracing::error!("not reloaded, the last good state is kept: {error:#}");
}

/// Takes new certificates by themselves: they are renewed in time whatever is wrong with the rest, and are no new edition.
fn renew(edge: &Edge, met: Option<EdgeConfig>) {
    match met.map(|met| edge.renew(&met)) {
        Some(Ok(true)) => {
            count("ok");
            tracing::info!("certificates are renewed");
        }
        Some(Err(misfit)) => refuse(&misfit.into()),
        Some(Ok(false)) | None => {}
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
