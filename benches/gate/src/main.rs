//! Plays the corpus of raw requests against gateways that run already, and prints what each makes of it as a table.
//!
//! `graphway-gate 127.0.0.1:9000 ours=127.0.0.1:4000 envoy=127.0.0.1:4001`: the first address is where this listens as the
//! upstream that all of them pass on to.

#[path = "../../../tests/gate/corpus.rs"]
mod corpus;

use corpus::{Case, Counting, Outcome};
use std::{net::SocketAddr, process::ExitCode, time::Duration};

/// Gateways that keep a connection open, or wait for more, are left after this.
const PATIENCE: Duration = Duration::from_millis(700);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let upstream = arguments.next().and_then(|address| address.parse().ok());
    let gateways: Option<Vec<(String, SocketAddr)>> = arguments
        .map(|argument| {
            let (name, address) = argument.split_once('=')?;
            Some((name.to_owned(), address.parse().ok()?))
        })
        .collect();
    let (Some(upstream), Some(gateways)) = (upstream, gateways) else {
        eprintln!("usage: graphway-gate UPSTREAM NAME=ADDRESS…");
        return ExitCode::from(2);
    };
    let upstream = Counting::start(upstream);
    let cases = corpus::read(include_str!("../../../tests/gate/corpus.txt"));
    let names: Vec<&str> = gateways.iter().map(|(name, _)| name.as_str()).collect();
    println!("| what is sent | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
    let mut laxer = 0;
    for case in &cases {
        let outcomes: Vec<Outcome> = gateways
            .iter()
            .map(|(_, address)| corpus::play(case, *address, &upstream, PATIENCE))
            .collect();
        laxer += usize::from(is_laxer(&outcomes));
        let cells: Vec<String> = outcomes.iter().map(cell).collect();
        println!("| {} | {} |", name(case), cells.join(" | "));
    }
    eprintln!(
        "the first lets more through than another in {laxer} of {} cases",
        cases.len()
    );
    ExitCode::from(u8::from(laxer > 0))
}

/// Whether the first passes on what another one does not.
fn is_laxer(outcomes: &[Outcome]) -> bool {
    let [first, others @ ..] = outcomes else {
        return false;
    };
    others.iter().any(|other| other.passed < first.passed)
}

fn name(case: &Case) -> String {
    case.name.replace('|', "\\|")
}

/// Statuses, and how many requests the upstream got.
fn cell(outcome: &Outcome) -> String {
    let statuses: Vec<String> = outcome.statuses.iter().map(u16::to_string).collect();
    let statuses = match statuses.is_empty() {
        true => "closed".to_owned(),
        false => statuses.join(" "),
    };
    match outcome.passed {
        0 => statuses,
        passed => format!("**{statuses}** → {passed}"),
    }
}
