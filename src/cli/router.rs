//! A running router: what `serve` and `dev` have in common.

use super::{
    reload::{self, Started},
    sources::{Read, Sources},
};
use crate::{
    config::Config,
    gateway::Gateway,
    server::{self, Health, Listeners},
    telemetry,
};
use anyhow::Context;
use std::{future::Future, net::SocketAddr, process, sync::Arc};
use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
};

/// Serves what the sources say until the process is told to stop. `greet` is called when requests can come.
pub(super) fn run(
    sources: Sources,
    log: &str,
    greet: impl FnOnce(SocketAddr, &Config),
) -> anyhow::Result<()> {
    let Read {
        files,
        fingerprint,
        loaded,
    } = sources.read();
    let loaded = loaded?;
    telemetry::init(&loaded.config.telemetry, log)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let started = Started {
        config: loaded.config.clone(),
        files,
        fingerprint,
    };
    let server_config = loaded.config.server();
    let listeners = Listeners::bind(&server_config)?;
    let address = listeners.address();
    let gateway = Arc::new(Gateway::start(&loaded.config.gateway(), loaded.supergraph)?);
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    runtime.block_on(async {
        let stop = stop_signal()?;
        tokio::spawn(reload::keep_up(
            Arc::new(sources),
            Arc::clone(&gateway),
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

/// Resolves at the first SIGTERM or SIGINT; the second one ends the process at once.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let listen = |kind| signal(kind).context("cannot listen for signals");
    let mut signals = (
        listen(SignalKind::terminate())?,
        listen(SignalKind::interrupt())?,
    );
    Ok(async move {
        next(&mut signals).await;
        tracing::info!("stopping");
        tokio::spawn(async move {
            next(&mut signals).await;
            end_at_once();
        });
    })
}

#[expect(
    clippy::exit,
    reason = "the second signal means now: nothing is waited for"
)]
fn end_at_once() -> ! {
    // As a shell reports a process that SIGINT has ended.
    process::exit(130)
}

async fn next((terminate, interrupt): &mut (Signal, Signal)) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
