//! `graphway serve`.

use super::{
    failure::address,
    router::{self, scheme},
    sources::{Sources, read_sdl},
};
use clap::Args;
use std::{net::SocketAddr, num::NonZero, path::PathBuf, process::ExitCode};

/// Serve a supergraph.
///
/// Watches the configuration and the supergraph: a change takes effect at once, a mistake leaves what is served as it
/// is. SIGTERM and SIGINT let requests in flight finish.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  graphway serve
  graphway serve --supergraph supergraph.graphql --listen 127.0.0.1:4100
  graphway serve --config production.yaml --workers 4")]
pub(super) struct Serve {
    /// The configuration. Without it ./router.yaml is read, if there is one.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The supergraph SDL, a file or a URL, instead of `supergraph.source` in the configuration.
    #[arg(short, long, value_name = "FILE")]
    supergraph: Option<PathBuf>,

    /// Where clients connect, instead of `supergraph.listen`.
    #[arg(short, long, value_name = "ADDRESS", value_parser = address)]
    listen: Option<SocketAddr>,

    /// Worker threads, instead of `server.workers`.
    #[arg(short, long, value_name = "NUMBER")]
    workers: Option<NonZero<usize>>,
}

impl Serve {
    /// Serves until told to stop.
    pub(super) fn run(self, log: &str) -> anyhow::Result<ExitCode> {
        let Self {
            config,
            supergraph,
            listen,
            workers,
        } = self;
        let sources = Sources {
            config,
            supergraph,
            read_supergraph: read_sdl,
            remote: Default::default(),
            had_settings: Default::default(),
            adjust: Box::new(move |config| {
                config.supergraph.listen = listen.unwrap_or(config.supergraph.listen);
                config.server.workers = workers.or(config.server.workers);
            }),
        };
        router::run(sources, log, |address, config| {
            let scheme = scheme(config);
            tracing::info!(
                "serving {scheme}://{address}{}",
                config.supergraph.path.as_str()
            );
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
