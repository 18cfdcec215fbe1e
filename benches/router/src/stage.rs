//! What stands around a router under test: the subgraphs in a process of their own, processors to itself, a folder.

use crate::load::{Connection, Pace, Target};
use crate::operations::Case;
use crate::router::Place;
use crate::subgraphs::Lateness;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Where the supergraphs say that the subgraphs are.
const SUBGRAPHS: &str = "127.0.0.1:4200";

/// What every measurement needs to know.
#[derive(clap::Args, Clone)]
pub(crate) struct Layout {
    /// Connections to the router.
    #[arg(long, default_value_t = 50)]
    pub(crate) connections: usize,
    #[command(flatten)]
    pub(crate) lateness: Lateness,
    /// The router's processor.
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    pub(crate) router_cpu: usize,
    /// The processor of load and subgraphs.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub(crate) load_cpu: usize,
    /// The router's port.
    #[arg(long, default_value_t = 4100)]
    pub(crate) port: u16,
    /// The subgraphs' port.
    #[arg(long, default_value_t = 4200)]
    pub(crate) subgraph_port: u16,
    /// Where routers have their GraphQL.
    #[arg(long, default_value = "/graphql")]
    pub(crate) path: String,
    /// Seconds of load before anything is measured.
    #[arg(long, default_value_t = 2.0, value_name = "SECONDS")]
    pub(crate) warm_up: f64,
    /// Another supergraph than the case's own.
    #[arg(long, value_name = "FILE")]
    pub(crate) supergraph: Option<PathBuf>,
}

impl Layout {
    pub(crate) fn target(&self) -> Target {
        Target::local(self.port, &self.path)
    }

    /// The load that warms up.
    pub(crate) fn warming(&self, rate: Option<f64>) -> Pace {
        Pace {
            connections: self.connections,
            rate,
            duration: Duration::from_secs_f64(self.warm_up),
        }
    }
}

/// The subgraphs and the folder. Both end with this value.
pub(crate) struct Stage {
    pub(crate) layout: Layout,
    pub(crate) work: PathBuf,
    subgraphs: Child,
    counts: Connection,
}

impl Stage {
    /// Starts the subgraphs and moves this process to the load's processor.
    pub(crate) async fn set(layout: &Layout) -> Result<Self> {
        let work = std::env::temp_dir().join(format!("router-bench-{}", std::process::id()));
        fs::create_dir_all(&work)?;
        let own = std::process::id().to_string();
        let cpu = layout.load_cpu.to_string();
        let pinned = Command::new("taskset")
            .args(["-a", "-p", "-c", &cpu, &own])
            .stdout(Stdio::null())
            .status();
        ensure!(
            pinned.context("taskset")?.success(),
            "taskset could not pin the load"
        );
        let (delay, jitter) = (
            layout.lateness.delay.to_string(),
            layout.lateness.jitter.to_string(),
        );
        let subgraphs = Command::new(std::env::current_exe()?)
            .args(["subgraphs", "--port", &layout.subgraph_port.to_string()])
            .args(["--delay", &delay, "--jitter", &jitter])
            .spawn()?;
        let counts = Connection::new(&Target::local(layout.subgraph_port, "/counts"));
        let mut stage = Self {
            layout: layout.clone(),
            work,
            subgraphs,
            counts,
        };
        for _ in 0..200 {
            if stage.fetches().await.is_ok() {
                return Ok(stage);
            }
            ensure!(
                stage.subgraphs.try_wait()?.is_none(),
                "the subgraphs did not start"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("the subgraphs do not answer")
    }

    /// How many requests the subgraphs have seen.
    pub(crate) async fn fetches(&mut self) -> Result<u64> {
        let counts: Value = serde_json::from_slice(&self.counts.get().await?)?;
        counts["fetches"].as_u64().context("no counts")
    }

    /// Writes the case's supergraph, with the subgraphs where they are.
    pub(crate) fn supergraph(&self, case: &Case) -> Result<PathBuf> {
        let path = self.work.join("supergraph.graphql");
        fs::write(&path, self.located(&case.supergraph))?;
        Ok(path)
    }

    /// A supergraph with the subgraphs where they are.
    pub(crate) fn located(&self, supergraph: &str) -> String {
        supergraph.replace(
            SUBGRAPHS,
            &format!("127.0.0.1:{}", self.layout.subgraph_port),
        )
    }

    pub(crate) fn place<'a>(&'a self, supergraph: &'a Path) -> Place<'a> {
        Place {
            cpu: self.layout.router_cpu,
            port: self.layout.port,
            supergraph,
            work: &self.work,
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.subgraphs.kill();
        let _ = self.subgraphs.wait();
        let _ = fs::remove_dir_all(&self.work);
    }
}
