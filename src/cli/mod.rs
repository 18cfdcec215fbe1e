//! The commands. What was typed becomes what the layers below are told; their errors become words and exit codes.
//!
//! Exit codes: 0 it worked, 1 it said no, 2 it was called wrongly.

mod failure;
#[cfg(feature = "compose")]
mod fetch;
mod reload;
mod remote;
mod router;
mod sources;
mod watch;

mod check;
#[cfg(feature = "compose")]
mod compose;
mod config;
#[cfg(feature = "demo")]
mod dev;
mod plan;
mod serve;

#[cfg(feature = "compose")]
pub use compose::{Compose, compose};

use clap::{Parser, Subcommand};
use failure::Usage;
use std::process::ExitCode;

/// A GraphQL federation router with an API gateway in front of it.
#[derive(Debug, Parser)]
#[command(name = "graphway", version, disable_help_subcommand = true, after_help = EXAMPLES)]
struct Cli {
    /// What to log: error, warn, info, debug, trace, or a filter such as info,graphway::upstream=debug.
    #[arg(
        long,
        global = true,
        env = "GRAPHWAY_LOG",
        default_value = "info",
        value_name = "FILTER"
    )]
    log: String,

    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  graphway dev                                      the sample shop, to try things out
  graphway serve                                    with ./router.yaml and supergraph/supergraph.graphql
  graphway serve --supergraph supergraph.graphql --listen 127.0.0.1:4100
  graphway plan query.graphql                       how a query would be answered
  graphway check                                    whether configuration and supergraph fit together";

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    #[cfg(feature = "demo")]
    Dev(dev::Dev),
    Plan(plan::Plan),
    Check(check::Check),
    Config(config::Command),
    #[cfg(feature = "compose")]
    Compose(Compose),
}

/// Runs what the command line asks for.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Serve(serve) => serve.run(&cli.log),
        #[cfg(feature = "demo")]
        Command::Dev(dev) => dev.run(&cli.log),
        Command::Plan(plan) => plan.run(),
        Command::Check(check) => check.run(),
        Command::Config(config) => config.run(),
        #[cfg(feature = "compose")]
        Command::Compose(compose) => compose.run(),
    };
    outcome.unwrap_or_else(|error| report(&error))
}

#[expect(
    clippy::print_stderr,
    reason = "the command line speaks on the terminal"
)]
fn report(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
}
