//! Sends spans to an OTLP collector, in batches, over gRPC or HTTP.
//!
//! The protocol is written by hand on the HTTP client that is here anyway: it is one message and one call. A batch that
//! cannot be sent is lost: traces are not worth memory or retries that add load where something fails already. What was
//! lost is told now and then.

mod messages;
mod send;

pub(super) use messages::{KeyValue, Span, SpanKind, Status, StatusCode, Value};
pub use send::ClientError;
pub(super) use send::Sender;

use super::{BatchProcessor, TraceSettings};
use messages::{
    ExportTraceServiceRequest, InstrumentationScope, Resource, ResourceSpans, ScopeSpans,
};
use std::{
    future::Future,
    mem,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};

/// How often failures are told.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(60);
/// How long the last batches may take when the process ends.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(2);

/// Takes spans out of a queue and sends them.
pub(super) struct Exporter {
    pub(super) queue: mpsc::Receiver<Span>,
    /// Spans that did not fit into the queue.
    pub(super) dropped: Arc<AtomicU64>,
    pub(super) sender: Sender,
    pub(super) batching: BatchProcessor,
    pub(super) service: TraceSettings,
}

impl Exporter {
    /// Exports until `stop` resolves, then what is left in the queue.
    pub(super) async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut complaints = Complaints::default();
        let mut stop = pin!(stop);
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                () = gather(&mut self.queue, &mut batch, &self.batching) => {}
                () = &mut stop => break,
            }
            let mut sending = pin!(self.send(mem::take(&mut batch)));
            let sent = tokio::select! {
                sent = &mut sending => sent,
                () = &mut stop => {
                    // Nobody is left to be told how the last ones go.
                    let _ = timeout(FAREWELL_TIMEOUT / 2, sending).await;
                    break;
                }
            };
            complaints.note(sent, &self);
        }
        self.queue.close();
        let _ = timeout(FAREWELL_TIMEOUT / 2, self.send_rest(batch)).await;
    }

    /// Sends what is left in a closed queue, as long as somebody takes it.
    async fn send_rest(&mut self, mut batch: Vec<Span>) {
        let most = self.batching.max_export_batch_size.get();
        while !batch.is_empty() || self.queue.recv_many(&mut batch, most).await > 0 {
            if self.send(mem::take(&mut batch)).await.is_err() {
                return;
            }
        }
    }

    async fn send(&self, spans: Vec<Span>) -> Result<(), Lost> {
        let count = spans.len() as u64;
        let request = self.request(spans);
        let sending = self.sender.send(&request);
        let outcome = timeout(self.batching.max_export_timeout, sending).await;
        let reason = match outcome {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_) => "no answer in time".to_owned(),
        };
        Err(Lost { count, reason })
    }

    fn request(&self, spans: Vec<Span>) -> ExportTraceServiceRequest {
        let text = |key, value: &str| KeyValue::new(key, Value::Text(value.to_owned()));
        let resource = Resource {
            attributes: vec![
                text("service.name", &self.service.service_name),
                text("service.version", &self.service.service_version),
            ],
        };
        let scope = InstrumentationScope {
            name: "graphway".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(resource),
                scope_spans: vec![ScopeSpans {
                    scope: Some(scope),
                    spans,
                }],
            }],
        }
    }
}

/// Waits for a first span, and then for others as long as that one may wait. What it has so far is in `batch`, also
/// when it is dropped before its end.
async fn gather(
    queue: &mut mpsc::Receiver<Span>,
    batch: &mut Vec<Span>,
    batching: &BatchProcessor,
) {
    if queue.recv_many(batch, 1).await == 0 {
        // The sender lives as long as the process; without one there is nothing to wait for.
        std::future::pending::<()>().await;
    }
    let most = batching.max_export_batch_size.get();
    let due = Instant::now() + batching.scheduled_delay;
    while batch.len() < most {
        let room = most - batch.len();
        let more = timeout_at(due, queue.recv_many(batch, room)).await;
        if more.is_err() {
            return;
        }
    }
}

/// Spans that were not sent.
struct Lost {
    count: u64,
    reason: String,
}

/// What went wrong since it was last told.
#[derive(Default)]
struct Complaints {
    lost: u64,
    told: Option<Instant>,
}

impl Complaints {
    fn note(&mut self, sent: Result<(), Lost>, exporter: &Exporter) {
        let dropped = exporter.dropped.swap(0, Ordering::Relaxed);
        self.lost += dropped;
        let reason = match sent {
            Err(lost) => {
                self.lost += lost.count;
                lost.reason
            }
            Ok(()) => "the queue was full".to_owned(),
        };
        let quiet = self
            .told
            .is_some_and(|told| told.elapsed() < COMPLAINT_INTERVAL);
        if self.lost == 0 || quiet {
            return;
        }
        tracing::warn!(
            collector = %exporter.sender.target(),
            spans = self.lost,
            reason,
            "spans were lost; requests are not affected"
        );
        *self = Self {
            lost: 0,
            told: Some(Instant::now()),
        };
    }
}
