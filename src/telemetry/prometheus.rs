//! Metrics as Prometheus scrapes them, on a listener of their own.

use super::Prometheus;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::{convert::Infallible, io, net::TcpListener, rc::Rc, sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task, time};

/// Scrapers are few.
const CONNECTIONS_MAX: usize = 16;
/// Until they are moved to their buckets, what was timed is kept one by one.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait when the system has no more file descriptors.
const PAUSE_WITHOUT_DESCRIPTORS: Duration = Duration::from_millis(50);

/// Bounds of the buckets for what operations cost.
const COST_BUCKETS: [f64; 7] = [0.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];
/// Bounds of the buckets for whole requests, in seconds.
const REQUEST_BUCKETS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Those for what a request consists of.
const PART_BUCKETS: [f64; 12] = [
    0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0,
];

/// Brings gauges up to date before they are shown.
pub(super) type Refresh = Box<dyn Fn() + Send>;

/// The recorder's text, and where it is shown.
pub(super) struct Scraped {
    handle: PrometheusHandle,
    listener: TcpListener,
    path: String,
}

/// Why there are no metrics.
#[derive(Debug, thiserror::Error)]
pub enum PrometheusError {
    #[error("cannot listen on {address} (telemetry.exporters.metrics.prometheus.listen): {error}")]
    Bind {
        address: std::net::SocketAddr,
        error: io::Error,
    },
    #[error("metrics cannot be recorded: {0}")]
    Buckets(#[from] BuildError),
}

impl Scraped {
    /// Takes the address, and records from now on. The first recorder of a process stays.
    pub(super) fn start(config: &Prometheus) -> Result<Self, PrometheusError> {
        let address = config.listen;
        let bound = TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        let listener = bound.map_err(|error| PrometheusError::Bind { address, error })?;
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(
                Matcher::Full("api_request_duration_seconds".to_owned()),
                &REQUEST_BUCKETS,
            )?
            .set_buckets_for_metric(
                Matcher::Prefix("api_operation_cost_".to_owned()),
                &COST_BUCKETS,
            )?
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &PART_BUCKETS)?
            .build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("metrics are recorded elsewhere already");
        }
        if let Ok(address) = listener.local_addr() {
            tracing::info!("metrics at http://{address}{}", config.path);
        }
        Ok(Self {
            handle,
            listener,
            path: config.path.clone(),
        })
    }

    /// Answers scrapes for ever. Runs on a `LocalSet`.
    pub(super) async fn serve(self, refresh: Refresh) {
        let Self {
            handle,
            listener,
            path,
        } = self;
        let listener = match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => return tracing::error!(%error, "metrics are not served"),
        };
        let page = Rc::new(Page {
            handle: handle.clone(),
            path,
            refresh,
        });
        task::spawn_local(keep_up(handle));
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a scrape");
                    time::sleep(PAUSE_WITHOUT_DESCRIPTORS).await;
                    continue;
                }
            };
            let page = Rc::clone(&page);
            task::spawn_local(async move {
                let answer = service_fn(move |request| {
                    let response = page.answer(&request);
                    async { Ok::<_, Infallible>(response) }
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD_TIMEOUT)
                    .serve_connection(TokioIo::new(stream), answer);
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a scrape ended early");
                }
                drop(place);
            });
        }
    }
}

/// Moves what was timed to its buckets, also while nobody scrapes.
async fn keep_up(handle: PrometheusHandle) {
    let mut interval = time::interval(UPKEEP_INTERVAL);
    loop {
        interval.tick().await;
        handle.run_upkeep();
    }
}

struct Page {
    handle: PrometheusHandle,
    path: String,
    refresh: Refresh,
}

impl Page {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() != self.path {
            return plain(StatusCode::NOT_FOUND);
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED);
            response
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        (self.refresh)();
        let mut response = Response::new(Full::new(self.handle.render().into()));
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
        );
        response
    }
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
