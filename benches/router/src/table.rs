//! The table of `compare`, as Markdown.

use crate::process::machine;
use crate::router::Router;
use crate::statistics::median;

/// One router's figures in one round.
pub(crate) struct Figures {
    pub(crate) rate: f64,
    pub(crate) cpu_micros: f64,
    pub(crate) peak_mebibytes: f64,
    pub(crate) within: [f64; 3],
    pub(crate) fetches: f64,
    pub(crate) bytes: usize,
    pub(crate) failed: u64,
    pub(crate) failure: Option<String>,
    /// Parts of the router's processor that other processes took, and the host.
    pub(crate) others: f64,
    pub(crate) stolen: f64,
}

/// What was measured, how and where, and the table's head.
pub(crate) fn open(routers: &[Router], conditions: &str) {
    println!("Machine: {}.\n", machine());
    for router in routers {
        println!("- {}: `{}`", router.name, router.command);
    }
    println!("\n{conditions}. Medians.\n");
    println!(
        "| operation | router | req/s | CPU µs | × base | peak RSS MiB | × base | p50 ms | p99 ms | × base | p99.9 ms | fetches | bytes | failed |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
}

/// An operation's rows, and on stderr what makes them doubtful.
pub(crate) fn rows(operation: &str, routers: &[Router], figures: &[Vec<Figures>], base: usize) {
    for (router, rounds) in routers.iter().zip(figures) {
        let middle = |of: fn(&Figures) -> f64| median(rounds.iter().map(of));
        // Of each round, for the machine's speed changes from one to the next.
        let ratio = |of: fn(&Figures) -> f64| {
            let pairs = rounds.iter().zip(&figures[base]);
            median(pairs.map(|(own, base)| of(own) / of(base)))
        };
        let failed: u64 = rounds.iter().map(|round| round.failed).sum();
        println!(
            "| {operation} | {} | {:.0} | {:.1} | {:.2} | {:.1} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {} | {failed} |",
            router.name,
            middle(|round| round.rate),
            middle(|round| round.cpu_micros),
            ratio(|round| round.cpu_micros),
            middle(|round| round.peak_mebibytes),
            ratio(|round| round.peak_mebibytes),
            middle(|round| round.within[0]),
            middle(|round| round.within[1]),
            ratio(|round| round.within[1]),
            middle(|round| round.within[2]),
            middle(|round| round.fetches),
            rounds.first().map_or(0, |round| round.bytes),
        );
        let spread = rounds
            .iter()
            .map(|round| format!("{:.0}", round.cpu_micros));
        eprintln!(
            "{operation}, {}: CPU µs a round {}; of its processor, others took {:.1} %, the host {:.1} %",
            router.name,
            spread.collect::<Vec<_>>().join(" "),
            middle(|round| round.others) * 100.0,
            middle(|round| round.stolen) * 100.0,
        );
        if let Some(failure) = rounds.iter().find_map(|round| round.failure.as_ref()) {
            eprintln!("{operation}, {}: the first failure: {failure}", router.name);
        }
    }
}
