//! What the kernel counts for a process and those it started.

use anyhow::{Context, Result};
use std::fs;
use std::time::Duration;

/// What one tick of `/proc/PID/stat` is.
const TICK: Duration = Duration::from_millis(10);
/// How far the two counts below may differ while no thread has ended.
const SLACK: Duration = Duration::from_millis(40);

/// CPU time so far, counted twice.
#[derive(Clone, Copy)]
pub(crate) struct Cpu {
    /// In nanoseconds, but without threads that have ended.
    living: Duration,
    /// With them, in ticks.
    all: Duration,
}

impl Cpu {
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let (mut living, mut all) = (Duration::ZERO, Duration::ZERO);
        for process in tree(pid) {
            for thread in entries(&format!("/proc/{process}/task")) {
                let path = format!("/proc/{process}/task/{thread}/schedstat");
                let nanos = fs::read_to_string(path).ok();
                let nanos = nanos.and_then(|text| text.split(' ').next()?.parse().ok());
                living += Duration::from_nanos(nanos.unwrap_or(0));
            }
            let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            // The name, in parentheses, may hold spaces; utime and stime are the 14th and 15th fields.
            let fields = stat
                .rsplit(')')
                .next()
                .unwrap_or_default()
                .split_whitespace();
            let ticks: u32 = fields.skip(11).take(2).flat_map(str::parse::<u32>).sum();
            all += TICK * ticks;
        }
        anyhow::ensure!(!all.is_zero(), "the router has ended");
        Ok(Self { living, all })
    }

    /// CPU time since an earlier count: in nanoseconds if no thread was lost meanwhile.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        let all = self.all.saturating_sub(earlier.all);
        let living = self.living.saturating_sub(earlier.living);
        if all > living + SLACK { all } else { living }
    }
}

/// MiB of memory: `VmHWM`, the most there was, or `VmRSS`, what there is.
pub(crate) fn memory(pid: u32, field: &str) -> f64 {
    let kibibytes = |process| {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    tree(pid).into_iter().filter_map(kibibytes).sum::<f64>() / 1024.0
}

/// A process and all below it.
pub(crate) fn tree(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let mut next = 0;
    while let Some(process) = all.get(next).copied() {
        next += 1;
        for thread in entries(&format!("/proc/{process}/task")) {
            let path = format!("/proc/{process}/task/{thread}/children");
            let children = fs::read_to_string(path).unwrap_or_default();
            all.extend(children.split_whitespace().flat_map(str::parse::<u32>));
        }
    }
    all
}

fn entries(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// How long a processor was busy, and how long the host did not let it run.
#[derive(Clone, Copy)]
pub(crate) struct Processor {
    pub(crate) busy: Duration,
    pub(crate) stolen: Duration,
}

impl Processor {
    pub(crate) fn now(number: usize) -> Result<Self> {
        let stat = fs::read_to_string("/proc/stat")?;
        let name = format!("cpu{number} ");
        let line = stat
            .lines()
            .find_map(|line| line.strip_prefix(&name))
            .context("no such processor")?;
        let ticks: Vec<u32> = line.split_whitespace().flat_map(str::parse).collect();
        // user, nice, system, idle, iowait, irq, softirq, steal
        let [user, nice, system, _, _, irq, softirq, steal, ..] = ticks[..] else {
            anyhow::bail!("/proc/stat has another form");
        };
        Ok(Self {
            busy: TICK * (user + nice + system + irq + softirq),
            stolen: TICK * steal,
        })
    }
}

/// The machine in a line.
pub(crate) fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<&str> = info
        .lines()
        .filter_map(|line| line.strip_prefix("model name"))
        .collect();
    let model = models.first().map_or("unknown processor", |line| {
        line.trim_start_matches(['\t', ' ', ':'])
    });
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{model}, {} virtual cores, Linux {}",
        models.len(),
        kernel.trim()
    )
}
