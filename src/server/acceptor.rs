//! Accepts connections and hands them to the workers; ends in order.

use super::{
    Config, Health, Listeners,
    admin::Admin,
    connection::{Role, Settings},
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
    let main = TcpListener::from_std(listeners.main).map_err(ServeError::Listener)?;
    let own = listeners
        .health
        .map(TcpListener::from_std)
        .transpose()
        .map_err(ServeError::Listener)?;
    let start_admin = |listener| Admin::start(listener, Arc::clone(&gateway));
    let admin = listeners.admin.map(start_admin).transpose();
    let _admin = admin.map_err(ServeError::Worker)?;
    let settings = Arc::new(Settings::new(
        config,
        gateway,
        Arc::clone(&health),
        own.is_some(),
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
    tokio::select! {
        () = accept(&main, (Role::Main, Some(&clients)), places, &workers) => {}
        () = accept_health(own.as_ref(), &workers) => {}
        () = stopped => {}
    }
    drop((main, own));
    tracing::info!("no longer accepting connections; finishing what is in flight");
    let ended = tokio::task::spawn_blocking(move || workers.into_iter().for_each(Worker::finish));
    // The task only joins threads; if one of them panicked, it has said so.
    let _ = ended.await;
    Ok(())
}

async fn accept_health(listener: Option<&TcpListener>, workers: &[Worker]) {
    match listener {
        Some(listener) => {
            let role = (Role::Health, None);
            accept(listener, role, HEALTH_CONNECTIONS_MAX, workers).await;
        }
        None => std::future::pending().await,
    }
}

/// Accepts for ever.
async fn accept(
    listener: &TcpListener,
    (role, clients): (Role, Option<&Arc<Clients>>),
    connections_max: usize,
    workers: &[Worker],
) {
    let places = Arc::new(Semaphore::new(connections_max.min(Semaphore::MAX_PERMITS)));
    metrics::describe_counter!(
        "api_connections_refused_total",
        "Connections of clients that have too many."
    );
    let refused = metrics::counter!("api_connections_refused_total");
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
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
        let client = clients.map(|clients| clients.admit(address));
        if matches!(client, Some(None)) {
            refused.increment(1);
            tracing::debug!(%address, "a connection is refused: its client has too many");
            continue;
        }
        let (Ok(stream), Some(worker)) = (
            stream.into_std(),
            workers.iter().min_by_key(|worker| worker.load()),
        ) else {
            continue;
        };
        worker.take(Accepted {
            stream,
            address,
            role,
            place,
            client: client.flatten(),
        });
    }
}
