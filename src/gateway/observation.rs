//! One request as logs, metrics and traces see it.
//!
//! It begins before the first stage and ends with the response. Stages tell it what they learn; none asks it anything
//! but the ids that subgraphs are told. What it writes holds no header, no query, no variables and no query string:
//! those carry secrets.

use super::{
    Body, Code, Peer,
    authentication::Caller,
    consumers::Consumer,
    errors::FirstError,
    metrics::{RouteMetrics, known},
    origin::Origin,
    request_id::{self, X_REQUEST_ID, request_id},
    trace::{self, Beginning, Stage, Trace},
};
use crate::operation::OperationKind;
use http::{HeaderValue, Response, StatusCode, request::Parts};
use std::{
    sync::{Arc, OnceLock},
    thread,
    time::Instant,
};

/// What logs show of a longer path.
const PATH_BYTES_MAX: usize = 1024;
/// The status that is counted when a client leaves before its response. It is never sent; the number is nginx's.
const CLIENT_LEFT: u16 = 499;

/// What is observed, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) request_id: request_id::Config,
    pub(super) tracing: trace::Config,
    pub(super) access_log: bool,
}

/// A request under observation.
pub(super) struct Observation<'a> {
    rules: Rules,
    head: &'a Parts,
    route: &'a RouteMetrics,
    peer: Peer<'a>,
    origin: Origin,
    operation: OnceLock<Operation>,
    consumer: OnceLock<Arc<Consumer>>,
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
        rules: Rules,
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
            consumer: OnceLock::new(),
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

    /// The first stage begins.
    pub(super) fn stage(&self, name: &'static str) -> Stage {
        self.origin.trace.stage(name)
    }

    /// A stage ends and the next one begins.
    pub(super) fn next(&self, stage: &mut Stage, name: &'static str) {
        stage.next(&self.origin.trace, name);
    }

    /// Which operation it is. The name is one of a valid document.
    pub(super) fn operation(&self, kind: OperationKind, name: Option<&str>) {
        self.origin.trace.operation(kind, name);
        if self.rules.access_log {
            let name = name.map(Arc::from);
            // A request has one operation.
            let _ = self.operation.set(Operation { kind, name });
        }
    }

    /// Who sends it, if it is somebody with a name.
    pub(super) fn caller(&self, caller: &Caller) {
        if let Some(consumer) = caller.consumer() {
            // A request has one caller.
            let _ = self.consumer.set(Arc::clone(consumer));
        }
    }

    /// What calls tell of it.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The request ends with this response, which is marked with the request's id.
    pub(super) fn end(mut self, mut response: Response<Body>) -> Response<Body> {
        response
            .headers_mut()
            .insert(X_REQUEST_ID, self.origin.request_id.clone());
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
        if !self.rules.access_log {
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
            operation_kind = operation.map(|operation| tracing::field::display(operation.kind)),
            operation_name = operation.and_then(|operation| operation.name.as_deref()),
            error = error.map(Code::name),
            "request"
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
