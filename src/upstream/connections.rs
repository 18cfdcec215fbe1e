//! The open connections of one worker.
//!
//! Each worker thread has pools of its own: a connection's task and the requests on it then share a thread, with no
//! lock and no wake-up across threads on the way. The price is more idle connections, which the limit per host bounds.

use super::{Body, Endpoint, Http2};
use http::{Request, header};
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
/// How much is read at once, and how long the head of an answer may be: buffers of hyper's 400 kB stay with their
/// connections, and reading is no faster with them.
const READ_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// How many bytes of one answer over HTTP/2 may be under way, and of all answers of a connection: what is asked for is
/// read at once, so a window only has to cover what comes within a round trip.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;
/// How long an HTTP/2 connection may be silent while an answer is waited for, before the other side is asked whether
/// it is still there; and how long it may then take to say so.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const UNATTENDED_MAX: u32 = 1 << 20;

/// Sends requests over connections that are kept open. Use it on the runtime it is made on.
pub struct Connections {
    plain: Client<HttpConnector, Body>,
    /// HTTP/2 without TLS.
    prior_knowledge: Client<HttpConnector, Body>,
    /// Made when first needed: reading the system's trusted certificates takes milliseconds, and most have no use.
    tls: Tls,
    /// A permit is out for each call that goes on although whoever began it may be gone.
    unattended: Arc<Semaphore>,
}

type TlsClient = OnceLock<Client<HttpsConnector<HttpConnector>, Body>>;

/// Connections that are encrypted, by what is spoken on them.
#[derive(Default)]
struct Tls {
    http1: TlsClient,
    either: TlsClient,
    http2: TlsClient,
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
    /// Whether a connection that was there broke, or was given up by the other side, and not what came over it.
    pub(super) fn is_break(&self) -> bool {
        let Self::Http(error) = self else {
            return false;
        };
        let cause = error
            .source()
            .and_then(|cause| cause.downcast_ref::<hyper::Error>());
        cause.is_some_and(|cause| {
            cause.is_incomplete_message()
                || cause.is_canceled()
                || cause.is_closed()
                || cause.source().is_some_and(|cause| {
                    cause.is::<io::Error>()
                        || cause.downcast_ref::<h2::Error>().is_some_and(is_given_up)
                })
        })
    }
}

impl Connections {
    /// No connections yet.
    pub fn new() -> Self {
        Self {
            plain: settings(Http2::Disable).build(connector()),
            prior_knowledge: settings(Http2::Only).build(connector()),
            tls: Tls::default(),
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
        http2: Http2,
        mut request: Request<Body>,
    ) -> Result<http::Response<Incoming>, SendError> {
        let is_https = endpoint.is_https();
        let offers = request.headers().contains_key(header::UPGRADE);
        // Only a connection of HTTP/1 can be switched.
        let http2 = if offers { Http2::Disable } else { http2 };
        if http2 == Http2::Only || is_https && http2 == Http2::Enable {
            // HTTP/2 says it in the target, and another word for the same host may count as another host. Should it
            // be HTTP/1 after all, the client says it.
            request.headers_mut().remove(header::HOST);
            // Nor does it have headers of a connection; hyper would take those named here for such.
            request.headers_mut().remove(header::CONNECTION);
        }
        Ok(match (is_https, http2) {
            (true, _) => self.tls(http2)?.request(request).await?,
            (false, Http2::Only) => self.prior_knowledge.request(request).await?,
            (false, Http2::Enable | Http2::Disable) => self.plain.request(request).await?,
        })
    }

    fn tls(&self, http2: Http2) -> Result<&Client<HttpsConnector<HttpConnector>, Body>, SendError> {
        let client = match http2 {
            Http2::Enable => &self.tls.either,
            Http2::Disable => &self.tls.http1,
            Http2::Only => &self.tls.http2,
        };
        if let Some(client) = client.get() {
            return Ok(client);
        }
        let mut plain = connector();
        plain.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(SendError::Certificates)?
            .https_only();
        let connector = match http2 {
            Http2::Enable => connector.enable_all_versions().wrap_connector(plain),
            Http2::Disable => connector.enable_http1().wrap_connector(plain),
            Http2::Only => connector.enable_http2().wrap_connector(plain),
        };
        Ok(client.get_or_init(|| settings(http2).build(connector)))
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

/// Whether the other side will not answer what it was sent, and has not begun to: it closes the connection, or refuses
/// the stream (RFC 9113 section 8.7).
fn is_given_up(error: &h2::Error) -> bool {
    error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM)
}

fn settings(http2: Http2) -> Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .http2_only(http2 == Http2::Only)
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(CONNECTION_WINDOW)
        .http2_keep_alive_interval(PING_INTERVAL)
        .http2_keep_alive_timeout(PING_INTERVAL)
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST_MAX)
        .http1_max_buf_size(READ_BUFFER_BYTES_MAX)
        .set_host(http2 != Http2::Disable);
    builder
}
