//! A running router: what `serve` and `dev` have in common.

use super::{
    failure::located,
    reload::{self, Started},
    sources::Sources,
};
use crate::{
    config::Config,
    gateway::{Gateway, StartError},
    server::{self, Health, Listeners},
    telemetry,
};
use anyhow::Context;
use std::{future::Future, net::SocketAddr, process, sync::Arc, time::Duration};
use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
    time,
};

/// Serves what the sources say until the process is told to stop. `greet` is called when requests can come.
pub(super) fn run(
    sources: Sources,
    log: &str,
    greet: impl FnOnce(SocketAddr, &Config),
) -> anyhow::Result<()> {
    let (read, loaded) = sources.read_first()?;
    let recording = telemetry::record(&loaded.config.telemetry.exporters, log)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    if let Some(why) = &loaded.fallen_back {
        tracing::error!("{why}");
    }
    let server_config = loaded.config.server();
    let listeners = Listeners::bind(&server_config)?;
    let address = listeners.address();
    let edge = Arc::clone(listeners.edge());
    let gateway = match Gateway::start(&loaded.config.gateway(), loaded.supergraph) {
        Ok(gateway) => Arc::new(gateway),
        Err(StartError::Snapshot(error)) => return Err(located(&loaded.outline, error)),
        Err(error) => return Err(error.into()),
    };
    if loaded.fallen_back.is_none() {
        Sources::keep(&loaded.config, &loaded.sdl);
    }
    let measured = Arc::clone(&gateway);
    // Until the last request has ended.
    let exporting = recording.export(move || measured.refresh_gauges())?;
    let started = Started {
        config: loaded.config.clone(),
        files: read.files,
        fingerprint: read.fingerprint,
        pushing: exporting.pushing(),
    };
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    runtime.block_on(async {
        let stop = stop_signal()?;
        tokio::spawn(reload::keep_up(
            Arc::new(sources),
            Arc::clone(&gateway),
            edge,
            started,
        ));
        greet(address, &loaded.config);
        server::serve(
            &server_config,
            listeners,
            gateway,
            Arc::new(Health::default()),
            stop,
        )
        .await?;
        tracing::info!("stopped");
        Ok(())
    })
}

/// What clients speak.
pub(super) fn scheme(config: &Config) -> &'static str {
    match config.tls.is_on() {
        true => "https",
        false => "http",
    }
}

/// Some senders tell a process and its group, so one signal may come twice. Only a later one means impatience.
const SAME_SIGNAL: Duration = Duration::from_secs(1);

/// Resolves at the first SIGTERM or SIGINT; another one, later, ends the process at once.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let first = Signals::listen()?;
    Ok(async move {
        first.next().await;
        tracing::info!("stopping");
        tokio::spawn(async {
            time::sleep(SAME_SIGNAL).await;
            if let Ok(second) = Signals::listen() {
                second.next().await;
                end_at_once();
            }
        });
    })
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// Resolves at a signal that came after [`Signals::listen`].
    async fn next(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[expect(
    clippy::exit,
    reason = "the second signal means now: nothing is waited for"
)]
fn end_at_once() -> ! {
    // As a shell reports a process that SIGINT has ended.
    process::exit(130)
}
