//! One client connection: HTTP/1.1 or HTTP/2, whichever the client begins with, in the clear or under TLS.

use super::{
    Config, Edge, Health, crumbs,
    edge::{Role, Rules},
    meeting::{Remote, meet},
    scan::{Fault, Limits},
    seats::{Clients, Seat},
    stream::{Socket, Stream},
    streams::{self, Streams, Tasks, Watched},
    talk::{Talk, offers_protocol},
    vigil::{Patience, Vigil},
    wire::{Protocol, Wire},
};
use crate::gateway::{self, Body, Gateway, Local, Refusal, UrlPath};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body::Body as _;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
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

/// What all connections share.
pub(super) struct Settings {
    http1: http1::Builder,
    http2_header_bytes_max: u32,
    limits: Limits,
    patience: Patience,
    handshake: Duration,
    gateway: Arc<Gateway>,
    pub(super) edge: Arc<Edge>,
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
        (health, separate_health): (Arc<Health>, bool),
        edge: Arc<Edge>,
    ) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            .header_read_timeout(config.http.header_read_timeout)
            .max_headers(config.http1_headers_max)
            .max_buf_size(config.http1_head_bytes_max + HEAD_BYTES_BEYOND);
        metrics::describe_gauge!("api_active_connections", "Open connections of clients.");
        metrics::describe_counter!(
            "api_requests_refused_unread_total",
            "Requests that are not HTTP, or could be read in two ways, by what was wrong."
        );
        metrics::describe_counter!(
            "api_connections_failed_total",
            "Connections that ended before HTTP, by why."
        );
        Self {
            http1,
            http2_header_bytes_max: config.http2_header_bytes_max,
            limits: Limits {
                headers_max: config.http1_headers_max,
                head_bytes_max: config.http1_head_bytes_max,
            },
            patience: Patience {
                first_request: config.http.header_read_timeout,
                write: config.http.write_timeout,
                http2_idle: config.http.http2_idle_timeout,
            },
            handshake: config.http.tls_handshake_timeout,
            gateway,
            edge,
            health,
            health_path: config.health.enabled.then(|| config.health.path.clone()),
            separate_health,
            active: metrics::gauge!("api_active_connections"),
        }
    }

    /// What serves a connection of HTTP/2 with these streams.
    fn http2(&self, streams: &Arc<Streams>) -> http2::Builder<Tasks> {
        let mut http2 = http2::Builder::new(Tasks(Arc::clone(streams)));
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(HTTP2_STREAMS_MAX)
            .keep_alive_interval(HTTP2_PING_INTERVAL)
            .keep_alive_timeout(HTTP2_PING_INTERVAL)
            .max_header_list_size(self.http2_header_bytes_max);
        http2
    }

    fn answers_health(&self, role: Role, path: &str) -> bool {
        let here = match role {
            Role::Main => !self.separate_health,
            Role::Health => true,
            Role::Redirect(_) => false,
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
    pub(super) address: IpAddr,
    pub(super) role: Role,
    pub(super) rules: Arc<Rules>,
    pub(super) seat: Seat,
    /// Where it is to be counted once its client is known.
    pub(super) clients: Option<Arc<Clients>>,
}

/// Serves a connection to its end. It ends when it can once `drain` changes.
pub(super) async fn serve(
    settings: Arc<Settings>,
    local: Arc<Local>,
    connection: Connection,
    drain: watch::Receiver<()>,
) {
    let role = connection.role;
    // Whoever has not sent a request has none to lose. The connection's own watch comes later.
    let mut draining = drain.clone();
    // What comes before HTTP is soon over, and its memory is not kept for the rest.
    let begun = tokio::select! {
        begun = Box::pin(begin(&settings, connection)) => begun,
        _ = draining.changed() => None,
    };
    let Some((stream, remote, seat)) = begun else {
        return;
    };
    let talk = Arc::new(Talk::default());
    let begun_by = Instant::now() + settings.patience.first_request;
    let mut wire = Wire::new(stream, settings.limits, Arc::clone(&talk), Some(seat));
    let protocol = tokio::select! {
        protocol = timeout_at(begun_by, wire.protocol()) => protocol,
        _ = draining.changed() => return,
    };
    let protocol = match protocol {
        Ok(Ok(Some(protocol))) => protocol,
        Ok(Ok(None)) => return,
        Ok(Err(error)) => return tracing::debug!(%error, "a connection ended early"),
        Err(_) => return tracing::debug!("a connection sent nothing in time"),
    };
    if !remote.may_speak(protocol) {
        return tracing::debug!("a connection speaks another protocol than it has settled on");
    }
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
        remote,
        role,
        talk,
    });
    let watched = streams.clone();
    let service = service_fn(move |request| {
        let end = Arc::clone(&end);
        // Before the answer is awaited: see `Tasks`.
        let stream = watched.as_ref().map(Streams::open);
        async move { Ok::<_, Infallible>(end.answer(request, stream).await) }
    });
    match streams {
        None => {
            let connection = settings.http1.serve_connection(io, service);
            let connection = connection.with_upgrades();
            let close = |connection: Pin<&mut _>| {
                http1::UpgradeableConnection::graceful_shutdown(connection)
            };
            vigil.keep(connection, close, drain).await;
        }
        Some(streams) => {
            let connection = settings.http2(&streams).serve_connection(io, service);
            let close = |connection: Pin<&mut _>| http2::Connection::graceful_shutdown(connection);
            vigil.keep(connection, close, drain).await;
        }
    }
}

/// Does what comes before HTTP. None: it does not come to that.
async fn begin(settings: &Settings, connection: Connection) -> Option<(Stream, Remote, Seat)> {
    let Connection {
        stream,
        address,
        role,
        rules,
        mut seat,
        clients,
    } = connection;
    let stream = stream
        .set_nodelay(true)
        .and_then(|()| TcpStream::from_std(stream));
    let socket = match stream {
        Ok(stream) => Socket::new(stream, settings.patience.write),
        Err(error) => {
            tracing::debug!(%error, "a connection could not be taken over");
            return None;
        }
    };
    let by = Instant::now() + settings.handshake;
    let admit = |client| match &clients {
        None => true,
        Some(clients) => {
            seat.client = clients.admit(client);
            seat.client.is_some()
        }
    };
    let (stream, remote) = match timeout_at(by, meet(rules, role, (address, admit), socket)).await {
        Ok(Ok(met)) => met,
        Ok(Err(failure)) => {
            tracing::debug!(%failure, %address, "a connection ended before its first request");
            count_failed(failure.reason());
            return None;
        }
        Err(_) => {
            tracing::debug!(%address, "a connection took too long for its handshake");
            count_failed("timeout");
            return None;
        }
    };
    Some((stream, remote, seat))
}

fn count_failed(reason: &'static str) {
    metrics::counter!("api_connections_failed_total", "reason" => reason).increment(1);
}

/// Our end of a connection.
struct End {
    settings: Arc<Settings>,
    local: Arc<Local>,
    remote: Remote,
    role: Role,
    talk: Arc<Talk>,
}

impl End {
    /// The answer to a request. `stream` is its own, in HTTP/2.
    async fn answer(
        &self,
        mut request: Request<Incoming>,
        stream: Option<streams::Stream>,
    ) -> Response<Body> {
        self.talk.begin();
        if let Some(fault) = self.talk.refused(&request) {
            return refuse(request.headers(), fault);
        }
        let Some(stream) = stream else {
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
        crumbs::join(request.headers_mut());
        let response = self.handle(request).await;
        if response.body().is_end_stream() {
            return response;
        }
        response.map(|body| Body::streamed(Watched::new(body, stream)))
    }

    async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        let settings = &self.settings;
        if self.remote.is_in_the_clear() {
            return in_the_clear(request.headers());
        }
        if settings.answers_health(self.role, request.uri().path()) {
            return settings.health.answer(&request);
        }
        if let Role::Redirect(port) = self.role {
            return gateway::to_https(request, port);
        }
        if self.role == Role::Health {
            return gateway::refuse(&Refusal::new(
                gateway::Code::NotFound,
                "Only health is answered here",
            ));
        }
        if self.remote.is_misdirected(&request) {
            return misdirected(request.headers());
        }
        let snapshot = settings.gateway.snapshot();
        let peer = self.remote.peer(request.headers());
        let request = request.map(Body::from);
        let handled = gateway::handle(&snapshot, &self.local, peer, request);
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

/// The answer to a request that is not sound.
fn refuse(headers: &HeaderMap, fault: Fault) -> Response<Body> {
    refuse_unread(headers, fault.name(), &fault.refusal())
}

/// The answer to a client that does not speak TLS where we do. The connection ends: what it sends may be read by anybody.
fn in_the_clear(headers: &HeaderMap) -> Response<Body> {
    let refusal = Refusal::new(
        gateway::Code::BadRequest,
        "TLS is spoken here: the URL begins with https://",
    );
    let mut response = refuse_unread(headers, "in_the_clear", &refusal);
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

/// The answer to a request for a host that wants to see another certificate than this connection's client was asked for.
fn misdirected(headers: &HeaderMap) -> Response<Body> {
    let refusal = Refusal::new(
        gateway::Code::MisdirectedRequest,
        "This connection was made for another host",
    );
    refuse_unread(headers, "misdirected", &refusal)
}

/// The answer to a request that nobody looks at.
fn refuse_unread(headers: &HeaderMap, reason: &'static str, refusal: &Refusal) -> Response<Body> {
    metrics::counter!("api_requests_refused_unread_total", "reason" => reason).increment(1);
    gateway::refuse_unread(headers, refusal)
}
