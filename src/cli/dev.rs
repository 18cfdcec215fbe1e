//! `graphway dev`.

use super::{
    compose,
    failure::{Usage, address},
    router,
    sources::{Sdl, Sources},
};
use crate::{
    composition::{SchemaSource, Style, SupergraphConfig},
    config::Config,
};
use anyhow::Context;
use clap::Args;
use futures_util::future::join_all;
use std::{
    fs,
    io::IsTerminal,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc,
    thread,
};
use subgraphs::{Settings, Subgraph};

const SUPERGRAPH_CONFIG: &str = "supergraph/supergraph.yaml";

/// Try things out: sample subgraphs, composition and the router in one process.
///
/// Starts the sample users, orders and products subgraphs on ports 4001 to 4003, composes their schemas, and serves the
/// result with introspection on. Schemas and configuration are watched: a change is composed and served at once. With
/// --supergraph-config it serves your own subgraphs instead.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  graphway dev
  graphway dev --supergraph-config my/supergraph.yaml --listen 127.0.0.1:5000")]
pub(super) struct Dev {
    /// Your own subgraphs, in rover's format.
    #[arg(long, value_name = "FILE")]
    supergraph_config: Option<PathBuf>,

    /// The configuration. Without it ./router.yaml is read, if there is one.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Where clients connect, instead of `supergraph.listen`.
    #[arg(short, long, value_name = "ADDRESS", value_parser = address)]
    listen: Option<SocketAddr>,
}

impl Dev {
    /// Serves until told to stop.
    pub(super) fn run(self, log: &str) -> anyhow::Result<ExitCode> {
        let Self {
            supergraph_config,
            config,
            listen,
        } = self;
        let own = supergraph_config.is_some();
        if !own {
            start_samples()?;
        }
        let sources = Sources {
            config,
            supergraph: Some(supergraph_config.unwrap_or_else(|| SUPERGRAPH_CONFIG.into())),
            read_supergraph: read_composed,
            remote: Default::default(),
            had_settings: Default::default(),
            adjust: Box::new(move |config| {
                config.supergraph.listen = listen.unwrap_or(config.supergraph.listen);
                config.supergraph.introspection = true;
                config.sandbox.enabled = true;
                config.plugins.expose_query_plan = true;
                config.include_subgraph_errors.all = true;
            }),
        };
        router::run(sources, log, |address, config| greet(address, config, own))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Starts the sample subgraphs on a thread of their own, so that they take no time from the router's.
fn start_samples() -> anyhow::Result<()> {
    let (outcome, started) = mpsc::channel();
    thread::Builder::new()
        .name("samples".to_owned())
        .spawn(move || {
            // Whoever starts them waits for the outcome; after that nobody does.
            if let Err(error) = serve_samples(&outcome) {
                let _ = outcome.send(Err(error));
            }
        })?;
    started
        .recv()
        .context("the sample subgraphs ended before they started")?
}

fn serve_samples(outcome: &mpsc::Sender<anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut bound = Vec::new();
        for subgraph in Subgraph::ALL {
            let port = subgraph.port();
            let server = subgraphs::bind(subgraph, Settings::default(), port).await;
            bound.push(
                server.with_context(|| {
                    format!("cannot start the sample {subgraph} on port {port}")
                })?,
            );
        }
        outcome.send(Ok(()))?;
        join_all(
            bound
                .into_iter()
                .map(|server| server.serve(std::future::pending())),
        )
        .await;
        Ok(())
    })
}

/// Composes what a `supergraph.yaml` names.
fn read_composed(path: &Path) -> anyhow::Result<Sdl> {
    let text = fs::read_to_string(path)
        .map_err(|error| Usage(format!("cannot read {}: {error}", path.display())))?;
    let composed = compose::compose(path, &text)?;
    let composition = composed.map_err(|errors| {
        let style = if std::io::stdout().is_terminal() {
            Style::Ansi
        } else {
            Style::Plain
        };
        let errors: Vec<String> = errors
            .iter()
            .map(|error| error.render(style).to_string())
            .collect();
        anyhow::anyhow!("the subgraphs do not compose:\n{}", errors.join("\n\n"))
    })?;
    Ok(Sdl {
        text: composition.supergraph,
        files: schema_files(path, &text),
    })
}

/// The schema files that a `supergraph.yaml` names.
fn schema_files(path: &Path, text: &str) -> Vec<PathBuf> {
    let Ok(config) = SupergraphConfig::parse(path, text, &|name| std::env::var(name).ok()) else {
        return Vec::new();
    };
    let files = config
        .subgraphs
        .into_values()
        .filter_map(|subgraph| match subgraph.schema {
            SchemaSource::File(path) => Some(path),
            SchemaSource::Introspect(_) | SchemaSource::Sdl(_) => None,
        });
    files.collect()
}

#[expect(
    clippy::print_stdout,
    reason = "a greeting for whoever sits at the terminal"
)]
fn greet(address: SocketAddr, config: &Config, own: bool) {
    let origin = format!("{}://{address}", router::scheme(config));
    let url = format!("{origin}{}", config.supergraph.path.as_str());
    let query = if own {
        "{ __typename }"
    } else {
        "{ me { name orders(first: 1) { nodes { status lines { quantity item { name } } } } } }"
    };
    println!(
        "
  Graphway is ready at {url}

  Open {origin}/ in a browser, or try it here:

    curl {url} \\
      -H 'content-type: application/json' \\
      -d '{{\"query\": \"{query}\"}}'

  Changes to schemas and configuration take effect at once. Ctrl-C stops.
"
    );
}
