//! The open connections of one worker.
//!
//! Each worker thread has pools of its own: a connection's task and the requests on it then share a thread, with no
//! lock and no wake-up across threads on the way. The price is more idle connections, which the limit per host bounds.

use super::{Body, Endpoint};
use http::Request;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Builder, Client, Error, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use std::{
    error::Error as _,
    io,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::Semaphore;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
const IDLE_CONNECTIONS_PER_HOST_MAX: usize = 256;
const UNATTENDED_MAX: u32 = 1 << 20;

/// Sends requests over connections that are kept open. Use it on the runtime it is made on.
pub struct Connections {
    plain: Client<HttpConnector, Body>,
    /// Made when first needed: reading the system's trusted certificates takes milliseconds, and most have no use.
    tls: OnceLock<Client<HttpsConnector<HttpConnector>, Body>>,
    /// A permit is out for each call that goes on although whoever began it may be gone.
    unattended: Arc<Semaphore>,
}

/// Why a request got no response head.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error("no trusted certificates: {0}")]
    Certificates(io::Error),
    #[error(transparent)]
    Http(#[from] Error),
}

impl SendError {
    /// Whether a connection that was there broke, and not what came over it.
    pub(super) fn is_break(&self) -> bool {
        let Self::Http(error) = self else {
            return false;
        };
        let cause = error
            .source()
            .and_then(|cause| cause.downcast_ref::<hyper::Error>());
        cause.is_some_and(|cause| {
            let broken = cause
                .source()
                .and_then(|cause| cause.downcast_ref::<io::Error>());
            cause.is_incomplete_message()
                || cause.is_canceled()
                || cause.is_closed()
                || broken.is_some()
        })
    }
}

impl Connections {
    /// No connections yet.
    pub fn new() -> Self {
        Self {
            plain: settings().build(connector()),
            tls: OnceLock::new(),
            unattended: Arc::new(Semaphore::new(UNATTENDED_MAX as usize)),
        }
    }

    /// Says that something is going on here until the value is dropped, though nobody may wait for it any more.
    pub fn hold(&self) -> impl Send + use<> {
        // With a million of them out, one more is not waited for.
        Arc::clone(&self.unattended).try_acquire_owned().ok()
    }

    /// Resolves when nothing of that kind is going on.
    pub async fn released(&self) {
        // The semaphore is never closed.
        let _ = self.unattended.acquire_many(UNATTENDED_MAX).await;
    }

    /// Sends a request to the endpoint it is addressed to and awaits the head of the response.
    pub(super) async fn send(
        &self,
        endpoint: &Endpoint,
        request: Request<Body>,
    ) -> Result<http::Response<Incoming>, SendError> {
        if endpoint.is_https() {
            Ok(self.tls()?.request(request).await?)
        } else {
            Ok(self.plain.request(request).await?)
        }
    }

    fn tls(&self) -> Result<&Client<HttpsConnector<HttpConnector>, Body>, SendError> {
        if let Some(client) = self.tls.get() {
            return Ok(client);
        }
        let mut plain = connector();
        plain.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(SendError::Certificates)?
            .https_only()
            .enable_http1()
            .wrap_connector(plain);
        Ok(self.tls.get_or_init(|| settings().build(connector)))
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self::new()
    }
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector
}

fn settings() -> Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST_MAX)
        .set_host(false);
    builder
}
