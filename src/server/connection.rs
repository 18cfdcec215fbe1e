//! One client connection: HTTP/1.1 or HTTP/2 in the clear, whichever the client begins with.

use super::{Config, Health};
use crate::gateway::{self, Body, Gateway, Local, Refusal, UrlPath};
use futures_util::FutureExt;
use http::{Request, Response, Version, header};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::Watcher},
};
use metrics::Gauge;
use std::{
    convert::Infallible,
    net::IpAddr,
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpStream, time::timeout};

const HTTP2_STREAMS_MAX: u32 = 100;
/// How often an HTTP/2 client is asked whether it is still there, and how long it may take to answer. Without that the
/// connections of clients that vanished would stay for ever.
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(20);

/// What a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Main,
    Health,
}

/// What all connections share.
pub(super) struct Settings {
    http: Builder<TokioExecutor>,
    gateway: Arc<Gateway>,
    health: Arc<Health>,
    /// Where health is answered. None: nowhere.
    health_path: Option<UrlPath>,
    /// How long a connection may be open without a first request.
    first_request_within: Duration,
    /// Whether health has a listener of its own.
    separate_health: bool,
    /// Open connections of clients.
    active: Gauge,
}

impl Settings {
    pub(super) fn new(
        config: &Config,
        gateway: Arc<Gateway>,
        health: Arc<Health>,
        separate_health: bool,
    ) -> Self {
        let mut http = Builder::new(TokioExecutor::new());
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(config.http.header_read_timeout)
            .max_headers(config.http1_headers_max)
            // hyper panics below its own minimum.
            .max_buf_size(config.http1_head_bytes_max.max(8192));
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(HTTP2_STREAMS_MAX)
            .keep_alive_interval(HTTP2_PING_INTERVAL)
            .keep_alive_timeout(HTTP2_PING_INTERVAL)
            .max_header_list_size(config.http2_header_bytes_max);
        metrics::describe_gauge!("api_active_connections", "Open connections of clients.");
        let health_path = config.health.enabled.then(|| config.health.path.clone());
        Self {
            http,
            gateway,
            health,
            health_path,
            first_request_within: config.http.header_read_timeout,
            separate_health,
            active: metrics::gauge!("api_active_connections"),
        }
    }

    fn answers_health(&self, role: Role, path: &str) -> bool {
        let here = match role {
            Role::Main => !self.separate_health,
            Role::Health => true,
        };
        here && self
            .health_path
            .as_ref()
            .is_some_and(|health| health.as_str() == path)
    }
}

/// Serves a connection to its end.
pub(super) async fn serve(
    settings: Arc<Settings>,
    local: Arc<Local>,
    stream: std::net::TcpStream,
    role: Role,
    watcher: Watcher,
) {
    let taken_over = stream.set_nodelay(true).and_then(|()| {
        let client = stream.peer_addr()?.ip().to_canonical();
        Ok((TcpStream::from_std(stream)?, client))
    });
    let (stream, client) = match taken_over {
        Ok(taken_over) => taken_over,
        Err(error) => return tracing::debug!(%error, "a connection could not be taken over"),
    };
    let _open = (role == Role::Main).then(|| Open::count(&settings.active));
    let http = settings.http.clone();
    let first_request_within = settings.first_request_within;
    let has_begun = Arc::new(AtomicBool::new(false));
    let begun = Arc::clone(&has_begun);
    let service = service_fn(move |request| {
        begun.store(true, Ordering::Relaxed);
        let (settings, local) = (Arc::clone(&settings), Arc::clone(&local));
        async move { Ok::<_, Infallible>(answer(&settings, &local, (role, client), request).await) }
    });
    let connection = http
        .serve_connection(TokioIo::new(stream), service)
        .into_owned();
    let mut connection = pin!(watcher.watch(connection));
    // hyper's own limit begins when it knows the protocol, and HTTP/2 has none.
    let ended = match timeout(first_request_within, &mut connection).await {
        Ok(ended) => ended,
        Err(_) if has_begun.load(Ordering::Relaxed) => connection.await,
        Err(_) => return tracing::debug!("a connection sent no request in time"),
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection ended early");
    }
}

async fn answer(
    settings: &Settings,
    local: &Arc<Local>,
    (role, client): (Role, IpAddr),
    request: Request<Incoming>,
) -> Response<Body> {
    if !has_one_host(&request) {
        return gateway::refuse(&Refusal::new(
            gateway::Code::InvalidRequest,
            "The request must have one Host header",
        ));
    }
    if settings.answers_health(role, request.uri().path()) {
        return settings.health.answer(&request);
    }
    if role == Role::Health {
        return gateway::refuse(&Refusal::new(
            gateway::Code::NotFound,
            "Only health is answered here",
        ));
    }
    let snapshot = settings.gateway.snapshot();
    let handled = gateway::handle(&snapshot, local, client, request.map(Body::from));
    // A request works on its own data and on locks that recover from poison, so a panic leaves nothing half done.
    match AssertUnwindSafe(handled).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("a request panicked");
            gateway::refuse(&Refusal::internal())
        }
    }
}

/// A connection that is counted until it is dropped.
struct Open(Gauge);

impl Open {
    fn count(active: &Gauge) -> Self {
        active.increment(1);
        Self(active.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// RFC 9112 section 3.2: of two hosts, those before us may have believed the other one.
fn has_one_host(request: &Request<Incoming>) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), None) => true,
        (None, _) => request.version() != Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}
