//! A thread that serves connections on a runtime of its own.

use super::{
    connection::{Connection, Settings, serve},
    edge::{Role, Rules},
    seats::{Client, Clients, Seat},
};
use crate::gateway::Local;
use std::{
    io,
    net::{IpAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::{
    runtime,
    sync::{OwnedSemaphorePermit, mpsc, watch},
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
    pub address: IpAddr,
    pub role: Role,
    /// What it is met by.
    pub rules: Arc<Rules>,
    /// Its place among all connections, given back when it ends.
    pub place: OwnedSemaphorePermit,
    /// Its place among those of its client, if they are counted.
    pub client: Option<Client>,
    /// Where it is to be counted once its client is known.
    pub clients: Option<Arc<Clients>>,
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

    /// Lets it finish what it has. It has done so when this thread ends.
    pub(super) fn begin_to_finish(self) -> JoinHandle<()> {
        self.thread
    }
}

async fn work(
    settings: Arc<Settings>,
    mut incoming: mpsc::UnboundedReceiver<Accepted>,
    load: Arc<AtomicUsize>,
    grace: Duration,
) {
    let local = Arc::new(Local::default());
    let (drain, _) = watch::channel(());
    while let Some(accepted) = incoming.recv().await {
        let active = (accepted.role == Role::Main).then(|| settings.active.clone());
        if let Some(active) = &active {
            active.increment(1);
        }
        let connection = Connection {
            stream: accepted.stream,
            address: accepted.address,
            role: accepted.role,
            rules: accepted.rules,
            clients: accepted.clients,
            seat: Seat {
                _place: accepted.place,
                client: accepted.client,
                load: Arc::clone(&load),
                active,
            },
        };
        let (settings, local) = (Arc::clone(&settings), Arc::clone(&local));
        tokio::spawn(serve(settings, local, connection, drain.subscribe()));
    }
    let finished = async {
        drain.send_replace(());
        drain.closed().await;
        local.released().await;
    };
    if timeout(grace, finished).await.is_err() {
        tracing::warn!(
            connections = load.load(Ordering::Relaxed),
            "connections are cut off: they did not finish in time"
        );
    }
}
