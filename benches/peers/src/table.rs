//! The table of `docs/planner.md`: every named case by every planner.

use crate::cases::{Case, Counts};
use crate::graphs;
use crate::planners::Kind;
use crate::process::{Limits, Outcome, Process};
use crate::worker::{Reply, Request, Time};
use anyhow::Result;
use std::path::Path;
use std::time::Duration;

/// How long each operation is planned again and again for its median.
const BUDGET: Duration = Duration::from_secs(2);

/// Prints the table as Markdown, a case at a time; returns what Graphway missed.
pub fn print(cases: &[Case], limits: &Limits, work: &Path) -> Result<Vec<String>> {
    println!("Machine: {}\n", machine());
    println!("Graphway beside {}.\n", versions().join(", "));
    println!(
        "| operation | planner | plan | ratio | from text | ratio | requests | depth | bytes |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|");
    let mut missed = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let graph = graphs::write(work, &format!("case-{index}"), &case.supergraph)?;
        let mut ours = None;
        for kind in Kind::ALL {
            let mut process = Process::new(kind, &graph.file, limits);
            let outcome = process.ask(&Request::timed(&case.operation, BUDGET))?;
            let row = Row::of(&outcome);
            if kind == Kind::Graphway {
                missed.extend(row.misses(case));
                ours = row.time;
            }
            let name = if kind == Kind::Graphway {
                case.name
            } else {
                ""
            };
            println!("| {name} | {} | {} |", kind.name(), row.cells(ours));
        }
    }
    println!();
    Ok(missed)
}

/// One planner's part of a case.
struct Row {
    time: Option<Time>,
    /// Requests, depth and bytes.
    plan: Option<[usize; 3]>,
    /// Why there is no plan.
    said: String,
}

impl Row {
    fn of(outcome: &Outcome) -> Self {
        let none = |said: String| Self {
            time: None,
            plan: None,
            said,
        };
        match outcome {
            Outcome::Replied(Reply::Planned { outline, time }) => Self {
                time: Some(*time),
                plan: Some([outline.requests, outline.depth, outline.bytes]),
                said: String::new(),
            },
            Outcome::Replied(Reply::Failed {
                message,
                nanoseconds,
            }) => Self {
                time: Some(Time {
                    plan: 0,
                    from_text: *nanoseconds,
                }),
                plan: None,
                said: format!("refused: {}", message.lines().next().unwrap_or_default()),
            },
            Outcome::Replied(Reply::Loaded) => none("no reply".to_owned()),
            Outcome::TimedOut(limit) => none(format!("no answer in {} s", limit.as_secs())),
            Outcome::Died(how) => none(format!("died: {how}")),
        }
    }

    fn cells(&self, ours: Option<Time>) -> String {
        let from_text = self.time.map(|time| time.from_text);
        let text_cells = pair(from_text, ours.map(|time| time.from_text));
        let Some([requests, depth, bytes]) = self.plan else {
            return format!("{} | | {text_cells} | | |", self.said.replace('|', "\\|"));
        };
        let plan_cells = pair(self.time.map(|time| time.plan), ours.map(|time| time.plan));
        format!("{plan_cells} | {text_cells} | {requests} | {depth} | {bytes}")
    }

    fn misses(&self, case: &Case) -> Option<String> {
        let (gate, time) = (&case.gate, self.time.unwrap_or_default());
        let took = match gate.counts {
            Counts::Plan => time.plan,
            Counts::FromText => time.from_text,
        };
        let is_late = u128::from(took) >= gate.time.as_nanos();
        let requests = self.plan.map(|[requests, ..]| requests);
        let is_much = gate
            .requests
            .is_some_and(|most| requests.is_none_or(|is| is > most));
        let is_unplanned = gate.counts == Counts::Plan && self.plan.is_none();
        (is_late || is_much || is_unplanned).then(|| {
            let limit = shown(gate.time.as_nanos() as u64);
            let most = gate
                .requests
                .map(|most| format!(" and at most {most} requests"));
            format!(
                "{}: {} and {requests:?} requests, should be under {limit}{} {}",
                case.name,
                shown(took),
                most.unwrap_or_default(),
                self.said
            )
        })
    }
}

/// A time and how many times ours it is.
fn pair(time: Option<u64>, ours: Option<u64>) -> String {
    let ratio = match (time, ours) {
        (Some(time), Some(ours)) if ours > 0 && time != ours => {
            let ratio = time as f64 / ours as f64;
            match ratio {
                10.0.. => format!("{ratio:.0}×"),
                _ => format!("{ratio:.1}×"),
            }
        }
        _ => String::new(),
    };
    format!("{} | {ratio}", time.map(shown).unwrap_or_default())
}

/// A time in a fitting unit, three digits.
fn shown(nanoseconds: u64) -> String {
    let (value, unit) = match nanoseconds {
        0..1_000 => (nanoseconds as f64, "ns"),
        1_000..1_000_000 => (nanoseconds as f64 / 1e3, "µs"),
        1_000_000..1_000_000_000 => (nanoseconds as f64 / 1e6, "ms"),
        _ => (nanoseconds as f64 / 1e9, "s"),
    };
    match value {
        100.0.. => format!("{value:.0} {unit}"),
        10.0.. => format!("{value:.1} {unit}"),
        _ => format!("{value:.2} {unit}"),
    }
}

fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {cores} cores, {}", std::env::consts::OS)
}

/// The peers' versions, from the lock file.
fn versions() -> Vec<String> {
    let lock = include_str!("../Cargo.lock");
    let version = |name: &str| {
        let after = lock.split_once(&format!("name = \"{name}\"\nversion = \""));
        let version = after.and_then(|(_, rest)| rest.split('"').next());
        format!("`{name}` {}", version.unwrap_or("?"))
    };
    ["hive-router-query-planner", "apollo-federation"]
        .map(version)
        .to_vec()
}
