//! A group of endpoints that answer the same requests, and the three steps of calling it.

use super::{
    Body, CollectError, Config, Connections, Endpoint, causes::chain, collect,
    connections::SendError,
};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::time::{Instant, timeout_at};

/// A named group of endpoints.
#[derive(Debug)]
pub struct Upstream {
    name: String,
    endpoints: Vec<Endpoint>,
    config: Config,
    /// How often an endpoint was picked; the next one takes its turn by it.
    picked: AtomicUsize,
}

/// What to do when a connection breaks before an answer begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Resend {
    Never,
    Once,
}

/// A request to an upstream, whole.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: Method,
    /// Everything but `Host` and the framing of the body.
    pub headers: HeaderMap,
    pub body: Bytes,
    /// When the caller has no more use for an answer, if that is known. The upstream's own timeout may end the call
    /// earlier.
    pub deadline: Option<Instant>,
}

/// An upstream's answer, whole. Redirects are answers like any other: they are not followed.
#[derive(Debug)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Why a call has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    #[error("no answer before the request's deadline")]
    Deadline,
    #[error("cannot connect: {0}")]
    Connect(String),
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("there is no endpoint")]
    NoEndpoint,
}

impl CallError {
    /// The kind of reason in one word, out of a closed list.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Timeout(_) => "timeout",
            Self::Deadline => "deadline",
            Self::Connect(_) => "connect",
            Self::Broken(_) => "broken",
            Self::TooLarge { .. } => "too_large",
            Self::NoEndpoint => "no_endpoint",
        }
    }
}

impl Upstream {
    /// A group of endpoints. While it has none, calls fail.
    pub fn new(name: impl Into<String>, endpoints: Vec<Endpoint>, config: Config) -> Self {
        Self {
            name: name.into(),
            endpoints,
            config,
            picked: AtomicUsize::new(0),
        }
    }

    /// What configuration and logs call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the upstream that these settings describe.
    pub(super) fn is(&self, name: &str, endpoints: &[Endpoint], config: &Config) -> bool {
        self.name == name && self.endpoints == endpoints && self.config == *config
    }

    /// How long a call may take.
    pub fn timeout(&self) -> Duration {
        self.config.timeout
    }

    /// Sends a request to one of the endpoints and reads the answer. It is sent once, whatever happens.
    pub async fn call(&self, connections: &Connections, call: Call) -> Result<Response, CallError> {
        self.send(connections, call, Resend::Never).await
    }

    /// The same for a request that may arrive twice without harm: if the connection breaks before an answer begins, it
    /// is sent once more. Endpoints close kept connections in the very moment they are used again, and then nobody can
    /// tell whether the request was seen (RFC 9112 section 9.3.1).
    pub async fn call_idempotent(
        &self,
        connections: &Connections,
        call: Call,
    ) -> Result<Response, CallError> {
        self.send(connections, call, Resend::Once).await
    }

    async fn send(
        &self,
        connections: &Connections,
        call: Call,
        resend: Resend,
    ) -> Result<Response, CallError> {
        let endpoint = self.pick()?;
        let own_deadline = Instant::now() + self.config.timeout;
        let deadline = call.deadline.filter(|deadline| *deadline < own_deadline);
        let outcome = match timeout_at(
            deadline.unwrap_or(own_deadline),
            self.exchange(connections, endpoint, call, resend),
        )
        .await
        {
            Ok(outcome) => outcome,
            Err(_) if deadline.is_some() => Err(CallError::Deadline),
            Err(_) => Err(CallError::Timeout(self.config.timeout)),
        };
        self.report(endpoint, outcome.as_ref().map(|response| response.status));
        outcome
    }

    /// The endpoint whose turn it is.
    pub(super) fn pick(&self) -> Result<&Endpoint, CallError> {
        match self.endpoints.as_slice() {
            [] => Err(CallError::NoEndpoint),
            [only] => Ok(only),
            several => Ok(&several[self.picked.fetch_add(1, Ordering::Relaxed) % several.len()]),
        }
    }

    async fn exchange(
        &self,
        connections: &Connections,
        endpoint: &Endpoint,
        call: Call,
        resend: Resend,
    ) -> Result<Response, CallError> {
        let again = (resend == Resend::Once).then(|| call.clone());
        let sent = connections.send(endpoint, request(endpoint, call)).await;
        let sent = match (sent, again) {
            (Err(error), Some(again)) if error.is_break() => {
                connections.send(endpoint, request(endpoint, again)).await
            }
            (sent, _) => sent,
        };
        let (head, body) = sent.map_err(send_error)?.into_parts();
        let body = collect(body, self.config.response_max_bytes.as_len())
            .await
            .map_err(|error| match error {
                CollectError::TooLarge { limit } => CallError::TooLarge { limit },
                CollectError::Broken(cause) => CallError::Broken(chain(&*cause)),
            })?;
        Ok(Response {
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    /// Notes how a call went. The cause of a failure is told here, once, where the endpoint is known.
    pub(super) fn report(&self, endpoint: &Endpoint, outcome: Result<StatusCode, &CallError>) {
        match outcome {
            Ok(status) if status.is_server_error() => {
                tracing::warn!(upstream = self.name, endpoint = %endpoint.uri(), status = status.as_u16(), "upstream failed");
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(upstream = self.name, endpoint = %endpoint.uri(), %error, "upstream gave no answer");
            }
        }
    }
}

fn request(endpoint: &Endpoint, call: Call) -> Request<Body> {
    let mut request = Request::new(Body::full(call.body));
    *request.method_mut() = call.method;
    *request.uri_mut() = endpoint.uri().clone();
    *request.headers_mut() = call.headers;
    request
        .headers_mut()
        .insert(header::HOST, endpoint.host().clone());
    request
}

pub(super) fn send_error(error: SendError) -> CallError {
    match error {
        SendError::Certificates(_) => CallError::Connect(error.to_string()),
        SendError::Http(error) if error.is_connect() => CallError::Connect(chain(&error)),
        SendError::Http(error) => CallError::Broken(chain(&error)),
    }
}
