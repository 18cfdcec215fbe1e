//! The child process: one planner with one supergraph. It reads a request a line and answers a line, so that what a peer
//! does to its process (panics, memory, time) stays there.

use crate::planners::{Apollo, Graphway, Hive, Kind, Outline, Planner};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::hint::black_box;
use std::io::{BufRead, Write, stdin, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// Planners recurse; none should fail for a default's sake.
const STACK_BYTES: usize = 64 << 20;

/// How many times an operation is planned at least, whatever it takes, and at most.
const RUNS: std::ops::RangeInclusive<usize> = 3..=4000;

/// One operation to plan.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    pub operation: String,
    /// How long to repeat it for its median time. Zero: plan it once.
    pub milliseconds: u64,
    /// Whether the plan is checked.
    pub check: bool,
}

impl Request {
    /// For the plan itself, checked.
    pub fn checked(operation: &str) -> Self {
        Self {
            operation: operation.to_owned(),
            milliseconds: 0,
            check: true,
        }
    }

    /// For the time it takes.
    pub fn timed(operation: &str, budget: Duration) -> Self {
        Self {
            operation: operation.to_owned(),
            milliseconds: budget.as_millis() as u64,
            check: false,
        }
    }
}

/// What came of a request, or of loading the supergraph.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Reply {
    Loaded,
    Planned {
        outline: Outline,
        time: Time,
    },
    /// Refused, or panicked; and how long that took from the text on.
    Failed {
        message: String,
        nanoseconds: u64,
    },
}

/// Median times in nanoseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Time {
    pub plan: u64,
    pub from_text: u64,
}

/// Answers standard input until it ends.
pub fn run(kind: Kind, supergraph: &Path) -> Result<()> {
    let sdl = std::fs::read_to_string(supergraph)
        .with_context(|| format!("cannot read {}", supergraph.display()))?;
    // A panic is an answer, not a message on the terminal.
    std::panic::set_hook(Box::new(|_| {}));
    let serving =
        std::thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn(move || match kind {
                Kind::Graphway => serve::<Graphway>(&sdl),
                Kind::Hive => serve::<Hive>(&sdl),
                Kind::Apollo => serve::<Apollo>(&sdl),
            })?;
    serving
        .join()
        .unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
}

fn serve<P: Planner>(sdl: &str) -> Result<()> {
    let planner = match caught(|| P::load(sdl)) {
        Ok(planner) => planner,
        Err(error) => return say(&failed(&error, Duration::ZERO)),
    };
    say(&Reply::Loaded)?;
    for line in stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        say(&answer(&planner, &request))?;
    }
    Ok(())
}

fn answer<P: Planner>(planner: &P, request: &Request) -> Reply {
    let text = request.operation.as_str();
    let start = Instant::now();
    let planned = caught(|| {
        let operation = planner.prepare(text)?;
        let plan = planner.plan(&operation)?;
        Ok((operation, plan))
    });
    let once = start.elapsed();
    let (operation, plan) = match planned {
        Ok(planned) => planned,
        Err(error) => {
            // The first run pays for cold code: a refusal has a median too.
            let budget = Duration::from_millis(request.milliseconds);
            let again = median(budget, || caught(|| planner.plan(&planner.prepare(text)?)));
            return failed(&error, again.map_or(once, Duration::from_nanos));
        }
    };
    let outline = caught(|| {
        let mut outline = planner.outline(&plan);
        if request.check {
            outline.complaint = planner.complaint(text, &plan);
        }
        Ok(outline)
    });
    let budget = Duration::from_millis(request.milliseconds) / 2;
    let once = once.as_nanos() as u64;
    let time = Time {
        plan: median(budget, || planner.plan(&operation)).unwrap_or(once),
        from_text: median(budget, || planner.plan(&planner.prepare(text)?)).unwrap_or(once),
    };
    match outline {
        Ok(outline) => Reply::Planned { outline, time },
        Err(error) => failed(&error, Duration::ZERO),
    }
}

/// The median time of `work` in nanoseconds, if there is any time to find out. Dropping what it made is not counted.
fn median<T>(budget: Duration, mut work: impl FnMut() -> Result<T>) -> Option<u64> {
    if budget.is_zero() {
        return None;
    }
    let mut times = Vec::new();
    let start = Instant::now();
    while times.len() < *RUNS.end() && (times.len() < *RUNS.start() || start.elapsed() < budget) {
        let one = Instant::now();
        let made = black_box(work());
        times.push(one.elapsed().as_nanos() as u64);
        drop(made);
    }
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
}

fn panicked(panic: &(dyn Any + Send)) -> anyhow::Error {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    anyhow::anyhow!("panicked: {}", said.unwrap_or("(no message)"))
}

fn failed(error: &anyhow::Error, took: Duration) -> Reply {
    Reply::Failed {
        message: format!("{error:#}"),
        nanoseconds: took.as_nanos() as u64,
    }
}

fn say(reply: &Reply) -> Result<()> {
    let mut out = stdout().lock();
    serde_json::to_writer(&mut out, reply)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}
