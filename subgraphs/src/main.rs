//! The sample subgraphs on their own: `subgraphs --help` says how.

#![expect(
    clippy::print_stdout,
    reason = "it is a command: its output goes to the terminal"
)]

use std::future;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use subgraphs::{Bound, Settings, Subgraph, bind};
use tokio::sync::watch;

/// Runs the sample subgraphs: users on port 4001, orders on 4002, products on 4003.
#[derive(Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  subgraphs                          all three on 127.0.0.1
  subgraphs users                    users alone
  subgraphs --delay 50ms             every answer 50 ms later
  subgraphs orders --fail-rate 0.1   every tenth answer of orders is a failure
  subgraphs sdl products             print the schema of products"
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

#[derive(Subcommand)]
enum Command {
    /// Print a subgraph's schema, as composition reads it.
    Sdl {
        #[arg(value_name = "NAME", value_parser = subgraph())]
        subgraph: Subgraph,
    },
}

#[derive(Args)]
struct Run {
    /// Which to run; all three when none is named.
    #[arg(value_name = "NAME", value_parser = subgraph())]
    subgraphs: Vec<Subgraph>,
    /// Wait before each answer, as in 50ms or 2s.
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = duration)]
    delay: Duration,
    /// The share of operations that fail, from 0 to 1.
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = share)]
    fail_rate: f64,
    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    listen_host: IpAddr,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Command::Sdl { subgraph }) => {
            print!("{}", subgraph.sdl());
            Ok(())
        }
        None => run(arguments.run).await,
    }
}

async fn run(run: Run) -> io::Result<()> {
    let settings = Settings {
        host: run.listen_host,
        delay: run.delay,
        fail_rate: run.fail_rate,
    };
    let (stop, stopped) = watch::channel(());
    let mut servers = tokio::task::JoinSet::new();
    for subgraph in Subgraph::ALL {
        if !run.subgraphs.is_empty() && !run.subgraphs.contains(&subgraph) {
            continue;
        }
        let bound = bind_default(subgraph, &settings).await?;
        println!("{subgraph} on http://{}/graphql", bound.address);
        let mut stopped = stopped.clone();
        servers.spawn(bound.serve(async move {
            // Also when the sender is gone.
            let _ = stopped.changed().await;
        }));
    }
    tokio::select! {
        _ = interrupted() => {}
        Some(ended) = servers.join_next() => ended??,
    }
    drop(stop);
    while let Some(ended) = servers.join_next().await {
        ended??;
    }
    Ok(())
}

async fn bind_default(subgraph: Subgraph, settings: &Settings) -> io::Result<Bound> {
    let port = subgraph.port();
    let bound = bind(subgraph, settings.clone(), port).await;
    bound.map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("{subgraph} cannot listen on port {port}: {error}"),
        )
    })
}

/// Ready on Ctrl-C and, where there is one, on SIGTERM.
async fn interrupted() {
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = future::pending::<()>();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

fn subgraph() -> impl TypedValueParser<Value = Subgraph> {
    PossibleValuesParser::new(Subgraph::ALL.map(Subgraph::name))
        .try_map(|name| name.parse::<Subgraph>())
}

fn duration(text: &str) -> Result<Duration, String> {
    let unit = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let number: u64 = number
        .parse()
        .map_err(|_| "expected a time such as 50ms or 2s".to_owned())?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        _ => Err("expected a time in ms or s, such as 50ms or 2s".to_owned()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share = text
        .parse()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}
