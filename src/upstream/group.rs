//! A group of endpoints that answer the same requests, and the three steps of calling it.

use super::{
    Body, Coding, CollectError, Config, Connections, Endpoint, Http2, InflateError, UnknownCoding,
    causes::chain, collect, connections::SendError,
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
    #[error("the answer cannot be decompressed: {0}")]
    Coding(String),
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
            Self::Coding(_) => "coding",
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

    /// Which versions of HTTP it is spoken to in.
    pub(super) fn http2(&self) -> Http2 {
        self.config.http2
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
        let http2 = self.config.http2;
        let again = (resend == Resend::Once).then(|| call.clone());
        let first = self.request(endpoint, call);
        let sent = match (connections.send(endpoint, http2, first).await, again) {
            (Err(error), Some(again)) if error.is_break() => {
                let again = self.request(endpoint, again);
                connections.send(endpoint, http2, again).await
            }
            (sent, _) => sent,
        };
        let (mut head, body) = sent.map_err(send_error)?.into_parts();
        let coding = Coding::of(&head.headers)?;
        let limit = self.config.response_max_bytes.as_len();
        let mut body = collect(body, limit).await?;
        if let Some(coding) = coding {
            body = coding.inflate(body, limit).await?;
            // What they say is about a body that is gone.
            head.headers.remove(header::CONTENT_ENCODING);
            head.headers.remove(header::CONTENT_LENGTH);
        }
        Ok(Response {
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    fn request(&self, endpoint: &Endpoint, call: Call) -> Request<Body> {
        let mut request = Request::new(Body::full(call.body));
        *request.method_mut() = call.method;
        *request.uri_mut() = endpoint.uri().clone();
        *request.headers_mut() = call.headers;
        let headers = request.headers_mut();
        headers.insert(header::HOST, endpoint.host().clone());
        if self.config.accept_encoding {
            headers.insert(header::ACCEPT_ENCODING, Coding::ACCEPTED);
        }
        request
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

impl From<CollectError> for CallError {
    fn from(error: CollectError) -> Self {
        match error {
            CollectError::TooLarge { limit } => Self::TooLarge { limit },
            CollectError::Broken(cause) => Self::Broken(chain(&*cause)),
        }
    }
}

impl From<UnknownCoding> for CallError {
    fn from(error: UnknownCoding) -> Self {
        Self::Coding(error.to_string())
    }
}

impl From<InflateError> for CallError {
    fn from(error: InflateError) -> Self {
        match error {
            InflateError::TooLarge { limit } => Self::TooLarge { limit },
            InflateError::Invalid(_) => Self::Coding(error.to_string()),
        }
    }
}

pub(super) fn send_error(error: SendError) -> CallError {
    match error {
        SendError::Certificates(_) => CallError::Connect(error.to_string()),
        SendError::Http(error) if error.is_connect() => CallError::Connect(chain(&error)),
        SendError::Http(error) => CallError::Broken(chain(&error)),
    }
}
