//! Metrics as Prometheus scrapes them, on a listener of their own.

use super::{Measurements, Prometheus, exposition};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    convert::Infallible,
    io,
    net::{SocketAddr, TcpListener},
    rc::Rc,
    sync::Arc,
    time::Duration,
};
use tokio::{sync::Semaphore, task, time};

/// Scrapers are few.
const CONNECTIONS_MAX: usize = 16;
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait when the system has no more file descriptors.
const PAUSE_WITHOUT_DESCRIPTORS: Duration = Duration::from_millis(50);

/// Where metrics are shown.
pub(super) struct Scraped {
    listener: TcpListener,
    path: String,
}

/// Why metrics are not shown.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} (telemetry.exporters.metrics.prometheus.listen): {error}")]
pub struct PrometheusError {
    address: SocketAddr,
    error: io::Error,
}

impl Scraped {
    /// Takes the address.
    pub(super) fn bind(config: &Prometheus) -> Result<Self, PrometheusError> {
        let address = config.listen;
        let bound = TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        let listener = bound.map_err(|error| PrometheusError { address, error })?;
        if let Ok(address) = listener.local_addr() {
            tracing::info!("metrics at http://{address}{}", config.path);
        }
        Ok(Self {
            listener,
            path: config.path.clone(),
        })
    }

    /// Answers scrapes for ever. Runs on a `LocalSet`.
    pub(super) async fn serve(self, measurements: Measurements) {
        let Self { listener, path } = self;
        let listener = match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => return tracing::error!(%error, "metrics are not served"),
        };
        let page = Rc::new(Page { measurements, path });
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

struct Page {
    measurements: Measurements,
    path: String,
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
        let text = exposition::text(&self.measurements.read().metrics);
        let mut response = Response::new(Full::new(text.into()));
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
