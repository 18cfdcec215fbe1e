//! Asks a running subgraph for its SDL, by `{ _service { sdl } }` of the federation specification.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

use crate::composition::Introspection;

/// For the whole exchange, from connecting to the last byte.
const TIMEOUT: Duration = Duration::from_secs(10);
const LARGEST_ANSWER_BYTES: usize = 10 << 20;
const QUERY: &[u8] = br#"{"query":"{ _service { sdl } }"}"#;

/// The SDL, or a sentence on why there is none.
pub(super) async fn sdl(introspection: &Introspection) -> Result<String, String> {
    let body = tokio::time::timeout(TIMEOUT, answer(introspection))
        .await
        .map_err(|_| format!("no answer within {} s", TIMEOUT.as_secs()))??;
    read(&body)
}

async fn answer(introspection: &Introspection) -> Result<Bytes, String> {
    let request = request(introspection)?;
    let response = if introspection.url.scheme_str() == Some("https") {
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
    Limited::new(response.into_body(), LARGEST_ANSWER_BYTES)
        .collect()
        .await
        .map(|body| body.to_bytes())
        .map_err(|error| format!("the answer broke off: {error}"))
}

fn request(introspection: &Introspection) -> Result<Request<Full<Bytes>>, String> {
    let mut request = Request::post(introspection.url.clone())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .body(Full::from(QUERY))
        .map_err(|error| error.to_string())?;
    for (name, value) in &introspection.headers {
        let header = name
            .parse::<HeaderName>()
            .map_err(|_| format!("`{name}` is not a header name"))?;
        let value = value
            .parse::<HeaderValue>()
            .map_err(|_| format!("the value of the header `{name}` cannot be sent"))?;
        request.headers_mut().insert(header, value);
    }
    Ok(request)
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

#[derive(Deserialize)]
struct Answer {
    data: Option<Data>,
    #[serde(default)]
    errors: Vec<GraphqlError>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "_service")]
    service: Option<Service>,
}

#[derive(Deserialize)]
struct Service {
    sdl: Option<String>,
}

#[derive(Deserialize)]
struct GraphqlError {
    message: String,
}

fn read(body: &[u8]) -> Result<String, String> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|error| format!("the answer is not a GraphQL response: {error}"))?;
    let sdl = answer.data.and_then(|data| data.service?.sdl);
    sdl.ok_or_else(|| match answer.errors.first() {
        Some(error) => format!("it answered with an error: {}", error.message),
        None => "the answer has no `_service.sdl`".to_owned(),
    })
}
