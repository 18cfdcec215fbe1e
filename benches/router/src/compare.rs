//! Routers in turn over the same operations: what each request costs them, and whether they say the same.

use crate::answers;
use crate::load::{self, Measured, Pace, Traffic, body};
use crate::operations::Case;
use crate::process::{Cpu, Processor, memory};
use crate::router::Router;
use crate::stage::{Layout, Stage};
use crate::table::{self, Figures};
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

/// What `compare` is told.
#[derive(clap::Args)]
pub(crate) struct Compare {
    /// A router; may be given several times. {supergraph} and {port} in its command are replaced.
    #[arg(long = "router", required = true, value_name = "NAME=COMMAND")]
    pub(crate) routers: Vec<Router>,
    /// Cases (heavy, one-field, big, entities, few, chain, abstract, errors) or files with an operation.
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        default_value = "heavy"
    )]
    pub(crate) operation: Vec<String>,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 10.0)]
    pub(crate) seconds: f64,
    /// How often each router is started and measured.
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// Requests a second. Latency then counts from when each should have been sent.
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// The router whose figures are 1.00; the last one if not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) base: Option<String>,
    /// Measure although answers differ.
    #[arg(long)]
    pub(crate) unequal: bool,
    #[command(flatten)]
    pub(crate) layout: Layout,
}

impl Compare {
    /// How it is measured, in a sentence.
    fn conditions(&self) -> String {
        let Layout {
            connections,
            lateness,
            ..
        } = &self.layout;
        let pace = match self.rate {
            Some(rate) => format!("{rate} requests/s"),
            None => "as fast as they go".to_owned(),
        };
        format!(
            "{connections} connections, {pace}; {} rounds of {} s in turn; subgraphs take {} ± {} ms",
            self.rounds, self.seconds, lateness.delay, lateness.jitter
        )
    }
}

/// Every operation, every round, every router.
pub(crate) async fn run(compare: &Compare) -> Result<()> {
    let base = match &compare.base {
        Some(name) => compare
            .routers
            .iter()
            .position(|router| router.name == *name),
        None => compare.routers.len().checked_sub(1),
    };
    let base = base.context("--base names no router")?;
    let mut stage = Stage::set(&compare.layout).await?;
    table::open(&compare.routers, &compare.conditions());
    for name in &compare.operation {
        let case = Case::find(name, compare.layout.supergraph.as_deref())?;
        let supergraph = stage.supergraph(&case)?;
        let request = body(&case.operation);
        let mut figures: Vec<Vec<Figures>> = compare.routers.iter().map(|_| Vec::new()).collect();
        let mut first: Option<Bytes> = None;
        for round in 0..compare.rounds {
            for (router, figures) in compare.routers.iter().zip(&mut figures) {
                let (answer, new) = measure(&mut stage, compare, router, (&supergraph, &request))
                    .await
                    .with_context(|| format!("{}, {name}, round {}", router.name, round + 1))?;
                figures.push(new);
                if let (0, errors @ 1..) = (round, answers::errors(&answer)?) {
                    eprintln!("{} answers {name} with {errors} errors", router.name);
                }
                let first = first.get_or_insert_with(|| answer.clone());
                if let (0, Some(difference)) = (round, answers::difference(first, &answer)?) {
                    let says = format!("{} answers {name} differently: {difference}", router.name);
                    ensure!(compare.unequal || !difference.is_data(), "{says}");
                    eprintln!("{says}");
                }
            }
        }
        table::rows(&case.name, &compare.routers, &figures, base);
    }
    Ok(())
}

async fn measure(
    stage: &mut Stage,
    compare: &Compare,
    router: &Router,
    (supergraph, request): (&Path, &Bytes),
) -> Result<(Bytes, Figures)> {
    let target = compare.layout.target();
    let mut running = router.start(&stage.place(supergraph))?;
    let expected = running.ready(&target, request).await?;
    let traffic = Rc::new(Traffic {
        request: request.clone(),
        expected: expected.clone(),
        misses: None,
    });
    let pace = Pace {
        duration: Duration::from_secs_f64(compare.seconds),
        ..compare.layout.warming(compare.rate)
    };
    load::run(&target, &traffic, compare.layout.warming(compare.rate)).await;
    let number = compare.layout.router_cpu;
    let (fetches, processor) = (stage.fetches().await?, Processor::now(number)?);
    let cpu = Cpu::of(running.pid())?;
    let measured = load::run(&target, &traffic, pace).await;
    let cpu = Cpu::of(running.pid())?.since(cpu);
    let (fetches, later) = (stage.fetches().await? - fetches, Processor::now(number)?);
    let Measured { hot, elapsed, .. } = measured;
    let answered = hot.answered() as f64;
    let part = |time: Duration| time.as_secs_f64() / elapsed.as_secs_f64();
    let figures = Figures {
        rate: answered / elapsed.as_secs_f64(),
        cpu_micros: cpu.as_secs_f64() * 1e6 / answered,
        peak_mebibytes: memory(running.pid(), "VmHWM"),
        within: [0.5, 0.99, 0.999].map(|part| hot.within(part)),
        fetches: fetches as f64 / answered,
        bytes: expected.len(),
        failed: hot.failed,
        failure: hot.failure,
        others: part((later.busy - processor.busy).saturating_sub(cpu)),
        stolen: part(later.stolen - processor.stolen),
    };
    Ok((expected, figures))
}
