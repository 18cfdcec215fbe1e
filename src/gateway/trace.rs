//! The spans of one request, if it is sampled or fails.
//!
//! A span here is a `tracing` span under [`TARGET`] that carries its own ids as fields; whoever exports spans listens
//! for them. A request that is not sampled makes none: what it costs is reading one header and two random numbers. Those
//! of one that fails are made when it is over, of what was timed anyway.

use super::{
    b3,
    calls::{Callee, FailedCall, FailedCalls},
    trace_context::TraceContext,
};
use crate::operation::Document;
use http::HeaderMap;
use std::{
    num::NonZero,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tracing::{Span, field::Empty};

/// The stages that others are called in.
const CALLING: [&str; 2] = ["execute", "forward"];
/// What the spans of traces are called among all others. The exporter in `telemetry` goes by the same name.
const TARGET: &str = "graphway::trace";

/// Which requests are traced: `telemetry.exporters.tracing`, as far as it is the gateway's to decide.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    /// The part of all requests, from 0 to 1, that is traced. None: nothing is exported, so nothing is traced; the
    /// context of a client is passed on to subgraphs as it came.
    pub ratio: Option<f64>,
    /// Requests that fail are traced even if they are not sampled, so many in a second. None: they are not.
    pub errors_per_second: Option<NonZero<u32>>,
    /// Whether a client that says if it is sampled decides for its requests.
    pub parent_based: bool,
    /// Whether W3C Trace Context of clients is read.
    pub trace_context: bool,
    /// Whether B3 headers are read where there is none of that.
    pub zipkin: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ratio: None,
            errors_per_second: None,
            parent_based: false,
            trace_context: true,
            zipkin: false,
        }
    }
}

/// The trace that a request belongs to.
#[derive(Clone)]
pub(super) struct Trace {
    /// What subgraphs are told, with the request's own span as the parent. None: nothing.
    context: Option<TraceContext>,
    /// The client's span that this is a part of.
    parent: Option<u64>,
    span: Span,
    /// None: nobody wants to know of them, or they are traced like all others.
    failed_calls: Option<FailedCalls>,
}

/// A part of a request. It ends when it is dropped, and so are its copies.
#[derive(Clone)]
pub(super) struct Stage {
    span: Span,
    span_id: u64,
}

/// A call. It ends when it is dropped.
pub(super) struct Fetch(Span);

/// What is known of a request when it begins.
pub(super) struct Beginning<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) route: &'a str,
    pub(super) request_id: &'a str,
}

impl Trace {
    /// Begins the trace of a request, or its part of one that began elsewhere.
    pub(super) fn begin(config: Config, client: &HeaderMap, beginning: &Beginning<'_>) -> Self {
        let said = TraceContext::read(client).filter(|_| config.trace_context);
        let said = said.map(|parent| (parent, true));
        let said = said.or_else(|| b3::read(client).filter(|_| config.zipkin));
        let (parent, is_decided) = said.map_or((None, false), |(parent, is_decided)| {
            (Some(parent), is_decided)
        });
        let Some(ratio) = config.ratio else {
            return Self {
                context: parent,
                parent: None,
                span: Span::none(),
                failed_calls: None,
            };
        };
        let trace_id = parent
            .as_ref()
            .map_or_else(|| fastrand::u128(1..), |parent| parent.trace_id);
        let sampled = match &parent {
            Some(parent) if config.parent_based && is_decided => parent.sampled,
            _ => is_in(ratio, trace_id),
        };
        let span_id = fastrand::u64(1..);
        let (parent, state) = match parent {
            Some(parent) => (Some(parent.span_id), parent.state),
            None => (None, None),
        };
        let context = TraceContext {
            trace_id,
            span_id,
            sampled,
            state,
        };
        let is_watched = config.errors_per_second.is_some() && !sampled;
        Self {
            span: match sampled {
                true => request_span(&context, parent, beginning),
                false => Span::none(),
            },
            context: Some(context),
            parent,
            failed_calls: is_watched.then(FailedCalls::default),
        }
    }

    /// The trace of a request that was not sampled and has failed, `began` until now. Its spans are complete, but for
    /// what is noted of the request yet. `stages` are those it passed through, each with when it began after the
    /// request did and how long it took. None: nobody wants to see it.
    pub(super) fn afterwards(
        &self,
        beginning: &Beginning<'_>,
        began: Instant,
        stages: impl Iterator<Item = (&'static str, Duration, Duration)>,
    ) -> Option<Self> {
        let (context, failed_calls) = (self.context.as_ref()?, self.failed_calls.as_ref()?);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        let start = since.saturating_sub(began.elapsed());
        let times = |span: &Span, from: Duration, to: Duration| {
            span.record("trace.began", nanoseconds(start + from));
            span.record("trace.ended", nanoseconds(start + to));
        };
        let span = request_span(context, self.parent, beginning);
        times(&span, Duration::ZERO, began.elapsed());
        span.record("sampled.by", "error");
        // Without stages, calls are part of the request itself.
        let mut caller = Stage {
            span: Span::none(),
            span_id: context.span_id,
        };
        for (name, from, took) in stages {
            let stage = stage_span(context, name);
            times(&stage.span, from, from + took);
            if CALLING.contains(&name) {
                caller.span_id = stage.span_id;
            }
        }
        for call in failed_calls.take() {
            let FailedCall {
                began: from,
                ended: to,
                seen,
                ..
            } = call;
            let ids = (context.trace_id, fastrand::u64(1..));
            let fetch = Fetch(fetch_span(ids, &caller, call.callee()));
            times(
                &fetch.0,
                from.saturating_duration_since(began),
                to.saturating_duration_since(began),
            );
            fetch.ended(seen);
        }
        Some(Self {
            context: Some(context.clone()),
            parent: self.parent,
            span,
            failed_calls: None,
        })
    }

    /// Whether somebody wants to know of calls that fail, beside their spans.
    pub(super) fn watches_calls(&self) -> bool {
        self.failed_calls.is_some()
    }

    /// Notes how a call ended, for [`Trace::afterwards`].
    pub(super) fn note(&self, callee: Callee<'_>, began: Instant, seen: Result<u16, &'static str>) {
        if let Some(failed_calls) = &self.failed_calls
            && !seen.is_ok_and(|status| status < 400)
        {
            failed_calls.add(callee, began, seen);
        }
    }

    /// The trace's id, if the request is sampled.
    pub(super) fn sampled_id(&self) -> Option<u128> {
        let context = self.context.as_ref()?;
        (!self.span.is_none()).then_some(context.trace_id)
    }

    /// Begins a stage.
    pub(super) fn stage(&self, name: &'static str) -> Stage {
        match (&self.context, self.sampled_id()) {
            (Some(context), Some(_)) => stage_span(context, name),
            _ => Stage {
                span: Span::none(),
                span_id: 0,
            },
        }
    }

    /// Begins a call within a stage, and tells whom it is for about it.
    pub(super) fn fetch(
        &self,
        stage: &Stage,
        callee: Callee<'_>,
        headers: &mut HeaderMap,
    ) -> Fetch {
        let Some(context) = &self.context else {
            return Fetch(Span::none());
        };
        if stage.span.is_none() {
            context.write(context.span_id, headers);
            return Fetch(Span::none());
        }
        let span_id = fastrand::u64(1..);
        context.write(span_id, headers);
        Fetch(fetch_span((context.trace_id, span_id), stage, callee))
    }

    /// Begins to wait, within a stage, for a call that another request has made.
    pub(super) fn join(&self, stage: &Stage, callee: Callee<'_>) -> Fetch {
        match &self.context {
            Some(context) if !stage.span.is_none() => {
                let ids = (context.trace_id, fastrand::u64(1..));
                let span = fetch_span(ids, stage, callee);
                span.record("deduplicated", true);
                Fetch(span)
            }
            _ => Fetch(Span::none()),
        }
    }

    /// Notes which operation it is.
    pub(super) fn operation(&self, document: &Document) {
        let kind = tracing::field::display(document.kind());
        self.span.record("graphql.operation.type", kind);
        if let Some(name) = document.name() {
            self.span.record("graphql.operation.name", name);
        }
    }

    /// Notes what the operation costs.
    pub(super) fn cost(&self, field: &'static str, cost: f64) {
        self.span.record(field, cost);
    }

    /// Notes that another request is executed, and this one gets its response.
    pub(super) fn deduplicated(&self) {
        self.span.record("deduplicated", true);
    }

    /// Notes how the request ended.
    pub(super) fn end(&self, status: u16, error: Option<&str>) {
        self.span.record("http.response.status_code", status);
        if let Some(error) = error {
            self.span.record("error.type", error);
        }
        if status >= 500 {
            self.span.record("trace.failed", true);
        }
    }
}

impl Stage {
    /// Ends this stage and begins the next.
    pub(super) fn next(&mut self, trace: &Trace, name: &'static str) {
        // The one before ends first, or they would overlap.
        self.span = Span::none();
        *self = trace.stage(name);
    }
}

impl Fetch {
    /// Notes the status of the answer, or the kind of reason why there is none.
    pub(super) fn ended(&self, seen: Result<u16, &str>) {
        match seen {
            Ok(status) => {
                self.0.record("http.response.status_code", status);
                if status >= 400 {
                    self.0.record("trace.failed", true);
                }
            }
            Err(reason) => {
                self.0.record("error.type", reason);
                self.0.record("trace.failed", true);
            }
        }
    }
}

fn request_span(context: &TraceContext, parent: Option<u64>, beginning: &Beginning<'_>) -> Span {
    let Beginning {
        method,
        path,
        route,
        request_id,
    } = beginning;
    let state = context.state.as_ref();
    let state = state.and_then(|state| state.to_str().ok());
    tracing::info_span!(
        target: TARGET,
        parent: None,
        "request",
        trace.id = context.trace_id,
        trace.span = context.span_id,
        trace.parent = parent,
        trace.state = state,
        trace.began = Empty,
        trace.ended = Empty,
        trace.kind = "server",
        trace.name = format_args!("{method} {route}"),
        trace.failed = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        url.path = path,
        graphql.operation.type = Empty,
        graphql.operation.name = Empty,
        cost.estimated = Empty,
        cost.actual = Empty,
        deduplicated = Empty,
        error.type = Empty,
        request.id = request_id,
        sampled.by = Empty,
    )
}

fn stage_span(context: &TraceContext, name: &'static str) -> Stage {
    let span_id = fastrand::u64(1..);
    let span = tracing::info_span!(
        target: TARGET,
        parent: None,
        "stage",
        trace.id = context.trace_id,
        trace.span = span_id,
        trace.parent = context.span_id,
        trace.began = Empty,
        trace.ended = Empty,
        trace.name = name,
    );
    Stage { span, span_id }
}

fn fetch_span((trace_id, span_id): (u128, u64), stage: &Stage, callee: Callee<'_>) -> Span {
    let (name, method) = match callee {
        Callee::Subgraph(name) => (name, "POST"),
        Callee::Upstream(name, method) => (name, method),
    };
    let span = tracing::info_span!(
        target: TARGET,
        parent: None,
        "fetch",
        trace.id = trace_id,
        trace.span = span_id,
        trace.parent = stage.span_id,
        trace.began = Empty,
        trace.ended = Empty,
        trace.kind = "client",
        trace.name = format_args!("fetch {name}"),
        trace.failed = Empty,
        subgraph.name = Empty,
        upstream.name = Empty,
        deduplicated = Empty,
        http.request.method = method,
        http.response.status_code = Empty,
        error.type = Empty,
    );
    let kind = match callee {
        Callee::Subgraph(_) => "subgraph.name",
        Callee::Upstream(..) => "upstream.name",
    };
    span.record(kind, name);
    span
}

/// As spans have it.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Whether a trace is in this part of all traces. It depends on its id alone, so that all who see it agree.
fn is_in(ratio: f64, trace_id: u128) -> bool {
    const ALL: f64 = (1_u64 << 63) as f64;
    ((trace_id as u64 >> 1) as f64) < ratio * ALL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_that_of_all_traces() {
        let mut random = fastrand::Rng::with_seed(7);
        let sampled = |ratio: f64, random: &mut fastrand::Rng| {
            (0..10_000)
                .filter(|_| is_in(ratio, random.u128(1..)))
                .count()
        };
        assert_eq!(sampled(0.0, &mut random), 0);
        assert_eq!(sampled(1.0, &mut random), 10_000);
        let tenth = sampled(0.1, &mut random);
        assert!((900..1100).contains(&tenth), "{tenth}");
    }
}
