//! Makes inputs, runs a target on them, keeps what fails.

use crate::targets::Target;
use fastrand::Rng;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The stack of a thread that plans in the router.
const STACK: usize = 2 << 20;
const LENGTH_MAX: usize = 2000;

/// What the last panic said.
static SAID: Mutex<String> = Mutex::new(String::new());

/// Runs a target on made-up inputs; false if one failed.
pub fn fuzz(target: &'static Target, time: Duration, seed: u64) -> bool {
    quiet();
    let mut random = Rng::with_seed(seed);
    let corpus = corpus(target.name);
    let running = folder("findings").join(format!("{}.running", target.name));
    let (started, mut told) = (Instant::now(), Instant::now());
    let (mut runs, mut useful, mut slowest) = (0u64, 0u64, Duration::ZERO);
    let mut last: Vec<u8> = Vec::new();
    while started.elapsed() < time {
        let input = next(&mut random, &corpus, &last);
        // A stack that overflows takes the process with it: what was running is here.
        let _ = fs::write(&running, &input);
        let begun = Instant::now();
        match attempt(target, &input) {
            Ok(told_something) => {
                useful += u64::from(told_something);
                if told_something {
                    last.clone_from(&input);
                }
            }
            Err(said) => {
                report(target, &input, &said);
                return false;
            }
        }
        slowest = slowest.max(begun.elapsed());
        runs += 1;
        if told.elapsed() > Duration::from_secs(30) {
            told = Instant::now();
            let seconds = started.elapsed().as_secs();
            println!(
                "{}: {runs} runs, {useful} useful, slowest {slowest:?}, {seconds} s",
                target.name
            );
        }
    }
    let _ = fs::remove_file(&running);
    println!(
        "{}: {runs} runs in {:?}, {useful} useful, slowest {slowest:?}: nothing found",
        target.name,
        started.elapsed()
    );
    true
}

/// Runs a target on files; false if one failed.
pub fn replay(target: &'static Target, files: &[String]) -> bool {
    let mut passed = true;
    for file in files {
        let input = fs::read(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        println!("{file}\n{}", (target.show)(&input));
        quiet();
        if let Err(said) = attempt(target, &input) {
            println!("{said}");
            passed = false;
        }
    }
    passed
}

/// An input: new bytes, or ones that are there, changed.
fn next(random: &mut Rng, corpus: &[Vec<u8>], last: &[u8]) -> Vec<u8> {
    let old = match random.u8(..10) {
        0..4 => None,
        4..7 if !last.is_empty() => Some(last.to_vec()),
        _ => random.choice(corpus).cloned(),
    };
    let Some(mut input) = old else {
        let length = random.usize(8..LENGTH_MAX);
        return std::iter::repeat_with(|| random.u8(..))
            .take(length)
            .collect();
    };
    for _ in 0..random.usize(1..6) {
        let at = random.usize(..input.len().max(1)).min(input.len());
        match random.u8(..4) {
            0 => input.insert(at, random.u8(..)),
            1 if at < input.len() => {
                input.remove(at);
            }
            2 => {
                let more: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(16).collect();
                input.splice(at..at, more);
            }
            _ if at < input.len() => input[at] = random.u8(..),
            _ => {}
        }
    }
    input.truncate(LENGTH_MAX);
    input
}

/// Runs once, on a stack as large as the router's: what went wrong, or whether the input led anywhere.
fn attempt(target: &'static Target, input: &[u8]) -> Result<bool, String> {
    let (send, done) = mpsc::channel();
    let owned = input.to_vec();
    let thread = std::thread::Builder::new().stack_size(STACK);
    let run = move || {
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| (target.run)(&owned)));
        let said = || SAID.lock().map(|said| said.clone()).unwrap_or_default();
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(_) => Err(said()),
        };
        // The thread is new: this is all that it ran.
        let took = cpu_time();
        let _ = send.send(match took > target.enough {
            true => outcome.and(Err(format!("it took {took:?}"))),
            false => outcome,
        });
    };
    let running = thread.spawn(run).map_err(|error| error.to_string())?;
    // What runs on cannot be stopped: it is reported, and the process ends.
    let outcome = done
        .recv_timeout(20 * target.enough)
        .map_err(|_| format!("it runs for more than {:?}", 20 * target.enough))?;
    let _ = running.join();
    outcome
}

/// How long this thread has run, which other processes do not change much
/// (<https://docs.kernel.org/scheduler/sched-stats.html>).
fn cpu_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

fn quiet() {
    panic::set_hook(Box::new(|info| {
        if let Ok(mut said) = SAID.lock() {
            *said = info.to_string();
        }
    }));
}

/// Makes an input that fails smaller and keeps it.
fn report(target: &'static Target, input: &[u8], said: &str) {
    let kind = |said: &str| said.lines().take(2).map(strip).collect::<Vec<_>>();
    let is_hang = said.starts_with("it runs");
    let (mut input, mut said, wanted) = (input.to_vec(), said.to_owned(), kind(said));
    let mut size = input.len();
    while size > 0 && !is_hang {
        let mut at = 0;
        while at < input.len() {
            let mut smaller = input.clone();
            smaller.drain(at..input.len().min(at + size));
            match attempt(target, &smaller) {
                Err(now) if kind(&now)[..1] == wanted[..1] => (input, said) = (smaller, now),
                _ => at += size,
            }
        }
        size /= 2;
    }
    let hash = input
        .iter()
        .fold(7u64, |all, byte| all.wrapping_mul(31) ^ u64::from(*byte));
    let file = folder("findings").join(format!("{}-{hash:x}", target.name));
    let _ = fs::write(&file, &input);
    println!("{}\n{}\n{said}", file.display(), (target.show)(&input));
}

/// A message without its numbers.
fn strip(line: &str) -> String {
    line.chars()
        .filter(|c| !c.is_ascii_digit())
        .take(60)
        .collect()
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    let _ = fs::create_dir_all(&folder);
    folder
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder("corpus").join(target))
        .into_iter()
        .flatten();
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
        .iter()
        .filter_map(|file| fs::read(file).ok())
        .collect()
}
