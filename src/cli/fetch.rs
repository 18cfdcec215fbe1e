//! One answer of a server, for commands: small, seldom, and with a sentence for a person when there is none.

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;
use std::{error::Error, time::Duration};

/// For the whole exchange, from connecting to the last byte.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The answer to a request, with at most so many bytes. Redirects are not followed.
pub(super) async fn fetch(
    request: Request<Full<Bytes>>,
    bytes_max: usize,
) -> Result<Response<Bytes>, String> {
    tokio::time::timeout(TIMEOUT, answer(request, bytes_max))
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs())))
}

async fn answer(
    request: Request<Full<Bytes>>,
    bytes_max: usize,
) -> Result<Response<Bytes>, String> {
    let response = if request.uri().scheme_str() == Some("https") {
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|error| format!("no trusted certificates on this machine: {error}"))?
            .https_only()
            .enable_http1()
            .enable_http2()
            .build();
        send(connector, request).await?
    } else {
        send(HttpConnector::new(), request).await?
    };
    let status = response.status();
    if !status.is_success() {
        return Err(match response.headers().get(header::LOCATION) {
            Some(location) => format!("it answered {status}, pointing to {location:?}"),
            None => format!("it answered {status}"),
        });
    }
    let (head, body) = response.into_parts();
    let body = Limited::new(body, bytes_max).collect().await;
    let body = body.map_err(|error| format!("the answer broke off: {error}"))?;
    Ok(Response::from_parts(head, body.to_bytes()))
}

async fn send(
    connector: impl Connect + Clone + Send + Sync + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, String> {
    let client = Client::builder(TokioExecutor::new()).build(connector);
    client
        .request(request)
        .await
        .map_err(|error| innermost(&error))
}

/// hyper's outer errors say "client error (Connect)"; what a person needs is at the end of the chain.
fn innermost(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
