//! The sample supergraph, read once, the head of others, and small threads to try things on.

use graphway::{
    operation::{self, Document, Error, ParserLimits},
    schema::Supergraph,
};
use std::{sync::OnceLock, thread, time::Duration};

/// The sample supergraph's SDL.
pub const SAMPLE_SDL: &str = include_str!("../../supergraph/supergraph.graphql");

/// The head of a supergraph that composition did not make: its links, and the directives that join subgraphs. The list of
/// subgraphs and the types follow it.
pub const JOIN: &str = include_str!("join.graphql");

/// The sample supergraph.
pub fn sample() -> &'static Supergraph {
    static SAMPLE: OnceLock<Supergraph> = OnceLock::new();
    SAMPLE.get_or_init(|| Supergraph::parse(SAMPLE_SDL).unwrap())
}

/// Prepares a document with the usual limits.
pub fn prepare(supergraph: &Supergraph, text: &str) -> Result<Document, Error> {
    operation::prepare(supergraph, text, None, &ParserLimits::default())
}

/// Runs `work` on a thread with a stack of 2 MiB, as a server's have. Returns what it returns and the CPU time it took,
/// which other processes do not change much.
pub fn on_small_stack<T: Send>(work: impl FnOnce() -> T + Send) -> (T, Duration) {
    thread::scope(|scope| {
        let small = thread::Builder::new().stack_size(2 << 20);
        let worker = small.spawn_scoped(scope, || {
            let before = cpu_time();
            let done = work();
            (done, cpu_time() - before)
        });
        worker.unwrap().join().unwrap()
    })
}

/// How long this thread has run (<https://docs.kernel.org/scheduler/sched-stats.html>).
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}
