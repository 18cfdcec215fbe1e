//! What those who are called learn of the request they are called for: its id, and its place in a trace.

use super::{
    calls::Callee,
    overload::Hold,
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
    /// The place of the request, which learns how long its calls take.
    pub(super) hold: Hold,
}

/// A call. It ends when it is dropped.
pub(super) struct Calling {
    fetch: Fetch,
    hold: Hold,
}

impl Calling {
    /// Notes the status of the answer, or the kind of reason why there is none.
    pub(super) fn ended(&self, seen: Result<u16, &str>) {
        self.hold.call_ended(seen);
        self.fetch.ended(seen);
    }
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
    ) -> Calling {
        headers.insert(X_REQUEST_ID, self.request_id.clone());
        self.hold.call_begins();
        Calling {
            fetch: self.trace.fetch(stage, callee, headers),
            hold: self.hold.clone(),
        }
    }

    /// No call begins: another request has made it already, and its answer is waited for.
    pub(super) fn join(&self, stage: &Stage, callee: Callee<'_>) -> Calling {
        Calling {
            fetch: self.trace.join(stage, callee),
            hold: Hold::default(),
        }
    }
}
