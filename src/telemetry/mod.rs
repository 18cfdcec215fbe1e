//! Where what happens is written to: the log, Prometheus, an OTLP collector.
//!
//! Lower layers only emit: `tracing` events and spans, `metrics` counters. This layer sends them somewhere, from a
//! thread of its own, so that neither a scrape nor a collector that does not answer takes time from requests.

mod collector;
mod config;
mod exposition;
mod log;
mod measurements;
mod otlp;
mod prometheus;
mod registry;
mod spans;

pub use collector::{Collector, Protocol};
pub use config::{
    BatchProcessor, Config, Format, Logging, Metrics, MetricsOtlp, Otlp, Prometheus, Sampler,
    Schedule, Service, Stdout, Temporality, TraceSettings, Tracing,
};
pub use log::FilterError;
pub use otlp::ClientError;
pub use prometheus::PrometheusError;
pub use registry::Registry;

use collector::Signal;
use measurements::Measurements;
use otlp::{MetricExporter, Push, TraceExporter};
use prometheus::Scraped;
use std::{
    io,
    sync::{Arc, atomic::AtomicU64},
    thread::{self, JoinHandle},
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::{
    runtime,
    sync::{mpsc, watch},
    task::LocalSet,
};
use tracing_subscriber::{Layer, filter::filter_fn, layer::SubscriberExt, util::SubscriberInitExt};

/// Why telemetry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Filter(#[from] FilterError),
    #[error(transparent)]
    Prometheus(#[from] PrometheusError),
    #[error(transparent)]
    Collector(#[from] ClientError),
    #[error("cannot start the telemetry thread: {0}")]
    Thread(#[from] io::Error),
}

/// Everything is recorded and nothing exported yet.
pub struct Recording {
    traces: Option<TraceExporter>,
    /// None: nobody looks at metrics.
    registry: Option<Arc<Registry>>,
    scraped: Option<Scraped>,
    pushing: Pushing,
    pushed: Pushed,
}

/// Where metrics are sent to now.
type Pushed = watch::Receiver<Option<Arc<Push>>>;

/// Changes where metrics are sent to.
#[derive(Clone)]
pub struct Pushing(watch::Sender<Option<Arc<Push>>>);

/// Where metrics are to be sent to. Nothing has changed yet.
pub struct Prepared(Option<Arc<Push>>);

/// The thread that exports. When this is dropped, what is left is sent and the thread ends.
pub struct Exporting {
    pushing: Pushing,
    thread: Option<(watch::Sender<()>, JoinHandle<()>)>,
}

/// Logs to standard output as far as `filter` lets it through, and records metrics and spans from now on. The first
/// call in a process decides.
pub fn record(config: &Config, filter: &str) -> Result<Recording, StartError> {
    let Config {
        logging,
        metrics,
        tracing,
    } = config;
    let log = log::layer(&logging.stdout, filter)?;
    let (spans, traces) = match tracing.otlp.enabled.then(|| traces(tracing)).transpose()? {
        Some((spans, exporter)) => (Some(spans), Some(exporter)),
        None => (None, None),
    };
    let spans = spans.map(|spans| {
        spans.with_filter(filter_fn(|metadata| {
            metadata.is_span() && metadata.target() == spans::TARGET
        }))
    });
    // It fails only where a subscriber is set already (several routers in one test process).
    let _ = tracing_subscriber::registry()
        .with(log)
        .with(spans)
        .try_init();
    let prometheus = &metrics.prometheus;
    let scraped = prometheus.enabled.then(|| Scraped::bind(prometheus));
    let (pushing, pushed) = watch::channel(Push::new(metrics)?.map(Arc::new));
    Ok(Recording {
        traces,
        registry: metrics.are_recorded().then(measure),
        scraped: scraped.transpose()?,
        pushing: Pushing(pushing),
        pushed,
    })
}

/// Measures from now on.
fn measure() -> Arc<Registry> {
    let registry = Arc::new(Registry::default());
    if metrics::set_global_recorder(Arc::clone(&registry)).is_err() {
        tracing::warn!("metrics are recorded elsewhere already");
    }
    registry
}

fn traces(tracing: &Tracing) -> Result<(spans::Spans, TraceExporter), ClientError> {
    let Otlp {
        endpoint,
        protocol,
        batch_processor,
        ..
    } = &tracing.otlp;
    let (sender, queue) = mpsc::channel(batch_processor.max_queue_size.get());
    let dropped = Arc::new(AtomicU64::new(0));
    let target = Collector::target(endpoint.as_ref(), *protocol, Signal::Traces);
    let exporter = TraceExporter {
        queue,
        dropped: Arc::clone(&dropped),
        sender: otlp::Sender::new(target, *protocol)?,
        batching: batch_processor.clone(),
        service: tracing.common.service(),
    };
    Ok((spans::Spans::new(sender, dropped), exporter))
}

impl Recording {
    /// Begins to export. `refresh` is called before metrics are read, to bring gauges up to date.
    pub fn export(
        self,
        refresh: impl Fn() + Send + Sync + 'static,
    ) -> Result<Exporting, StartError> {
        let Self {
            traces,
            registry,
            scraped,
            pushing,
            pushed,
        } = self;
        if traces.is_none() && registry.is_none() {
            let thread = None;
            return Ok(Exporting { pushing, thread });
        }
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = watch::channel(());
        let measurements = registry.map(|registry| Measurements::new(registry, refresh));
        let work = async move {
            if let (Some(scraped), Some(measurements)) = (scraped, &measurements) {
                tokio::task::spawn_local(scraped.serve(measurements.clone()));
            }
            let metrics = async {
                if let Some(measurements) = measurements {
                    let exporter = MetricExporter::new(measurements);
                    exporter.run(pushed, end(stopped.clone())).await;
                }
            };
            let traces = async {
                if let Some(exporter) = traces {
                    exporter.run(end(stopped.clone())).await;
                }
            };
            tokio::join!(metrics, traces);
        };
        let thread = thread::Builder::new()
            .name("telemetry".to_owned())
            .spawn(move || LocalSet::new().block_on(&runtime, work))?;
        let thread = Some((stop, thread));
        Ok(Exporting { pushing, thread })
    }
}

/// Resolves when the process ends, which drops the other half.
async fn end(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}

impl Exporting {
    /// What changes where metrics are sent to while the router runs.
    pub fn pushing(&self) -> Pushing {
        self.pushing.clone()
    }
}

impl Pushing {
    /// Finds out whether metrics can be sent so.
    pub fn prepare(&self, config: &Config) -> Result<Prepared, ClientError> {
        Ok(Prepared(Push::new(&config.metrics)?.map(Arc::new)))
    }

    /// Sends them so from now on. What was counted stays.
    pub fn take(&self, prepared: Prepared) {
        self.0.send_if_modified(|current| {
            let is_other = *current != prepared.0;
            if is_other {
                *current = prepared.0;
            }
            is_other
        });
    }
}

/// What is measured, as Prometheus reads it.
pub fn exposition(registry: &Registry) -> String {
    exposition::text(&registry.snapshot().metrics)
}

/// Nanoseconds of Unix time.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

impl Drop for Exporting {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            drop(stop);
            // If it panicked, it has said so.
            let _ = thread.join();
        }
    }
}
