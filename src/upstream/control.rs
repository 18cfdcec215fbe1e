//! A thread for what goes on beside requests: looking after endpoints, loading keys.

use std::{
    future::Future,
    io,
    sync::{Mutex, PoisonError},
    thread,
};
use tokio::{runtime, sync::oneshot};

/// Runs tasks on a thread of its own, which is started when there is a first one and ends with this value. It outlives
/// reloads, and is never kept waiting by requests.
#[derive(Debug, Default)]
pub struct Control(Mutex<Option<Thread>>);

#[derive(Debug)]
struct Thread {
    runtime: runtime::Handle,
    _stop: oneshot::Sender<()>,
}

impl Control {
    /// Runs a task until it ends. An error: the thread cannot be started.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let mut thread = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let thread = match &mut *thread {
            Some(thread) => thread,
            none => none.insert(Thread::start()?),
        };
        thread.runtime.spawn(task);
        Ok(())
    }
}

impl Thread {
    fn start() -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || {
                // Nobody sends: the other end is dropped.
                let _ = runtime.block_on(stopped);
            })?;
        Ok(Self {
            runtime: handle,
            _stop: stop,
        })
    }
}
