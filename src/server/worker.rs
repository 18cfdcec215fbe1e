//! A thread that serves connections on a runtime of its own.

use super::connection::{Role, Settings, serve};
use crate::gateway::Local;
use hyper_util::server::graceful::GracefulShutdown;
use std::{
    io,
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::{
    runtime,
    sync::{OwnedSemaphorePermit, mpsc},
    time::timeout,
};

/// A running worker.
pub(super) struct Worker {
    /// Bounded by the permits of the acceptor: each waiting connection holds one.
    accepted: mpsc::UnboundedSender<Accepted>,
    /// Connections handed over and not ended.
    load: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

/// A connection for a worker.
pub(super) struct Accepted {
    pub stream: TcpStream,
    pub role: Role,
    /// Its place among all connections, given back when it ends.
    pub place: OwnedSemaphorePermit,
}

impl Worker {
    /// Starts the thread.
    pub(super) fn start(
        index: usize,
        settings: Arc<Settings>,
        grace: Duration,
    ) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (accepted, incoming) = mpsc::unbounded_channel();
        let load = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&load);
        let thread = thread::Builder::new()
            .name(format!("worker-{index}"))
            .spawn(move || runtime.block_on(work(settings, incoming, count, grace)))?;
        Ok(Self {
            accepted,
            load,
            thread,
        })
    }

    /// How many connections it has.
    pub(super) fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    /// Gives it a connection.
    pub(super) fn take(&self, connection: Accepted) {
        self.load.fetch_add(1, Ordering::Relaxed);
        if self.accepted.send(connection).is_err() {
            tracing::error!("a worker has ended; its connection is dropped");
            self.load.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Lets it finish what it has, and waits for that.
    pub(super) fn finish(self) {
        drop(self.accepted);
        if self.thread.join().is_err() {
            tracing::error!("a worker panicked");
        }
    }
}

async fn work(
    settings: Arc<Settings>,
    mut incoming: mpsc::UnboundedReceiver<Accepted>,
    load: Arc<AtomicUsize>,
    grace: Duration,
) {
    let local = Arc::new(Local::default());
    let open = GracefulShutdown::new();
    while let Some(Accepted {
        stream,
        role,
        place,
    }) = incoming.recv().await
    {
        let (settings, local, load) =
            (Arc::clone(&settings), Arc::clone(&local), Arc::clone(&load));
        let watcher = open.watcher();
        tokio::spawn(async move {
            serve(settings, local, stream, role, watcher).await;
            load.fetch_sub(1, Ordering::Relaxed);
            drop(place);
        });
    }
    let finished = async {
        open.shutdown().await;
        local.released().await;
    };
    if timeout(grace, finished).await.is_err() {
        tracing::warn!(
            connections = load.load(Ordering::Relaxed),
            "connections are cut off: they did not finish in time"
        );
    }
}
