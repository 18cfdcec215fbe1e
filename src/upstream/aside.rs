//! Long computations beside the threads that serve.

use std::{num::NonZero, sync::LazyLock, thread};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// One at a time for each processor: more would only take turns, each holding what it works on.
static PLACES: LazyLock<Semaphore> = LazyLock::new(|| {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    Semaphore::new(processors)
});

/// What the job gives, done on another thread. None if it panicked. A job that has begun ends, whether or not anybody
/// still waits for it.
pub(super) async fn run<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    // The semaphore is never closed.
    let place = PLACES.acquire().await.ok()?;
    let done = spawn_blocking(move || {
        let _place = place;
        job()
    });
    match done.await {
        Ok(done) => Some(done),
        Err(error) => {
            tracing::error!(%error, "a computation was not done");
            None
        }
    }
}
