//! From `tracing` spans to OTLP spans.
//!
//! The layers below give each span its ids, so nothing is derived here from which span is inside which: a span is
//! complete when it closes, and goes into a bounded queue. When that is full, it is dropped and counted: a request
//! never waits for a collector.

use super::{
    now,
    otlp::{KeyValue, Span, SpanKind, Status, StatusCode, Value},
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::mpsc;
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

/// The spans that are exported; the gateway calls them so.
pub(super) const TARGET: &str = "graphway::trace";

/// Takes the spans of [`TARGET`] as they close.
pub(super) struct Spans {
    queue: mpsc::Sender<Span>,
    dropped: Arc<AtomicU64>,
}

impl Spans {
    /// What closes goes into this queue; what does not fit is counted.
    pub(super) fn new(queue: mpsc::Sender<Span>, dropped: Arc<AtomicU64>) -> Self {
        Self { queue, dropped }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut open = Open(Span {
            name: span.name().to_owned(),
            kind: SpanKind::Internal.into(),
            start_time_unix_nano: now(),
            ..Span::default()
        });
        attributes.record(&mut open);
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            values.record(open);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        let Some(Open(mut closed)) = span.extensions_mut().remove::<Open>() else {
            return;
        };
        if closed.end_time_unix_nano == 0 {
            closed.end_time_unix_nano = now();
        }
        if self.queue.try_send(closed).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A span that has not closed.
struct Open(Span);

impl Open {
    fn attribute(&mut self, field: &Field, value: Value) {
        self.0.attributes.push(KeyValue::new(field.name(), value));
    }
}

/// Fields of `trace.` are about the span itself, all others are its attributes.
impl Visit for Open {
    fn record_u128(&mut self, field: &Field, value: u128) {
        if field.name() == "trace.id" {
            self.0.trace_id = value.to_be_bytes().to_vec();
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "trace.span" => self.0.span_id = value.to_be_bytes().to_vec(),
            "trace.parent" => self.0.parent_span_id = value.to_be_bytes().to_vec(),
            // Of spans that are made when what they tell of is over.
            "trace.began" => self.0.start_time_unix_nano = value,
            "trace.ended" => self.0.end_time_unix_nano = value,
            _ => self.attribute(
                field,
                Value::Integer(i64::try_from(value).unwrap_or(i64::MAX)),
            ),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.attribute(field, Value::Integer(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.attribute(field, Value::Float(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "trace.failed" if value => {
                let code = StatusCode::Error.into();
                self.0.status = Some(Status { code });
            }
            "trace.failed" => self.0.status = None,
            _ => self.attribute(field, Value::Boolean(value)),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "trace.name" => self.0.name = value.to_owned(),
            "trace.state" => self.0.trace_state = value.to_owned(),
            "trace.kind" => {
                let kind = match value {
                    "server" => SpanKind::Server,
                    "client" => SpanKind::Client,
                    _ => SpanKind::Internal,
                };
                self.0.kind = kind.into();
            }
            _ => self.attribute(field, Value::Text(value.to_owned())),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
