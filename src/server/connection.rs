//! One client connection: HTTP/1.1 or HTTP/2 in the clear, whichever the client begins with.

use super::{
    Config, Health,
    scan::{Fault, Limits},
    seats::Seat,
    streams::{Streams, Watched},
    talk::{Talk, offers_protocol},
    vigil::{Patience, Vigil},
    wire::{Protocol, Wire},
};
use crate::gateway::{self, Body, Gateway, Local, Peer, Refusal, UrlPath};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body::Body as _;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use metrics::Gauge;
use std::{
    convert::Infallible, net::IpAddr, panic::AssertUnwindSafe, pin::Pin, sync::Arc, time::Duration,
};
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{Instant, timeout_at},
};

const HTTP2_STREAMS_MAX: u32 = 100;
/// How often an HTTP/2 client is asked whether it is still there, and how long it may take to answer. Without that the
/// connections of clients that vanished would stay for ever.
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(20);
/// What hyper may hold of a head beyond the scanner's limit, so that it is the scanner that refuses.
const HEAD_BYTES_BEYOND: usize = 64 * 1024;

/// What a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Main,
    Health,
}

/// What all connections share.
pub(super) struct Settings {
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    limits: Limits,
    patience: Patience,
    gateway: Arc<Gateway>,
    health: Arc<Health>,
    /// Where health is answered. None: nowhere.
    health_path: Option<UrlPath>,
    /// Whether health has a listener of its own.
    separate_health: bool,
    /// Open connections of clients.
    pub(super) active: Gauge,
}

impl Settings {
    pub(super) fn new(
        config: &Config,
        gateway: Arc<Gateway>,
        health: Arc<Health>,
        separate_health: bool,
    ) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            .header_read_timeout(config.http.header_read_timeout)
            .max_headers(config.http1_headers_max)
            .max_buf_size(config.http1_head_bytes_max + HEAD_BYTES_BEYOND);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(HTTP2_STREAMS_MAX)
            .keep_alive_interval(HTTP2_PING_INTERVAL)
            .keep_alive_timeout(HTTP2_PING_INTERVAL)
            .max_header_list_size(config.http2_header_bytes_max);
        metrics::describe_gauge!("api_active_connections", "Open connections of clients.");
        metrics::describe_counter!(
            "api_requests_refused_unread_total",
            "Requests that are not HTTP, or could be read in two ways, by what was wrong."
        );
        Self {
            http1,
            http2,
            limits: Limits {
                headers_max: config.http1_headers_max,
                head_bytes_max: config.http1_head_bytes_max,
            },
            patience: Patience {
                first_request: config.http.header_read_timeout,
                write: config.http.write_timeout,
                http2_idle: config.http.http2_idle_timeout,
            },
            gateway,
            health,
            health_path: config.health.enabled.then(|| config.health.path.clone()),
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

/// A connection that somebody has taken a seat for.
pub(super) struct Connection {
    pub(super) stream: std::net::TcpStream,
    pub(super) client: IpAddr,
    pub(super) role: Role,
    pub(super) seat: Seat,
}

/// Serves a connection to its end. It ends when it can once `drain` changes.
pub(super) async fn serve(
    settings: Arc<Settings>,
    local: Arc<Local>,
    connection: Connection,
    drain: watch::Receiver<()>,
) {
    let stream = connection.stream.set_nodelay(true);
    let stream = match stream.and_then(|()| TcpStream::from_std(connection.stream)) {
        Ok(stream) => stream,
        Err(error) => return tracing::debug!(%error, "a connection could not be taken over"),
    };
    let talk = Arc::new(Talk::default());
    let begun_by = Instant::now() + settings.patience.first_request;
    let (limits, write) = (settings.limits, settings.patience.write);
    let seat = Some(connection.seat);
    let mut wire = Wire::new(stream, limits, write, Arc::clone(&talk), seat);
    let protocol = match timeout_at(begun_by, wire.protocol()).await {
        Ok(Ok(Some(protocol))) => protocol,
        Ok(Ok(None)) => return,
        Ok(Err(error)) => return tracing::debug!(%error, "a connection ended early"),
        Err(_) => return tracing::debug!("a connection sent nothing in time"),
    };
    let streams = (protocol == Protocol::Http2).then(Streams::new);
    let vigil = Vigil::new(
        settings.patience,
        begun_by,
        Arc::clone(&talk),
        streams.clone(),
    );
    let io = TokioIo::new(wire);
    let end = Arc::new(End {
        settings: Arc::clone(&settings),
        local,
        client: connection.client,
        role: connection.role,
        talk,
        streams,
    });
    let service = service_fn(move |request| {
        let end = Arc::clone(&end);
        async move { Ok::<_, Infallible>(end.answer(request).await) }
    });
    match protocol {
        Protocol::Http1 => {
            let connection = settings.http1.serve_connection(io, service);
            let connection = connection.with_upgrades();
            let close = |connection: Pin<&mut _>| {
                http1::UpgradeableConnection::graceful_shutdown(connection)
            };
            vigil.keep(connection, close, drain).await;
        }
        Protocol::Http2 => {
            let connection = settings.http2.serve_connection(io, service);
            let close = |connection: Pin<&mut _>| http2::Connection::graceful_shutdown(connection);
            vigil.keep(connection, close, drain).await;
        }
    }
}

/// Our end of a connection.
struct End {
    settings: Arc<Settings>,
    local: Arc<Local>,
    client: IpAddr,
    role: Role,
    talk: Arc<Talk>,
    /// Those of HTTP/2.
    streams: Option<Arc<Streams>>,
}

impl End {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        self.talk.begin();
        if let Some(fault) = self.talk.refused(&request) {
            return refuse(request.headers(), fault);
        }
        let Some(streams) = &self.streams else {
            let offers = offers_protocol(&request);
            let mut response = self.handle(request).await;
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                self.talk.switch();
            } else if offers {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            return response;
        };
        // h2 limits their bytes. Cookies come in crumbs, each a header.
        if request.headers().len() > self.settings.limits.headers_max {
            return refuse(request.headers(), Fault::TooManyHeaders);
        }
        let stream = streams.open();
        let response = self.handle(request).await;
        if response.body().is_end_stream() {
            return response;
        }
        response.map(|body| Body::streamed(Watched::new(body, stream)))
    }

    async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        let settings = &self.settings;
        if settings.answers_health(self.role, request.uri().path()) {
            return settings.health.answer(&request);
        }
        if self.role == Role::Health {
            return gateway::refuse(&Refusal::new(
                gateway::Code::NotFound,
                "Only health is answered here",
            ));
        }
        let snapshot = settings.gateway.snapshot();
        let request = request.map(Body::from);
        let handled = gateway::handle(&snapshot, &self.local, Peer::at(self.client), request);
        // A request works on its own data and on locks that recover from poison, so a panic leaves nothing half done.
        match AssertUnwindSafe(handled).catch_unwind().await {
            Ok(response) => response,
            Err(_) => {
                tracing::error!("a request panicked");
                gateway::refuse(&Refusal::internal())
            }
        }
    }
}

/// The answer to a request that nobody looks at.
fn refuse(headers: &HeaderMap, fault: Fault) -> Response<Body> {
    metrics::counter!("api_requests_refused_unread_total", "reason" => fault.name()).increment(1);
    gateway::refuse_unread(headers, &fault.refusal())
}
