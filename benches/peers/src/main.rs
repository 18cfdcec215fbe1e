//! The command line: the table, single comparisons, and the search for better plans than ours.

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;
use peers::planners::Kind;
use peers::process::{Limits, Process};
use peers::quality::{self, Search};
use peers::worker::Request;
use peers::{cases, graphs, table, worker};
use std::path::PathBuf;
use std::time::Duration;

/// The same allocator for all three: the one Graphway and Hive Router are served with.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Graphway's query planner beside Hive's and Apollo's.
#[derive(Parser)]
struct Arguments {
    /// Seconds a planner may take for loading, and for one operation.
    #[arg(long, global = true, default_value_t = 60)]
    seconds: u64,
    /// Address space of each planner's process, in MiB.
    #[arg(long, global = true, default_value_t = 8192)]
    mebibytes: u64,
    /// Where composed supergraphs are kept.
    #[arg(long, global = true, default_value = "/tmp/graphway-peers")]
    work: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The named cases as a Markdown table. Fails when Graphway misses a gate.
    Table {
        /// A folder with supergraph.graphql and operation.graphql of the benchmark of that name.
        #[arg(long)]
        many_plans: Option<PathBuf>,
        /// Only cases whose name has this in it.
        #[arg(long, default_value = "")]
        only: String,
    },
    /// The three plans of one operation.
    Compare {
        supergraph: PathBuf,
        operation: PathBuf,
    },
    /// Random operations: writes down those on which a peer's plan is better.
    Quality {
        /// Supergraphs, folders of them, and folders of subgraph SDLs.
        #[arg(required = true)]
        places: Vec<PathBuf>,
        /// The first seed.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Operations for each supergraph.
        #[arg(long, default_value_t = 300)]
        count: u64,
        /// Finds written down for each supergraph and kind of find.
        #[arg(long, default_value_t = 4)]
        keep: usize,
        /// Where finds are written.
        #[arg(long, default_value = "/tmp/graphway-peers/finds")]
        out: PathBuf,
    },
    /// A child process of the others.
    #[command(hide = true)]
    Worker { kind: Kind, supergraph: PathBuf },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let limits = Limits {
        program: std::env::current_exe()?,
        time: Duration::from_secs(arguments.seconds),
        mebibytes: arguments.mebibytes,
    };
    let work = arguments.work;
    match arguments.command {
        Command::Worker { kind, supergraph } => worker::run(kind, &supergraph),
        Command::Table { many_plans, only } => {
            let mut cases = cases::all(many_plans.as_deref())?;
            cases.retain(|case| case.name.contains(&only));
            let missed = table::print(&cases, &limits, &work)?;
            ensure!(missed.is_empty(), "missed:\n{}", missed.join("\n"));
            println!("Every gate is met.");
            Ok(())
        }
        Command::Compare {
            supergraph,
            operation,
        } => {
            let operation = std::fs::read_to_string(operation)?;
            for kind in Kind::ALL {
                let request = Request::checked(&operation);
                let outcome = Process::new(kind, &supergraph, &limits).ask(&request)?;
                println!("## {}\n\n{}", kind.name(), quality::described(&outcome));
            }
            Ok(())
        }
        Command::Quality {
            places,
            seed,
            count,
            keep,
            out,
        } => {
            let search = Search {
                seed,
                count,
                keep,
                out,
                limits,
            };
            let mut found = 0;
            for graph in graphs::find(&places, &work)? {
                found += search.run(&graph)?;
            }
            println!("{found} finds");
            Ok(())
        }
    }
}
