//! Metrics on their way to a collector, as often as the configuration says.
//!
//! Nothing is queued: what is sent is what has been counted by then, so a collector that was away misses no more than the
//! times between. What it has taken is remembered for each series, since `delta` tells the difference to that.

use super::{
    FAREWELL_TIMEOUT,
    complaints::{Complaints, Lost},
    messages::{ExportMetricsServiceRequest, ResourceMetrics, ScopeMetrics},
    points::{Point, Series, message, since},
    resource, scope,
    send::Sender,
};
use crate::telemetry::{
    Collector, Measurements, Metrics, Temporality,
    collector::Signal,
    otlp::ClientError,
    registry::{Snapshot, Value},
};
use std::{
    collections::BTreeMap,
    future::{Future, pending},
    pin::pin,
    sync::Arc,
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

/// Series in a message: what collectors take at once is some megabytes.
const SERIES_MAX: usize = 2000;

/// Where metrics are sent to, and how.
pub(in crate::telemetry) struct Push {
    settings: Metrics,
    sender: Sender,
}

/// Sends what is measured, again and again.
pub(in crate::telemetry) struct MetricExporter {
    measurements: Measurements,
    /// What the collector has taken, and when that was read.
    taken: BTreeMap<Series, (u64, Value)>,
    complaints: Complaints,
}

impl Push {
    /// What these settings ask for. None: nothing.
    pub(in crate::telemetry) fn new(settings: &Metrics) -> Result<Option<Self>, ClientError> {
        let otlp = &settings.otlp;
        if !otlp.enabled {
            return Ok(None);
        }
        let target = Collector::target(otlp.endpoint.as_ref(), otlp.protocol, Signal::Metrics);
        Ok(Some(Self {
            settings: settings.clone(),
            sender: Sender::new(target, otlp.protocol)?,
        }))
    }
}

/// By the settings: they say all.
impl PartialEq for Push {
    fn eq(&self, other: &Self) -> bool {
        self.settings == other.settings
    }
}

impl MetricExporter {
    pub(in crate::telemetry) fn new(measurements: Measurements) -> Self {
        Self {
            measurements,
            taken: BTreeMap::new(),
            complaints: Complaints::about("metrics were not taken"),
        }
    }

    /// Exports by the latest settings until `stop` resolves, and then once more.
    pub(in crate::telemetry) async fn run(
        mut self,
        mut settings: watch::Receiver<Option<Arc<Push>>>,
        stop: impl Future<Output = ()>,
    ) {
        let mut stop = pin!(stop);
        loop {
            let push = settings.borrow_and_update().clone();
            tokio::select! {
                () = due(push.as_deref()) => {}
                () = changed(&mut settings) => continue,
                () = &mut stop => break,
            }
            let Some(push) = push else { continue };
            let mut exporting = pin!(self.export(&push));
            tokio::select! {
                () = &mut exporting => {}
                () = &mut stop => {
                    // To send it twice might count it twice.
                    let _ = timeout(FAREWELL_TIMEOUT / 2, exporting).await;
                    break;
                }
            }
        }
        let push = settings.borrow().clone();
        if let Some(push) = push {
            let _ = timeout(FAREWELL_TIMEOUT / 2, self.export(&push)).await;
        }
    }

    /// Sends everything as it is now.
    async fn export(&mut self, push: &Push) {
        let Snapshot { began, at, metrics } = self.measurements.read();
        let temporality = push.settings.otlp.temporality;
        let mut points = Vec::new();
        for metric in &metrics {
            for (labels, value) in &metric.points {
                let series = (Arc::clone(&metric.name), Arc::clone(labels));
                let mut point = Point {
                    metric,
                    series,
                    began,
                    at,
                    value: value.clone(),
                };
                if temporality == Temporality::Delta
                    && let Some((before, taken)) = self.taken.get(&point.series)
                {
                    let Some(more) = since(value, taken) else {
                        continue;
                    };
                    (point.began, point.value) = (*before, more);
                }
                points.push((point, value));
            }
        }
        for points in points.chunks(SERIES_MAX) {
            let request = request(push, points.iter().map(|(point, _)| point));
            let timeout = push.settings.otlp.batch_processor.max_export_timeout;
            let lost = match push.sender.send(&request, timeout).await {
                Ok(rejected) => {
                    let taken = points.iter().map(|(point, value)| {
                        let (name, labels) = &point.series;
                        let series = (Arc::clone(name), Arc::clone(labels));
                        (series, (at, Value::clone(value)))
                    });
                    self.taken.extend(taken);
                    rejected
                }
                Err(reason) => Some(Lost {
                    count: points.len() as u64,
                    reason,
                }),
            };
            if let Some(lost) = lost {
                self.complaints.note(&lost, push.sender.target());
            }
        }
    }
}

fn request<'a>(
    push: &Push,
    points: impl Iterator<Item = &'a Point<'a>>,
) -> ExportMetricsServiceRequest {
    let points: Vec<&Point<'_>> = points.collect();
    let of_one = points.chunk_by(|one, next| one.series.0 == next.series.0);
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource(&push.settings.common)),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(scope()),
                metrics: of_one
                    .map(|points| message(points, push.settings.otlp.temporality))
                    .collect(),
            }],
        }],
    }
}

/// Resolves when it is time to send.
async fn due(push: Option<&Push>) {
    match push {
        Some(push) => sleep(push.settings.otlp.batch_processor.scheduled_delay).await,
        None => pending().await,
    }
}

/// Resolves when there are other settings.
async fn changed(settings: &mut watch::Receiver<Option<Arc<Push>>>) {
    if settings.changed().await.is_err() {
        // There will be no others.
        pending().await
    }
}
