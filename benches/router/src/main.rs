//! Routers beside each other, by their commands: `docs/performance.md` says how it is run and what the figures mean.

mod answers;
mod compare;
mod load;
mod mixed;
mod operations;
mod process;
mod router;
mod soak;
mod stage;
mod statistics;
mod subgraphs;
mod table;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

const EXAMPLES: &str = "\
Examples:
  router-bench subgraphs --delay 10 --jitter 5
  router-bench compare \\
    --router 'Graphway=target/release/graphway serve --supergraph {supergraph} --listen 127.0.0.1:{port}' \\
    --router 'Hive=env PORT={port} SUPERGRAPH_FILE_PATH={supergraph} ROUTER_CONFIG_FILE_PATH=benches/router/configs/hive-none.yaml hive_router' \\
    --operation heavy,one-field
  router-bench compare --router 'A=…' --router 'B=…' --rate 1000 --base B
  router-bench soak --router 'A=…' --rate 1000 --minutes 10
  router-bench mixed --router 'A=…' --router 'B=…' --rate 1000";

/// Measures GraphQL federation routers beside each other.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the subgraphs that the other commands measure with.
    Subgraphs {
        #[arg(long, default_value_t = 4200)]
        port: u16,
        #[command(flatten)]
        lateness: subgraphs::Lateness,
    },
    /// Start routers in turn, check that they answer the same, and print what a request costs each.
    Compare(compare::Compare),
    /// Load one router for minutes while its supergraph changes; count failures and see whether memory grows.
    Soak(soak::Soak),
    /// See how hot requests fare beside some that must be planned.
    Mixed(mixed::Mixed),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let run = async {
        match Arguments::parse().command {
            Command::Subgraphs { port, lateness } => subgraphs::serve(port, lateness).await,
            Command::Compare(compare) => compare::run(&compare).await,
            Command::Soak(soak) => soak::run(&soak).await,
            Command::Mixed(mixed) => mixed::run(&mixed).await,
        }
    };
    // Routers and subgraphs end with the values that hold them, so an interrupted run drops those too.
    let mut terminate = signal(SignalKind::terminate())?;
    let all = async {
        tokio::select! {
            outcome = run => outcome,
            _ = terminate.recv() => bail!("terminated"),
            _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        }
    };
    LocalSet::new().run_until(all).await
}
