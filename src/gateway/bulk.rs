//! Where a worker's large answers are read and its large responses are written.
//!
//! That takes milliseconds, in which other requests on the worker would wait. There is one thread for each worker, made
//! when it is first needed, and not a pool: what a thread has allocated and another frees is used again only when the
//! first asks for more, so memory that goes to and fro between many threads piles up in all of them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        OnceLock,
        mpsc::{self, Receiver, SendError, Sender},
    },
    thread,
};

/// Something to do, once. Whoever wants to know what comes of it has the job say so.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// The thread beside a worker. It ends when this value is dropped and all it was given is done.
#[derive(Default)]
pub(super) struct Bulk(OnceLock<Option<Sender<Job>>>);

impl Bulk {
    /// Does a job there, after those that it was given before; at once and here, if there can be no thread.
    pub(super) fn run(&self, job: Job) {
        let not_sent = match self.0.get_or_init(start) {
            Some(jobs) => jobs.send(job).err().map(|SendError(job)| job),
            None => Some(job),
        };
        if let Some(job) = not_sent {
            job();
        }
    }
}

fn start() -> Option<Sender<Job>> {
    let (jobs, given) = mpsc::channel();
    let thread = thread::Builder::new().name("bulk".to_owned());
    match thread.spawn(move || work(&given)) {
        Ok(_) => Some(jobs),
        Err(error) => {
            tracing::warn!(%error, "large answers are handled where small ones are");
            None
        }
    }
}

fn work(given: &Receiver<Job>) {
    for job in given {
        // It owns all that it works on, so a panic leaves nothing half done; whoever waits sees that nothing came.
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("a large answer was not handled");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_run_in_order_on_one_other_thread_whatever_becomes_of_one() {
        let bulk = Bulk::default();
        let (done, seen) = mpsc::channel();
        for number in 0..3 {
            let done = done.clone();
            bulk.run(Box::new(move || {
                assert_ne!(number, 1, "this one panics");
                done.send((number, thread::current().id())).unwrap();
            }));
        }
        drop((done, bulk));
        let seen: Vec<_> = seen.into_iter().collect();
        assert_eq!(
            seen.iter().map(|(number, _)| *number).collect::<Vec<_>>(),
            [0, 2]
        );
        assert_eq!(seen[0].1, seen[1].1);
        assert_ne!(seen[0].1, thread::current().id());
    }
}
