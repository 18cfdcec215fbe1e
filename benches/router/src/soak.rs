//! A router under load for minutes while its supergraph changes: does a request fail, does memory grow?

use crate::load::{self, Connection, Pace, Tally, Target, Traffic, body};
use crate::operations::Case;
use crate::process::{machine, memory};
use crate::router::Router;
use crate::stage::{Layout, Stage};
use crate::statistics::slope;
use anyhow::{Result, ensure};
use bytes::Bytes;
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What `soak` is told.
#[derive(clap::Args)]
pub(crate) struct Soak {
    /// {supergraph} and {port} in the router's command are replaced.
    #[arg(long, value_name = "NAME=COMMAND")]
    router: Router,
    /// A case or a file with an operation.
    #[arg(long, value_name = "NAME", default_value = "heavy")]
    operation: String,
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Requests a second.
    #[arg(long)]
    rate: f64,
    /// Seconds between changes of the supergraph; 0: it does not change.
    #[arg(long, default_value_t = 5.0, value_name = "SECONDS")]
    reload: f64,
    #[command(flatten)]
    layout: Layout,
}

/// Warms up for this part of the time, and at most for `WARM`; memory may still settle then.
const WARM_PART: f64 = 0.2;
const WARM: Duration = Duration::from_secs(60);
/// How long a router may take to serve a changed supergraph.
const NOTICE: Duration = Duration::from_secs(4);

/// The whole of it.
pub(crate) async fn run(soak: &Soak) -> Result<()> {
    let stage = Stage::set(&soak.layout).await?;
    let case = Case::find(&soak.operation, soak.layout.supergraph.as_deref())?;
    let supergraph = stage.supergraph(&case)?;
    let (target, request) = (soak.layout.target(), body(&case.operation));
    let mut running = soak.router.start(&stage.place(&supergraph))?;
    let expected = running.ready(&target, &request).await?;
    let pid = running.pid();
    let traffic = Rc::new(Traffic {
        request,
        expected,
        misses: None,
    });
    let duration = Duration::from_secs_f64(soak.minutes * 60.0);
    let memories = Rc::new(RefCell::new(Vec::new()));
    let samples = tokio::task::spawn_local(sample(pid, Rc::clone(&memories)));
    let variants = [&case.supergraph, &changed(&case.supergraph)?].map(|text| stage.located(text));
    let reloads = Reloads {
        path: supergraph,
        variants,
        target: target.clone(),
    };
    let pace = Pace {
        connections: soak.layout.connections,
        rate: Some(soak.rate),
        duration,
    };
    let loading = load::run(&target, &traffic, pace);
    let (measured, (made, seen)) = tokio::join!(loading, reloads.run(soak.reload, duration));
    samples.abort();
    let outcome = Outcome {
        hot: measured.hot,
        made,
        seen,
        memories: memories.take(),
        peak: memory(pid, "VmHWM"),
    };
    outcome.print(soak);
    Ok(())
}

/// What came of it.
struct Outcome {
    hot: Tally,
    made: usize,
    seen: usize,
    /// Minutes and MiB.
    memories: Vec<(f64, f64)>,
    peak: f64,
}

impl Outcome {
    fn print(&self, soak: &Soak) {
        let warm = (WARM.as_secs_f64() / 60.0).min(soak.minutes * WARM_PART);
        let memories = self.memories.iter().copied();
        let settled: Vec<(f64, f64)> = memories.filter(|point| point.0 >= warm).collect();
        let last = settled.last().map_or(f64::NAN, |point| point.1);
        let (router, hot) = (&soak.router, &self.hot);
        println!(
            "Machine: {}.\n\n- {}: `{}`\n",
            machine(),
            router.name,
            router.command
        );
        println!(
            "| router | minutes | req/s | answered | failed | reloads | served | RSS MiB at the end | MiB/minute | peak RSS MiB | p50 ms | p99 ms | p99.9 ms |"
        );
        println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        println!(
            "| {} | {} | {} | {} | {} | {} | {} | {last:.1} | {:.2} | {:.1} | {:.2} | {:.2} | {:.2} |",
            router.name,
            soak.minutes,
            soak.rate,
            hot.answered(),
            hot.failed,
            self.made,
            self.seen,
            slope(&settled),
            self.peak,
            hot.within(0.5),
            hot.within(0.99),
            hot.within(0.999),
        );
        if let Some(failure) = &hot.failure {
            eprintln!("the first failure: {failure}");
        }
    }
}

/// Notes minutes and MiB once a second.
async fn sample(pid: u32, memories: Rc<RefCell<Vec<(f64, f64)>>>) {
    let start = Instant::now();
    loop {
        let minutes = start.elapsed().as_secs_f64() / 60.0;
        memories.borrow_mut().push((minutes, memory(pid, "VmRSS")));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The supergraph with a type that nothing else has to do with, and a field to tell that it is there.
fn changed(supergraph: &str) -> Result<String> {
    let graph = supergraph
        .split("enum join__Graph {")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next());
    let fields = supergraph
        .find("type Query")
        .and_then(|at| Some(at + supergraph[at..].find('{')? + 1));
    let (Some(graph), Some(fields)) = (graph, fields) else {
        anyhow::bail!("a supergraph with `enum join__Graph` and `type Query` is needed");
    };
    ensure!(
        !supergraph.contains("SoakProbe"),
        "the supergraph has a SoakProbe already"
    );
    let (before, after) = supergraph.split_at(fields);
    Ok(format!(
        "{before}\n  soakProbe: SoakProbe @join__field(graph: {graph})\n{after}\n\
         type SoakProbe @join__type(graph: {graph}) {{\n  id: ID\n}}\n"
    ))
}

struct Reloads {
    path: PathBuf,
    variants: [String; 2],
    target: Target,
}

impl Reloads {
    /// Changes the file in turn; returns how often, and how often the router was seen to serve the change.
    async fn run(&self, every: f64, duration: Duration) -> (usize, usize) {
        let (mut made, mut seen) = (0, 0);
        if every <= 0.0 {
            return (0, 0);
        }
        let (start, every) = (Instant::now(), Duration::from_secs_f64(every));
        while start.elapsed() + every + NOTICE < duration {
            tokio::time::sleep(every.saturating_sub(NOTICE)).await;
            made += 1;
            let added = made % 2 == 1;
            if replace(&self.path, &self.variants[usize::from(added)]).is_err() {
                continue;
            }
            let changed = Instant::now();
            let mut served = false;
            while changed.elapsed() < NOTICE.min(every) {
                tokio::time::sleep(Duration::from_millis(250)).await;
                served = served || self.serves(added).await;
            }
            seen += usize::from(served);
        }
        (made, seen)
    }

    /// Is the field known, or unknown, as it should be?
    async fn serves(&self, added: bool) -> bool {
        let probe: Bytes = body("{ soakProbe { id } }");
        let answer = Connection::new(&self.target).post(&probe).await;
        let known = answer.is_ok_and(|answer| answer.starts_with(br#"{"data":{"soakProbe""#));
        known == added
    }
}

/// At once, as tools that deploy do it.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, text)?;
    fs::rename(new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_change_is_a_field_and_its_type() {
        let supergraph =
            "enum join__Graph { A @join__graph }\ntype Query @join__type(graph: A) { a: Int }\n";
        let changed = changed(supergraph).expect("it can be changed");
        assert!(
            changed.contains("{\n  soakProbe: SoakProbe @join__field(graph: A)\n a: Int }"),
            "{changed}"
        );
        assert!(
            changed.ends_with("type SoakProbe @join__type(graph: A) {\n  id: ID\n}\n"),
            "{changed}"
        );
        assert!(super::changed("type Query { a: Int }").is_err());
    }
}
