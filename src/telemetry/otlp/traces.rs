//! Spans on their way to a collector, in batches.
//!
//! A batch that cannot be sent is lost: traces are not worth memory or retries that add load where something fails
//! already.

use super::{
    FAREWELL_TIMEOUT,
    complaints::{Complaints, Lost},
    messages::{ExportTraceServiceRequest, ResourceSpans, ScopeSpans, Span},
    resource, scope,
    send::Sender,
};
use crate::telemetry::{BatchProcessor, Service};
use std::{
    future::Future,
    mem,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};

/// Takes spans out of a queue and sends them.
pub(in crate::telemetry) struct TraceExporter {
    pub(in crate::telemetry) queue: mpsc::Receiver<Span>,
    /// Spans that did not fit into the queue.
    pub(in crate::telemetry) dropped: Arc<AtomicU64>,
    pub(in crate::telemetry) sender: Sender,
    pub(in crate::telemetry) batching: BatchProcessor,
    pub(in crate::telemetry) service: Service,
}

impl TraceExporter {
    /// Exports until `stop` resolves, then what is left in the queue.
    pub(in crate::telemetry) async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut complaints = Complaints::about("spans were lost");
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
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            let mut lost = sent.err().unwrap_or_else(|| Lost {
                count: 0,
                reason: "the queue was full".to_owned(),
            });
            lost.count += dropped;
            complaints.note(&lost, self.sender.target());
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
        let sent = self.sender.send(&request, self.batching.max_export_timeout);
        match sent.await {
            Ok(None) => Ok(()),
            Ok(Some(rejected)) => Err(rejected),
            Err(reason) => Err(Lost { count, reason }),
        }
    }

    fn request(&self, spans: Vec<Span>) -> ExportTraceServiceRequest {
        ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(resource(&self.service)),
                scope_spans: vec![ScopeSpans {
                    scope: Some(scope()),
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
