//! Does planning what is new hold up what is hot? The same rate with and without requests that must be planned.

use crate::load::{self, Misses, Pace, Traffic, body};
use crate::operations::{Case, MISS};
use crate::process::machine;
use crate::router::Router;
use crate::stage::{Layout, Stage};
use crate::statistics::median;
use anyhow::{Context, Result};
use std::rc::Rc;
use std::time::Duration;

/// What `mixed` is told.
#[derive(clap::Args)]
pub(crate) struct Mixed {
    /// A router; may be given several times. {supergraph} and {port} in its command are replaced.
    #[arg(long = "router", required = true, value_name = "NAME=COMMAND")]
    routers: Vec<Router>,
    /// The hot operation: a case over the shop.
    #[arg(long, value_name = "NAME", default_value = "heavy")]
    operation: String,
    /// Requests a second, of both kinds.
    #[arg(long)]
    rate: f64,
    /// One of so many requests is a miss.
    #[arg(long, default_value_t = 100, value_name = "NUMBER")]
    every: u64,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    #[command(flatten)]
    layout: Layout,
}

/// One round: hot latencies without misses, with them, and the misses' own.
struct Round {
    without: [f64; 3],
    with: [f64; 3],
    misses: [f64; 3],
    failed: u64,
}

/// Every round, every router.
pub(crate) async fn run(mixed: &Mixed) -> Result<()> {
    let stage = Stage::set(&mixed.layout).await?;
    let mut rounds: Vec<Vec<Round>> = mixed.routers.iter().map(|_| Vec::new()).collect();
    for number in 0..mixed.rounds {
        for (router, rounds) in mixed.routers.iter().zip(&mut rounds) {
            let round = measure(&stage, mixed, router).await;
            rounds.push(round.with_context(|| format!("{}, round {}", router.name, number + 1))?);
        }
    }
    println!("Machine: {}.\n", machine());
    for router in &mixed.routers {
        println!("- {}: `{}`", router.name, router.command);
    }
    println!(
        "\n{}, {} requests/s, one of {} a miss; {} rounds of {} s. Milliseconds, medians.\n",
        mixed.operation, mixed.rate, mixed.every, mixed.rounds, mixed.seconds
    );
    println!(
        "| router | hot p50 | with misses | hot p99 | with misses | ratio | hot p99.9 | with misses | a miss p50 | p99 | failed |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (router, rounds) in mixed.routers.iter().zip(&rounds) {
        let middle = |of: fn(&Round) -> f64| median(rounds.iter().map(of));
        println!(
            "| {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {} |",
            router.name,
            middle(|round| round.without[0]),
            middle(|round| round.with[0]),
            middle(|round| round.without[1]),
            middle(|round| round.with[1]),
            middle(|round| round.with[1] / round.without[1]),
            middle(|round| round.without[2]),
            middle(|round| round.with[2]),
            middle(|round| round.misses[0]),
            middle(|round| round.misses[1]),
            rounds.iter().map(|round| round.failed).sum::<u64>(),
        );
    }
    Ok(())
}

async fn measure(stage: &Stage, mixed: &Mixed, router: &Router) -> Result<Round> {
    let case = Case::find(&mixed.operation, mixed.layout.supergraph.as_deref())?;
    let supergraph = stage.supergraph(&case)?;
    let (target, request) = (mixed.layout.target(), body(&case.operation));
    let mut running = router.start(&stage.place(&supergraph))?;
    let expected = running.ready(&target, &request).await?;
    let traffic = |misses| {
        let (request, expected) = (request.clone(), expected.clone());
        Rc::new(Traffic {
            request,
            expected,
            misses,
        })
    };
    let warming = mixed.layout.warming(Some(mixed.rate));
    let pace = Pace {
        duration: Duration::from_secs_f64(mixed.seconds),
        ..warming
    };
    load::run(&target, &traffic(None), warming).await;
    let without = load::run(&target, &traffic(None), pace).await;
    // The router has just started: all of them are new to it.
    let misses = Misses::new(MISS, mixed.every, 1);
    let with = load::run(&target, &traffic(Some(misses)), pace).await;
    let failures = [&without.hot, &with.hot, &with.misses];
    if let Some(failure) = failures.iter().find_map(|tally| tally.failure.as_ref()) {
        eprintln!("{}: {failure}", router.name);
    }
    let within = |tally: &load::Tally| [0.5, 0.99, 0.999].map(|part| tally.within(part));
    Ok(Round {
        without: within(&without.hot),
        with: within(&with.hot),
        misses: within(&with.misses),
        failed: failures.iter().map(|tally| tally.failed).sum(),
    })
}
