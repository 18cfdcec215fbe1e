//! One request as logs, metrics and traces see it.
//!
//! It begins before the first stage and ends with the response. Stages tell it what they learn; none asks it anything
//! but the ids that subgraphs are told. What it writes holds no header, no query, no variables and no query string:
//! those carry secrets.

use super::{
    Body, Code, Peer,
    authentication::{Caller, SetCookies},
    consumers::Consumer,
    errors::FirstError,
    metrics::{RouteMetrics, known},
    origin::Origin,
    rates::Facts,
    request_id::{self, X_REQUEST_ID, request_id},
    stages::{StageMetrics, Stages},
    trace::{self, Beginning, Stage, Trace},
};
use crate::operation::OperationKind;
use http::{HeaderName, HeaderValue, Response, StatusCode, request::Parts};
use std::{
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

/// What logs show of a longer path.
const PATH_BYTES_MAX: usize = 1024;
/// What clients say of themselves is shown up to this length, or not at all.
const CLIENT_BYTES_MAX: usize = 128;
/// The status that is counted when a client leaves before its response. It is never sent; the number is nginx's.
const CLIENT_LEFT: u16 = 499;

/// What of each request is told, and to whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Whether each request is a line in the log.
    pub access: bool,
    /// Requests that take longer are a warning in the log.
    pub slow_threshold: Option<Duration>,
    /// Whether anybody looks at metrics.
    pub metrics: bool,
    /// The headers in which clients say what they are.
    pub client_name: HeaderName,
    pub client_version: HeaderName,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            access: false,
            slow_threshold: None,
            metrics: false,
            client_name: HeaderName::from_static("apollographql-client-name"),
            client_version: HeaderName::from_static("apollographql-client-version"),
        }
    }
}

/// What is observed, and how.
pub(super) struct Rules {
    request_id: request_id::Config,
    tracing: trace::Config,
    told: Config,
    /// None: nobody wants to know how long stages take.
    stages: Option<StageMetrics>,
}

impl Rules {
    /// Compiles the configuration.
    pub(super) fn new(
        told: &Config,
        request_id: request_id::Config,
        tracing: trace::Config,
    ) -> Self {
        let is_timed = told.metrics || told.slow_threshold.is_some();
        Self {
            request_id,
            tracing,
            told: told.clone(),
            stages: is_timed.then(StageMetrics::default),
        }
    }
}

/// A request under observation.
pub(super) struct Observation<'a> {
    rules: &'a Rules,
    head: &'a Parts,
    route: &'a RouteMetrics,
    peer: Peer<'a>,
    origin: Origin,
    operation: OnceLock<Operation>,
    /// What the operation is expected to cost, and what it did.
    estimated: OnceLock<f64>,
    cost: OnceLock<f64>,
    consumer: OnceLock<Arc<Consumer>>,
    cookies: SetCookies,
    stages: Stages,
    began: Instant,
    has_ended: bool,
}

struct Operation {
    kind: OperationKind,
    name: Option<Arc<str>>,
}

impl<'a> Observation<'a> {
    /// Begins to observe a request.
    pub(super) fn begin(
        rules: &'a Rules,
        route: &'a RouteMetrics,
        peer: Peer<'a>,
        head: &'a Parts,
    ) -> Self {
        let began = Instant::now();
        let request_id = request_id(rules.request_id, &head.headers);
        let beginning = Beginning {
            method: known(&head.method),
            path: shown(head.uri.path()),
            route: route.route(),
            request_id: text(&request_id),
        };
        Self {
            origin: Origin {
                trace: Trace::begin(rules.tracing, &head.headers, &beginning),
                request_id,
            },
            rules,
            head,
            route,
            peer,
            operation: OnceLock::new(),
            estimated: OnceLock::new(),
            cost: OnceLock::new(),
            consumer: OnceLock::new(),
            cookies: SetCookies::default(),
            stages: Stages::new(),
            began,
            has_ended: false,
        }
    }

    /// The request's head.
    pub(super) fn head(&self) -> &'a Parts {
        self.head
    }

    /// Who sends it.
    pub(super) fn peer(&self) -> Peer<'a> {
        self.peer
    }

    /// What rate limits may go by, as far as it is known at once.
    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            address: self.peer.address,
            network: self.peer.network,
            headers: &self.head.headers,
            route: self.route.route(),
            consumer: None,
            claims: None,
            operation: None,
        }
    }

    /// The first stage begins.
    pub(super) fn stage(&self, name: &'static str) -> Stage {
        self.enter(name);
        self.origin.trace.stage(name)
    }

    /// A stage ends and the next one begins.
    pub(super) fn next(&self, stage: &mut Stage, name: &'static str) {
        self.enter(name);
        stage.next(&self.origin.trace, name);
    }

    fn enter(&self, stage: &str) {
        if self.rules.stages.is_some() {
            self.stages.enter(stage, self.began);
        }
    }

    /// Which operation it is. The name is one of a valid document.
    pub(super) fn operation(&self, kind: OperationKind, name: Option<&str>) {
        self.origin.trace.operation(kind, name);
        if self.rules.told.access || self.rules.told.slow_threshold.is_some() {
            let name = name.map(Arc::from);
            // A request has one operation.
            let _ = self.operation.set(Operation { kind, name });
        }
    }

    /// What the operation is expected to cost.
    pub(super) fn estimated(&self, cost: f64) {
        self.origin.trace.cost("cost.estimated", cost);
        let _ = self.estimated.set(cost);
    }

    /// What the operation did cost, if that was looked at.
    pub(super) fn cost(&self, cost: f64) {
        if self.estimated.get().is_some() {
            self.origin.trace.cost("cost.actual", cost);
            let _ = self.cost.set(cost);
        }
    }

    /// Who sends it, if it is somebody with a name.
    pub(super) fn caller(&self, caller: &Caller) {
        if let Some(consumer) = caller.consumer() {
            // A request has one caller.
            let _ = self.consumer.set(Arc::clone(consumer));
        }
    }

    /// What its browser is to keep.
    pub(super) fn cookies(&self) -> &SetCookies {
        &self.cookies
    }

    /// What calls tell of it.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The request ends with this response, which is marked with the request's id and has its browser keep what it should.
    pub(super) fn end(mut self, mut response: Response<Body>) -> Response<Body> {
        response
            .headers_mut()
            .insert(X_REQUEST_ID, self.origin.request_id.clone());
        self.cookies.tell(response.headers_mut());
        let error = response.extensions().get().map(|FirstError(code)| *code);
        self.conclude(response.status(), error);
        response
    }

    fn conclude(&mut self, status: StatusCode, error: Option<Code>) {
        self.has_ended = true;
        let took = self.began.elapsed();
        let consumer = self.consumer.get();
        let route = self.route.of(consumer.map(Arc::as_ref));
        route.request(&self.head.method, status, error, took);
        self.origin
            .trace
            .end(status.as_u16(), error.map(Code::name));
        if let Some(metrics) = &self.rules.stages {
            self.stages.end(self.began, metrics);
        }
        let told = &self.rules.told;
        if told
            .slow_threshold
            .is_some_and(|threshold| took >= threshold)
        {
            self.tell_slow(status, took);
        }
        if !told.access {
            return;
        }
        let operation = self.operation.get();
        tracing::info!(
            target: "graphway::access",
            request_id = text(&self.origin.request_id),
            trace_id = self.origin.trace.sampled_id().map(|id| tracing::field::display(format!("{id:032x}"))),
            client = %self.peer.address,
            method = known(&self.head.method),
            path = shown(self.head.uri.path()),
            route = self.route.route(),
            consumer = consumer.map(|consumer| &*consumer.name),
            status = status.as_u16(),
            duration_ms = took.as_micros() as f64 / 1000.0,
            client_name = self.client_says(&told.client_name),
            client_version = self.client_says(&told.client_version),
            operation_kind = operation.map(|operation| tracing::field::display(operation.kind)),
            operation_name = operation.and_then(|operation| operation.name.as_deref()),
            cost_estimated = self.estimated.get(),
            cost_actual = self.cost.get(),
            error = error.map(Code::name),
            "request"
        );
    }
}

impl Observation<'_> {
    /// What a client says in a header of itself, if it can be shown.
    fn client_says(&self, header: &HeaderName) -> Option<&str> {
        let said = self.head.headers.get(header)?.to_str().ok()?;
        (said.len() <= CLIENT_BYTES_MAX).then_some(said)
    }

    /// Warns of a request that took long.
    fn tell_slow(&self, status: StatusCode, took: Duration) {
        let told = &self.rules.told;
        let operation = self.operation.get();
        tracing::warn!(
            target: "graphway::slow",
            request_id = text(&self.origin.request_id),
            trace_id = self.origin.trace.sampled_id().map(|id| tracing::field::display(format!("{id:032x}"))),
            method = known(&self.head.method),
            path = shown(self.head.uri.path()),
            route = self.route.route(),
            status = status.as_u16(),
            duration_ms = took.as_micros() as f64 / 1000.0,
            client_name = self.client_says(&told.client_name),
            client_version = self.client_says(&told.client_version),
            operation_name = operation.and_then(|operation| operation.name.as_deref()),
            stages = self.stages.told(),
            "a request took long"
        );
    }
}

impl Drop for Observation<'_> {
    /// A request that does not come to its end: the client left, or a stage panicked.
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        if thread::panicking() {
            self.conclude(StatusCode::INTERNAL_SERVER_ERROR, Some(Code::Internal));
        } else if let Ok(left) = StatusCode::from_u16(CLIENT_LEFT) {
            self.conclude(left, None);
        }
    }
}

/// A request id as text; those we take or make are ASCII.
fn text(request_id: &HeaderValue) -> &str {
    request_id.to_str().unwrap_or_default()
}

/// As much of a path as logs show.
fn shown(path: &str) -> &str {
    &path[..path.floor_char_boundary(PATH_BYTES_MAX)]
}
