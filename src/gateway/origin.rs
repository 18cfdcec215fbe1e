//! What those who are called learn of the request they are called for: its id, and its place in a trace.

use super::{
    calls::Callee,
    request_id::X_REQUEST_ID,
    trace::{Fetch, Stage, Trace},
    trace_context::{TRACEPARENT, TRACESTATE},
};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Where a call comes from.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) request_id: HeaderValue,
    pub(super) trace: Trace,
}

/// Headers that differ from one request to the next and change no answer.
const HEADERS: [HeaderName; 3] = [X_REQUEST_ID, TRACEPARENT, TRACESTATE];

impl Origin {
    /// Whether a header is one of those that tell of the origin.
    pub(super) fn is_told_in(name: &HeaderName) -> bool {
        HEADERS.contains(name)
    }

    /// A call begins; its headers tell who asks.
    pub(super) fn fetch(
        &self,
        stage: &Stage,
        callee: Callee<'_>,
        headers: &mut HeaderMap,
    ) -> Fetch {
        headers.insert(X_REQUEST_ID, self.request_id.clone());
        self.trace.fetch(stage, callee, headers)
    }

    /// No call begins: another request has made it already, and its answer is waited for.
    pub(super) fn join(&self, stage: &Stage, callee: Callee<'_>) -> Fetch {
        self.trace.join(stage, callee)
    }
}
