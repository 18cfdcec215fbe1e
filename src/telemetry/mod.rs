//! Where what happens is written to: the log, Prometheus, an OTLP collector.
//!
//! Lower layers only emit: `tracing` events and spans, `metrics` counters. This layer sends them somewhere, from a
//! thread of its own, so that neither a scrape nor a collector that does not answer takes time from requests.

mod collector;
mod config;
mod log;
mod otlp;
mod prometheus;
mod spans;

pub use collector::{Collector, Protocol};
pub use config::{
    BatchProcessor, Config, Exporters, Format, Logging, Metrics, Otlp, Prometheus, Sampler, Stdout,
    TraceSettings, Tracing,
};
pub use log::FilterError;
pub use otlp::ClientError;
pub use prometheus::PrometheusError;

use otlp::Exporter;
use prometheus::Scraped;
use std::{
    io,
    sync::{Arc, atomic::AtomicU64},
    thread::{self, JoinHandle},
};
use tokio::{
    runtime,
    sync::{mpsc, oneshot},
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
    scraped: Option<Scraped>,
    exporter: Option<Exporter>,
}

/// The thread that exports. When this is dropped, the last spans are sent and the thread ends.
#[derive(Debug, Default)]
pub struct Exporting(Option<(oneshot::Sender<()>, JoinHandle<()>)>);

/// Logs to standard output as far as `filter` lets it through, and records metrics and spans from now on. The first
/// call in a process decides.
pub fn record(config: &Config, filter: &str) -> Result<Recording, StartError> {
    let Exporters {
        logging,
        metrics,
        tracing,
    } = &config.exporters;
    let log = log::layer(&logging.stdout, filter)?;
    let (spans, exporter) = match tracing.otlp.enabled.then(|| traces(tracing)).transpose()? {
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
    let scraped = prometheus.enabled.then(|| Scraped::start(prometheus));
    Ok(Recording {
        scraped: scraped.transpose()?,
        exporter,
    })
}

fn traces(tracing: &Tracing) -> Result<(spans::Spans, Exporter), ClientError> {
    let Otlp {
        endpoint,
        protocol,
        batch_processor,
        ..
    } = &tracing.otlp;
    let (sender, queue) = mpsc::channel(batch_processor.max_queue_size.get());
    let dropped = Arc::new(AtomicU64::new(0));
    let target = Collector::target(endpoint.as_ref(), *protocol);
    let exporter = Exporter {
        queue,
        dropped: Arc::clone(&dropped),
        sender: otlp::Sender::new(target, *protocol)?,
        batching: batch_processor.clone(),
        service: tracing.common.clone(),
    };
    Ok((spans::Spans::new(sender, dropped), exporter))
}

impl Recording {
    /// Begins to export. `refresh` is called before each scrape, to bring gauges up to date.
    pub fn export(self, refresh: impl Fn() + Send + 'static) -> Result<Exporting, StartError> {
        let Self { scraped, exporter } = self;
        if scraped.is_none() && exporter.is_none() {
            return Ok(Exporting::default());
        }
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let work = async move {
            if let Some(scraped) = scraped {
                tokio::task::spawn_local(scraped.serve(Box::new(refresh)));
            }
            let stopped = async {
                // The other half is dropped when the process ends.
                let _ = stopped.await;
            };
            match exporter {
                Some(exporter) => exporter.run(stopped).await,
                None => stopped.await,
            }
        };
        let thread = thread::Builder::new()
            .name("telemetry".to_owned())
            .spawn(move || LocalSet::new().block_on(&runtime, work))?;
        Ok(Exporting(Some((stop, thread))))
    }
}

impl Drop for Exporting {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.0.take() {
            drop(stop);
            // If it panicked, it has said so.
            let _ = thread.join();
        }
    }
}
