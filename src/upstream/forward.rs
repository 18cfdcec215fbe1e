//! Passing a request on and its answer back, neither of them held in memory.
//!
//! The same three steps as a whole call (pick, call, report), but the bodies are streams: each piece is read when the
//! other side has taken the one before, so what is in flight is bounded by the buffers of two connections.

use super::{
    Body, CallError, Connections, Endpoint, Http2, Upstream,
    connections::SendError,
    group::send_error,
    paced::Paced,
    progress::{Progress, Watched},
};
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header, uri::PathAndQuery,
};
use http_body::Body as _;
use hyper::body::Incoming;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// A request to pass on.
#[derive(Debug)]
pub struct Forward {
    pub method: Method,
    /// Where to, below the path of the endpoint.
    pub target: PathAndQuery,
    /// Everything but `Host` and the framing of the body.
    pub headers: HeaderMap,
    pub body: Body,
    /// `Host`, if it is not the endpoint's.
    pub host: Option<HeaderValue>,
    /// How long the upstream may be silent, if not for the upstream's own timeout.
    pub timeout: Option<Duration>,
}

/// Why a request that was to be passed on has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("the client sent nothing of its body for {} ms", .0.as_millis())]
    ClientStalled(Duration),
    #[error("the client's body broke off: {0}")]
    ClientBroke(String),
    #[error("the target does not make a URL with the endpoint's")]
    Target,
}

impl ForwardError {
    /// The kind of reason in one word, out of a closed list.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Call(error) => error.kind(),
            Self::ClientStalled(_) => "client_stalled",
            Self::ClientBroke(_) => "client_broke",
            Self::Target => "target",
        }
    }
}

impl Upstream {
    /// Passes a request on to one of the endpoints. The answer is there when its head is; its body breaks off when the
    /// upstream's does, or when the upstream is silent for longer than the timeout. Dropping either ends the exchange.
    pub async fn forward(
        self: &Arc<Self>,
        connections: &Connections,
        forward: Forward,
    ) -> Result<Response<Body>, ForwardError> {
        let endpoint = self.pick()?;
        let timeout = forward.timeout.unwrap_or(self.timeout());
        let progress = Progress::begin();
        let request = request(endpoint, forward, &progress)?;
        let outcome = self
            .exchange_heads(connections, endpoint, request, (timeout, &progress))
            .await;
        match &outcome {
            Ok(response) => self.report(endpoint, Ok(response.status())),
            Err(ForwardError::Call(error)) => self.report(endpoint, Err(error)),
            // Nothing that the upstream could help.
            Err(_) => {}
        }
        outcome
    }

    async fn exchange_heads(
        self: &Arc<Self>,
        connections: &Connections,
        endpoint: &Endpoint,
        request: Request<Body>,
        (timeout, progress): (Duration, &Progress),
    ) -> Result<Response<Body>, ForwardError> {
        let offers = request.headers().contains_key(header::UPGRADE);
        let mut sending = std::pin::pin!(send(connections, endpoint, self.http2(), request));
        let response = loop {
            // A long upload is no silence: the time begins anew with each piece that is passed on.
            match timeout_at(progress.moved() + timeout, &mut sending).await {
                Ok(outcome) => break outcome.map_err(send_error),
                Err(_) if progress.moved() + timeout > Instant::now() => {}
                Err(_) if progress.awaits_client() => {
                    return Err(ForwardError::ClientStalled(timeout));
                }
                Err(_) => return Err(CallError::Timeout(timeout).into()),
            }
        };
        let (mut head, body) = match response {
            Ok(response) => response.into_parts(),
            Err(error) if progress.client_broke() => {
                return Err(ForwardError::ClientBroke(error.to_string()));
            }
            Err(error) => return Err(error.into()),
        };
        if head.status == StatusCode::SWITCHING_PROTOCOLS && !offers {
            let message = "it switched protocols without being asked".to_owned();
            return Err(CallError::Broken(message).into());
        }
        head.version = http::Version::HTTP_11;
        let body = if body.is_end_stream() {
            Body::empty()
        } else {
            Body::streamed(Paced::new(body, Arc::clone(self), timeout))
        };
        Ok(Response::from_parts(head, body))
    }
}

/// Sends a request; once more if the connection breaks before an answer begins and a second time does no harm. See
/// [`Upstream::call_idempotent`].
async fn send(
    connections: &Connections,
    endpoint: &Endpoint,
    http2: Http2,
    request: Request<Body>,
) -> Result<Response<Incoming>, SendError> {
    let is_safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let again = (is_safe && request.body().is_end_stream()).then(|| {
        let mut again = Request::new(Body::empty());
        *again.method_mut() = request.method().clone();
        *again.uri_mut() = request.uri().clone();
        *again.headers_mut() = request.headers().clone();
        again
    });
    match (connections.send(endpoint, http2, request).await, again) {
        (Err(error), Some(again)) if error.is_break() => {
            connections.send(endpoint, http2, again).await
        }
        (sent, _) => sent,
    }
}

fn request(
    endpoint: &Endpoint,
    forward: Forward,
    progress: &Arc<Progress>,
) -> Result<Request<Body>, ForwardError> {
    let Forward {
        method,
        target,
        mut headers,
        body,
        host,
        timeout: _,
    } = forward;
    frame(&mut headers, &method, &body);
    headers.insert(
        header::HOST,
        host.unwrap_or_else(|| endpoint.host().clone()),
    );
    let body = if body.is_end_stream() {
        Body::empty()
    } else {
        Body::streamed(Watched::new(body, Arc::clone(progress)))
    };
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = join(endpoint.uri(), target)?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Says how long the body is, in one way. The client's own word for it is not passed on: what another server has read
/// from it may differ from what ours has.
fn frame(headers: &mut HeaderMap, method: &Method, body: &Body) {
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    let anticipates_content = matches!(*method, Method::POST | Method::PUT | Method::PATCH);
    match body.size_hint().exact() {
        Some(0) if !anticipates_content => {}
        Some(length) => {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        None => {
            headers.insert(
                header::TRANSFER_ENCODING,
                HeaderValue::from_static("chunked"),
            );
        }
    }
}

/// The endpoint's URL with the target below its path.
fn join(endpoint: &Uri, target: PathAndQuery) -> Result<Uri, ForwardError> {
    let base = endpoint.path().trim_end_matches('/');
    let target = if base.is_empty() {
        target
    } else {
        PathAndQuery::try_from(format!("{base}{target}")).map_err(|_| ForwardError::Target)?
    };
    let mut parts = endpoint.clone().into_parts();
    parts.path_and_query = Some(target);
    Uri::from_parts(parts).map_err(|_| ForwardError::Target)
}
