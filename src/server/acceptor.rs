//! Accepts connections and hands them to the workers; ends in order.

use super::{
    Config, Health, Listeners,
    admin::Admin,
    connection::Settings,
    edge::Role,
    seats::Clients,
    worker::{Accepted, Worker},
};
use crate::gateway::Gateway;
use std::{future::Future, io, num::NonZero, sync::Arc, thread, time::Duration};
use tokio::{net::TcpListener, sync::Semaphore, time};

/// How long to wait when the system has no more file descriptors: accepting again at once would only spin.
const PAUSE_WITHOUT_DESCRIPTORS: Duration = Duration::from_millis(50);
/// Health checks must get through when all other connections are taken.
const HEALTH_CONNECTIONS_MAX: usize = 64;

/// Why the server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot start a worker: {0}")]
    Worker(io::Error),
    #[error("cannot accept connections: {0}")]
    Listener(io::Error),
}

/// Serves until `stop` resolves, then ends in order: readiness fails first, then no connection is accepted, then what
/// is in flight finishes, within the limits of the configuration.
pub async fn serve(
    config: &Config,
    listeners: Listeners,
    gateway: Arc<Gateway>,
    health: Arc<Health>,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let edge = Arc::clone(listeners.edge());
    let listen = |listener: std::net::TcpListener| {
        TcpListener::from_std(listener).map_err(ServeError::Listener)
    };
    let main = listen(listeners.main)?;
    let own = listeners.health.map(listen).transpose()?;
    let redirect = listeners.redirect.map(listen).transpose()?;
    let start_admin = |listener| Admin::start(listener, &config.admin.hosts, Arc::clone(&gateway));
    let admin = listeners.admin.map(start_admin).transpose();
    let _admin = admin.map_err(ServeError::Worker)?;
    let settings = Arc::new(Settings::new(
        config,
        gateway,
        (Arc::clone(&health), own.is_some()),
        edge,
    ));
    let count = config
        .workers
        .or_else(|| thread::available_parallelism().ok())
        .unwrap_or(NonZero::<usize>::MIN);
    let workers = (0..count.get())
        .map(|index| Worker::start(index, Arc::clone(&settings), config.shutdown.grace));
    let workers: Vec<Worker> = workers
        .collect::<Result<_, _>>()
        .map_err(ServeError::Worker)?;
    health.become_ready();

    let stopped = async {
        stop.await;
        health.become_unready();
        time::sleep(config.shutdown.delay).await;
    };
    let places = config.http.max_connections.get();
    let clients = Clients::new(config.http.max_connections_per_ip);
    let port = config.http_redirect.map_or(0, |redirect| redirect.port);
    let door = |role, places: usize, clients| Door {
        role,
        places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
        clients,
        settings: Arc::clone(&settings),
    };
    let main_door = door(Role::Main, places, Some(&clients));
    let redirect_door = door(Role::Redirect(port), places, Some(&clients));
    let health_door = door(Role::Health, HEALTH_CONNECTIONS_MAX, None);
    tokio::select! {
        () = main_door.accept(Some(&main), &workers) => {}
        () = redirect_door.accept(redirect.as_ref(), &workers) => {}
        () = health_door.accept(own.as_ref(), &workers) => {}
        () = stopped => {}
    }
    drop((main, own, redirect));
    tracing::info!("no longer accepting connections; finishing what is in flight");
    // All at once: the grace is for all of them.
    let workers: Vec<_> = workers.into_iter().map(Worker::begin_to_finish).collect();
    let ended = tokio::task::spawn_blocking(move || {
        for worker in workers {
            if worker.join().is_err() {
                tracing::error!("a worker panicked");
            }
        }
    });
    let _ = ended.await;
    Ok(())
}

/// What a listener is for, and whom it lets in.
struct Door<'a> {
    role: Role,
    /// One for each connection at a time.
    places: Arc<Semaphore>,
    clients: Option<&'a Arc<Clients>>,
    settings: Arc<Settings>,
}

impl Door<'_> {
    /// Accepts for ever. No connection waits for another here: what it sends first is its worker's to read.
    async fn accept(&self, listener: Option<&TcpListener>, workers: &[Worker]) {
        let Some(listener) = listener else {
            return std::future::pending().await;
        };
        loop {
            let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
                return;
            };
            let (stream, address) = match listener.accept().await {
                Ok((stream, address)) => (stream, address.ip().to_canonical()),
                // A client that left before it was accepted.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    time::sleep(PAUSE_WITHOUT_DESCRIPTORS).await;
                    continue;
                }
            };
            let rules = self.settings.edge.rules();
            let (client, clients) = match self.clients {
                // A load balancer says whose it is.
                Some(clients) if rules.expects_proxy_header(self.role, address) => {
                    (None, Some(Arc::clone(clients)))
                }
                Some(clients) => match clients.admit(address) {
                    Some(client) => (Some(client), None),
                    None => continue,
                },
                None => (None, None),
            };
            let (Ok(stream), Some(worker)) = (
                stream.into_std(),
                workers.iter().min_by_key(|worker| worker.load()),
            ) else {
                continue;
            };
            worker.take(Accepted {
                stream,
                address,
                role: self.role,
                rules,
                place,
                client,
                clients,
            });
        }
    }
}
