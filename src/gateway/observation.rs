//! One request as logs, metrics and traces see it.
//!
//! It begins before the first stage and ends with the response. Stages tell it what they learn; none asks it anything
//! but the ids that subgraphs are told. What it writes holds no header, no query, no variables and no query string:
//! those carry secrets.

use super::{
    Body, Code, Peer, Refusal,
    authentication::{Caller, SetCookies},
    consumers::Consumer,
    errors::FirstError,
    header_types::Name,
    metrics::{RouteMetrics, known},
    origin::Origin,
    overload::{Hold, Priority},
    prepared::Prepared,
    rates::Facts,
    request_id::{self, X_REQUEST_ID, request_id},
    stages::{StageMetrics, Stages},
    trace::{self, Beginning, Stage, Trace},
};
use governor::{
    Quota, RateLimiter,
    clock::MonotonicClock,
    state::{InMemoryState, NotKeyed},
};
use http::{HeaderName, HeaderValue, Response, StatusCode, request::Parts};
use serde::Deserialize;
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

/// Writes a line about a request. It is a macro since the fields of an event are part of its code.
macro_rules! tell {
    ($request:expr, $end:expr, $level:ident, $target:literal, $words:literal $(, $more:ident = $value:expr)?) => {{
        let (request, end): (&Observation<'_>, &End) = ($request, $end);
        let document = request.operation.get().map(|prepared| prepared.document());
        let clients = &request.rules.told.clients;
        tracing::$level!(
            target: $target,
            request_id = text(&request.origin.request_id),
            trace_id = end.trace_id.map(|id| tracing::field::display(format!("{id:032x}"))),
            client = %request.peer.address,
            method = known(&request.head.method),
            path = shown(request.head.uri.path()),
            route = request.route.route(),
            consumer = request.consumer.get().map(|consumer| &*consumer.name),
            status = end.status.as_u16(),
            duration_ms = end.took.as_micros() as f64 / 1000.0,
            client_name = request.client_says(&clients.client_name_header),
            client_version = request.client_says(&clients.client_version_header),
            operation_kind = document.map(|document| tracing::field::display(document.kind())),
            operation_name = document.and_then(|document| document.name()),
            cost_estimated = request.estimated.get(),
            cost_actual = request.cost.get(),
            error = end.error.map(Code::name),
            $($more = $value,)?
            $words
        );
    }};
}

/// What of each request is told, and to whom.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Whether each request is a line in the log.
    pub access: bool,
    /// Requests that take longer are a warning in the log.
    pub slow_threshold: Option<Duration>,
    /// Whether anybody looks at metrics.
    pub metrics: bool,
    pub clients: Clients,
}

/// `telemetry.apollo`: the headers in which clients say what they are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Clients {
    pub client_name_header: Name,
    pub client_version_header: Name,
}

impl Default for Clients {
    fn default() -> Self {
        let named = |name| Name(HeaderName::from_static(name));
        Self {
            client_name_header: named("apollographql-client-name"),
            client_version_header: named("apollographql-client-version"),
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
    /// Whether anybody wants to know the operation when the request has ended.
    tells_operation: bool,
    /// How many requests that fail are traced though they are not sampled. None: none.
    failures: Option<Budget>,
}

/// What a second has for them.
type Budget = RateLimiter<NotKeyed, InMemoryState, MonotonicClock>;

impl Rules {
    /// Compiles the configuration.
    pub(super) fn new(
        told: &Config,
        request_id: request_id::Config,
        tracing: trace::Config,
    ) -> Self {
        let failures = tracing.errors_per_second.map(Quota::per_second);
        let is_explained = told.slow_threshold.is_some() || failures.is_some();
        let is_timed = told.metrics || is_explained;
        Self {
            request_id,
            tracing,
            told: told.clone(),
            stages: is_timed.then(StageMetrics::default),
            tells_operation: told.access || is_explained,
            failures: failures.map(|quota| RateLimiter::direct_with_clock(quota, MonotonicClock)),
        }
    }

    /// Whether such a response is a failure, not of the client, that is to be traced.
    fn traces_failure(&self, status: StatusCode, error: Option<Code>) -> bool {
        let Some(budget) = &self.failures else {
            return false;
        };
        let by_code = error.is_some_and(|code| code.status_alone().is_server_error());
        // The router does what it was told to. When it does it often, that must not hide what else goes wrong.
        let is_meant = matches!(
            error,
            Some(Code::Overloaded | Code::RateLimited | Code::Maintenance)
        );
        (status.is_server_error() || by_code) && !is_meant && budget.check().is_ok()
    }
}

/// A request under observation.
pub(super) struct Observation<'a> {
    rules: &'a Rules,
    head: &'a Parts,
    route: &'a RouteMetrics,
    peer: Peer<'a>,
    origin: Origin,
    operation: OnceLock<Arc<Prepared>>,
    /// What the operation is expected to cost, and what it did.
    estimated: OnceLock<f64>,
    cost: OnceLock<f64>,
    consumer: OnceLock<Arc<Consumer>>,
    cookies: SetCookies,
    stages: Stages,
    began: Instant,
    has_ended: bool,
}

impl<'a> Observation<'a> {
    /// Begins to observe a request that will have this place.
    pub(super) fn begin(
        rules: &'a Rules,
        route: &'a RouteMetrics,
        peer: Peer<'a>,
        head: &'a Parts,
        hold: Hold,
    ) -> Self {
        let began = Instant::now();
        let request_id = request_id(rules.request_id, &head.headers);
        let beginning = beginning(head, route, &request_id);
        Self {
            origin: Origin {
                trace: Trace::begin(rules.tracing, &head.headers, &beginning),
                request_id,
                hold,
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

    /// Which operation it is.
    pub(super) fn operation(&self, prepared: &Arc<Prepared>) {
        self.origin.trace.operation(prepared.document());
        if self.rules.tells_operation {
            // A request has one operation.
            let _ = self.operation.set(Arc::clone(prepared));
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

    /// Has it hold its place, if there is one.
    pub(super) fn take_place(&self, priority: Priority) -> Result<(), Refusal> {
        self.origin.hold.take(priority)
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
        self.origin.hold.give_back();
        let took = self.began.elapsed();
        let consumer = self.consumer.get();
        let route = self.route.of(consumer.map(Arc::as_ref));
        route.request(&self.head.method, status, error, took);
        let trace = &self.origin.trace;
        trace.end(status.as_u16(), error.map(Code::name));
        if let Some(metrics) = &self.rules.stages {
            self.stages.end(self.began, metrics);
        }
        let mut trace_id = trace.sampled_id();
        if trace_id.is_none() && self.rules.traces_failure(status, error) {
            trace_id = self.trace_afterwards(status, error);
        }
        let end = End {
            status,
            error,
            took,
            trace_id,
        };
        let told = &self.rules.told;
        if told
            .slow_threshold
            .is_some_and(|threshold| took >= threshold)
        {
            tell!(
                self,
                &end,
                warn,
                "graphway::slow",
                "a request took long",
                stages = self.stages.told()
            );
        }
        if told.access {
            tell!(self, &end, info, "graphway::access", "request");
        }
    }
}

impl Observation<'_> {
    /// What a client says in a header of itself, if it can be shown.
    fn client_says(&self, header: &Name) -> Option<&str> {
        let said = self.head.headers.get(&header.0)?.to_str().ok()?;
        (said.len() <= CLIENT_BYTES_MAX).then_some(said)
    }

    /// Makes the trace of a request that was not sampled, now that it has failed. Its id, if it is to be seen.
    #[cold]
    fn trace_afterwards(&self, status: StatusCode, error: Option<Code>) -> Option<u128> {
        let Origin {
            request_id, trace, ..
        } = &self.origin;
        let beginning = beginning(self.head, self.route, request_id);
        let trace = trace.afterwards(&beginning, self.began, self.stages.passed())?;
        if let Some(prepared) = self.operation.get() {
            trace.operation(prepared.document());
        }
        let costs = [
            ("cost.estimated", &self.estimated),
            ("cost.actual", &self.cost),
        ];
        for (field, cost) in costs {
            if let Some(cost) = cost.get() {
                trace.cost(field, *cost);
            }
        }
        trace.end(status.as_u16(), error.map(Code::name));
        trace.sampled_id()
    }
}

/// How a request ended.
struct End {
    status: StatusCode,
    error: Option<Code>,
    took: Duration,
    /// If there is a trace to be seen.
    trace_id: Option<u128>,
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

/// What is known of a request at once.
fn beginning<'a>(
    head: &'a Parts,
    route: &'a RouteMetrics,
    request_id: &'a HeaderValue,
) -> Beginning<'a> {
    Beginning {
        method: known(&head.method),
        path: shown(head.uri.path()),
        route: route.route(),
        request_id: text(request_id),
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
