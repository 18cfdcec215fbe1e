//! Calls whose request and answer are whole.

use super::{
    Body, ByteSize, CallError, Coding, CollectError, Connections, InflateError, UnknownCoding,
    Upstream,
    causes::chain,
    collect,
    connections::{Answered, SendError},
    deliver::{Delivery, Kind, Safety},
    endpoint::Endpoint,
};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use std::future::Future;
use tokio::time::Instant;

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
    /// What requests that should go to the same endpoint have in common, for `consistent_hash`.
    pub hash: Option<u64>,
}

/// An upstream's answer, whole. Redirects are answers like any other: they are not followed.
#[derive(Debug)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Upstream {
    /// Calls one of the endpoints. Only what was not sent is sent again.
    pub async fn call(&self, connections: &Connections, call: Call) -> Result<Response, CallError> {
        let safety = match self.config.retry.non_idempotent {
            true => Safety::Idempotent,
            false => Safety::Unsafe,
        };
        self.send(connections, call, safety).await
    }

    /// The same for a call that may be made any number of times. It is made once more when a kept connection breaks before
    /// an answer begins, for the other side may end one at any time, and as often as `retry` says.
    pub async fn call_idempotent(
        &self,
        connections: &Connections,
        call: Call,
    ) -> Result<Response, CallError> {
        self.send(connections, call, Safety::Safe).await
    }

    async fn send(
        &self,
        connections: &Connections,
        call: Call,
        safety: Safety,
    ) -> Result<Response, CallError> {
        let Call {
            method,
            headers,
            body,
            deadline,
            hash,
        } = call;
        let own_deadline = Instant::now() + self.config.timeout;
        let deadline = match deadline {
            Some(deadline) if deadline < own_deadline => (deadline, CallError::Deadline),
            _ => (own_deadline, CallError::Timeout(self.config.timeout)),
        };
        let mut request = Request::new(Body::full(body));
        *request.method_mut() = method;
        *request.headers_mut() = headers;
        let delivery = Delivery {
            upstream: self,
            connections,
            kind: Whole {
                response_max_bytes: self.config.response_max_bytes,
                accept_encoding: self.config.accept_encoding,
            },
            retry: &self.config.retry,
            safety,
            hash,
            deadline: Some(deadline),
        };
        let (response, _) = delivery.run(request).await?;
        Ok(response)
    }
}

/// How answers are read that are taken in whole.
struct Whole {
    response_max_bytes: ByteSize,
    accept_encoding: bool,
}

impl Kind for Whole {
    type Answer = Response;
    type Error = CallError;

    fn address(&self, request: &mut Request<Body>, endpoint: &Endpoint) -> Result<(), CallError> {
        *request.uri_mut() = Uri::from(endpoint.target());
        let headers = request.headers_mut();
        headers.insert(header::HOST, endpoint.host().clone());
        if self.accept_encoding {
            headers.insert(header::ACCEPT_ENCODING, Coding::ACCEPTED);
        }
        Ok(())
    }

    async fn head(
        &self,
        sending: impl Future<Output = Result<Answered, SendError>> + Send,
    ) -> Result<Result<Answered, SendError>, CallError> {
        Ok(sending.await)
    }

    async fn take(&self, answered: Answered) -> Result<Response, CallError> {
        let Answered {
            response,
            mut lease,
        } = answered;
        let (mut head, body) = response.into_parts();
        let coding = Coding::of(&head.headers)?;
        let limit = self.response_max_bytes.as_len();
        let mut body = collect(body, limit).await?;
        lease.end();
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

    fn error(&self, error: &SendError) -> CallError {
        error.into()
    }

    fn fault(error: &CallError) -> Option<&CallError> {
        Some(error)
    }

    fn status(response: &Response) -> StatusCode {
        response.status
    }

    fn headers(response: &Response) -> &HeaderMap {
        &response.headers
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
