//! One OTLP call: Protobuf in a gRPC frame over HTTP/2, or in the body of a plain POST.

use super::{complaints::Lost, messages::ExportResponse};
use crate::telemetry::Protocol;
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Uri, header, uri::Scheme};
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use prost::Message;
use std::{error::Error, io, time::Duration};
use tokio::time::timeout;

/// Collectors answer with next to nothing.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// What is shown of a collector's words.
const REASON_CHARACTERS_MAX: usize = 200;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A gRPC message begins with whether it is compressed and its length (gRPC over HTTP/2, "Length-Prefixed-Message").
const GRPC_PREFIX_BYTES: usize = 5;

/// A client of one collector.
pub(in crate::telemetry) struct Sender {
    client: AnyClient,
    target: Uri,
    protocol: Protocol,
}

enum AnyClient {
    Plain(Client<HttpConnector, Full<Bytes>>),
    Tls(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[error("no trusted certificates for the OTLP collector: {0}")]
pub struct ClientError(io::Error);

impl Sender {
    /// A client that has not connected yet.
    pub(in crate::telemetry) fn new(target: Uri, protocol: Protocol) -> Result<Self, ClientError> {
        let mut plain = HttpConnector::new();
        plain.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .http2_only(protocol == Protocol::Grpc);
        let client = if target.scheme() == Some(&Scheme::HTTPS) {
            plain.enforce_http(false);
            let tls = HttpsConnectorBuilder::new()
                .with_native_roots()
                .map_err(ClientError)?
                .https_only();
            let connector = match protocol {
                Protocol::Grpc => tls.enable_http2().wrap_connector(plain),
                Protocol::Http => tls.enable_http1().wrap_connector(plain),
            };
            AnyClient::Tls(builder.build(connector))
        } else {
            AnyClient::Plain(builder.build(plain))
        };
        Ok(Self {
            client,
            target,
            protocol,
        })
    }

    /// Where it sends to.
    pub(in crate::telemetry) fn target(&self) -> &Uri {
        &self.target
    }

    /// Sends a message and awaits that it was taken, but for what the collector rejects of it.
    pub(super) async fn send(
        &self,
        message: &impl Message,
        within: Duration,
    ) -> Result<Option<Lost>, String> {
        let answer = timeout(within, self.call(message)).await;
        let answer = answer.unwrap_or_else(|_| Err("no answer in time".to_owned()))?;
        Ok(rejected(answer))
    }

    /// What the collector says of a message that it has taken.
    async fn call(&self, message: &impl Message) -> Result<Bytes, String> {
        let request = self.request(message);
        let response = match &self.client {
            AnyClient::Plain(client) => client.request(request),
            AnyClient::Tls(client) => client.request(request),
        };
        let (head, body) = response.await.map_err(|error| chain(&error))?.into_parts();
        if !head.status.is_success() {
            return Err(format!("the collector answered {}", head.status));
        }
        let collected = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        if self.protocol == Protocol::Http {
            let is_protobuf = head
                .headers
                .get(header::CONTENT_TYPE)
                .is_some_and(|kind| *kind == "application/x-protobuf");
            // It was taken, whatever is said about it.
            let said = collected.ok().filter(|_| is_protobuf);
            return Ok(said.map(Collected::to_bytes).unwrap_or_default());
        }
        let collected = collected.map_err(|error| error.to_string())?;
        let trailers = collected.trailers().cloned().unwrap_or_default();
        // An answer without a body has its trailers in its head.
        let status = grpc_status(&head.headers).or_else(|| grpc_status(&trailers));
        match status {
            Some("0") => {
                let mut said = collected.to_bytes();
                let prefix = said.len().min(GRPC_PREFIX_BYTES);
                Ok(said.split_off(prefix))
            }
            Some(code) => Err(format!("the collector answered with gRPC status {code}")),
            None => Err("the collector's answer has no gRPC status".to_owned()),
        }
    }

    fn request(&self, message: &impl Message) -> Request<Full<Bytes>> {
        let length = message.encoded_len();
        let mut body = BytesMut::with_capacity(GRPC_PREFIX_BYTES + length);
        if self.protocol == Protocol::Grpc {
            body.put_u8(0);
            body.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
        }
        // It fails for lack of room only, and a buffer of this type makes room.
        let _ = message.encode(&mut body);
        let mut request = Request::new(Full::new(body.freeze()));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.target.clone();
        let headers = request.headers_mut();
        let content_type = match self.protocol {
            Protocol::Grpc => "application/grpc",
            Protocol::Http => "application/x-protobuf",
        };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if self.protocol == Protocol::Grpc {
            headers.insert(header::TE, HeaderValue::from_static("trailers"));
        }
        request
    }
}

/// What an answer says was not taken after all.
fn rejected(answer: Bytes) -> Option<Lost> {
    let said = ExportResponse::decode(answer).ok()?.partial_success?;
    let count = u64::try_from(said.rejected).unwrap_or(0);
    // The words are somebody else's.
    let words = said.error_message.chars().take(REASON_CHARACTERS_MAX);
    let words: String = words.flat_map(char::escape_debug).collect();
    (count > 0).then(|| Lost {
        count,
        reason: format!("rejected by the collector: {words}"),
    })
}

fn grpc_status(headers: &HeaderMap) -> Option<&str> {
    headers.get("grpc-status")?.to_str().ok()
}

/// An error and its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
