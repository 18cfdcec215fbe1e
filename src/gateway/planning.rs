//! The threads that prepare and plan operations nobody has sent before.
//!
//! Planning takes from microseconds to many milliseconds of pure computation. On a worker it would make every other
//! connection of that worker wait, so it happens here, in turn, with a bounded queue.

use std::{
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};
use tokio::sync::oneshot;

/// Jobs that may wait; the next one is refused.
const QUEUE_MAX: usize = 256;
/// Parsing and validation recurse as deep as documents are nested, which their limits bound; this is enough for it.
const STACK_BYTES: usize = 16 * 1024 * 1024;

type Job = Box<dyn FnOnce() + Send>;

/// Threads that run jobs in the order they come.
#[derive(Debug)]
pub(super) struct Planning {
    jobs: SyncSender<Job>,
}

/// Why a job has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRun {
    #[error("{QUEUE_MAX} jobs are waiting already")]
    QueueFull,
    #[error("the job panicked")]
    Panicked,
}

impl Planning {
    /// Starts the threads. They end when this value is dropped.
    pub(super) fn start(threads: NonZero<usize>) -> std::io::Result<Self> {
        let (jobs, queue) = sync_channel(QUEUE_MAX);
        let queue = Arc::new(Mutex::new(queue));
        for index in 0..threads.get() {
            let queue = Arc::clone(&queue);
            thread::Builder::new()
                .name(format!("planning-{index}"))
                .stack_size(STACK_BYTES)
                .spawn(move || work(&queue))?;
        }
        Ok(Self { jobs })
    }

    /// Runs `job` on one of the threads. A job that nobody waits for when its turn comes is dropped, and one that is under
    /// way may ask whether somebody still does, so that what clients gave up on takes no time from others.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&dyn Fn() -> bool) -> T + Send + 'static,
    ) -> Result<T, NotRun> {
        let (sender, result) = oneshot::channel();
        let job = Box::new(move || {
            if !sender.is_closed() {
                let done = job(&|| sender.is_closed());
                // The receiver may have gone in the meantime; then nobody wants the result.
                let _ = sender.send(done);
            }
        });
        match self.jobs.try_send(job) {
            Ok(()) => result.await.map_err(|_| NotRun::Panicked),
            Err(TrySendError::Full(_)) => Err(NotRun::QueueFull),
            // The threads end only with this value, so the queue is never closed while it can be used.
            Err(TrySendError::Disconnected(_)) => Err(NotRun::Panicked),
        }
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        // The lock is held while waiting, never while working: exactly one idle thread waits for the next job.
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // The job's sender is dropped by the panic, which tells whoever waits; what it worked on was its own.
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("a planning job panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::channel,
    };

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_begun() {
        let planning = Planning::start(NonZero::<usize>::MIN).unwrap();
        let (open, gate) = channel();
        let first = planning.run(move |_| gate.recv().is_ok());
        let begun = Arc::new(AtomicBool::new(false));
        let mark = Arc::clone(&begun);
        let mut first = Box::pin(first);
        assert!((&mut first).now_or_never().is_none());
        // Queued, and given up at once.
        let given_up = planning.run(move |_| mark.store(true, Ordering::Relaxed));
        assert!(given_up.now_or_never().is_none());
        open.send(()).unwrap();
        assert_eq!(first.await, Ok(true));
        assert_eq!(planning.run(|_| 3).await, Ok(3));
        assert!(!begun.load(Ordering::Relaxed));
    }
}
