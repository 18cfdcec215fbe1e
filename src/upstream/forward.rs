//! Passing a request on and its answer back, neither of them held in memory.
//!
//! The same three steps as a whole call (pick, call, report), but the bodies are streams: each piece is read when the
//! other side has taken the one before, so what is in flight is bounded by the buffers of two connections.

use super::{
    Body, CallError, Connections, Retry, Upstream,
    causes::chain,
    collect,
    connections::{Answered, SendError},
    deliver::{Delivery, Kind, Safety},
    endpoint::Endpoint,
    member::InFlight,
    paced::{Held, Paced},
    progress::{Progress, Watched},
};
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header,
    uri::PathAndQuery,
};
use http_body::Body as _;
use std::{future::Future, sync::Arc, time::Duration};
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
    /// When it is sent again, if not as the upstream says.
    pub retry: Option<Arc<Retry>>,
    /// What requests that should go to the same endpoint have in common, for `consistent_hash`.
    pub hash: Option<u64>,
}

/// An answer whose body ends when the connection does: an extension of the answer. Whether it is whole cannot be told.
#[derive(Clone, Copy, Debug)]
pub struct EndsByClosing;

/// A request that stays in flight although its answer has ended, for its connection goes on in another protocol: an
/// extension of the answer.
#[derive(Clone, Debug)]
pub struct GoesOn {
    _request: Arc<InFlight>,
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
        mut forward: Forward,
    ) -> Result<Response<Body>, ForwardError> {
        let timeout = forward.timeout.unwrap_or(self.timeout());
        let own_retry = forward.retry.clone();
        let retry = own_retry.as_deref().unwrap_or(&self.config.retry);
        let safety = safety(&forward.method, retry);
        if safety > Safety::Unsafe && retry.repeats_what_was_sent() {
            forward.body = at_hand(forward.body, timeout).await?;
        }
        // What is at hand is sent at once: then the silence is the upstream's from the beginning.
        let is_at_hand = forward.body.is_end_stream() || forward.body.whole().is_some();
        let deadline = (Instant::now() + timeout, CallError::Timeout(timeout));
        let hash = forward.hash;
        let (streamed, request) = streamed(forward, timeout);
        let delivery = Delivery {
            upstream: self,
            connections,
            kind: streamed,
            retry,
            safety,
            hash,
            deadline: is_at_hand.then_some(deadline),
        };
        let (answered, in_flight) = delivery.run(request).await?;
        let Answered { response, lease } = answered;
        let (mut head, body) = response.into_parts();
        let is_framed = body.size_hint().exact().is_some()
            || head.headers.contains_key(header::TRANSFER_ENCODING)
            || head.version >= Version::HTTP_2;
        if !is_framed {
            head.extensions.insert(EndsByClosing);
        }
        head.version = Version::HTTP_11;
        let body = if head.status == StatusCode::SWITCHING_PROTOCOLS {
            head.extensions.insert(GoesOn {
                _request: Arc::new(in_flight),
            });
            Body::empty()
        } else if body.is_end_stream() {
            Body::empty()
        } else {
            let held = Held {
                lease,
                _in_flight: in_flight,
            };
            Body::streamed(Paced::new(body, Arc::clone(self), timeout, held))
        };
        Ok(Response::from_parts(head, body))
    }
}

/// Bodies up to this size are read before they are sent, if they may have to be sent again.
const REPEATED_BYTES_MAX: usize = 64 * 1024;

/// The body in memory, if it says that it is small.
async fn at_hand(body: Body, patience: Duration) -> Result<Body, ForwardError> {
    let length = body.size_hint().exact();
    if length.is_none_or(|length| length > REPEATED_BYTES_MAX as u64) || body.whole().is_some() {
        return Ok(body);
    }
    match tokio::time::timeout(patience, collect(body, REPEATED_BYTES_MAX)).await {
        Ok(Ok(whole)) => Ok(Body::full(whole)),
        Ok(Err(error)) => Err(ForwardError::ClientBroke(error.to_string())),
        Err(_) => Err(ForwardError::ClientStalled(patience)),
    }
}

/// RFC 9110 section 9.2; what has to be sent again in any case counts as what does no harm.
fn safety(method: &Method, retry: &Retry) -> Safety {
    match *method {
        Method::GET | Method::HEAD | Method::OPTIONS => Safety::Safe,
        Method::PUT | Method::DELETE => Safety::Idempotent,
        _ if retry.non_idempotent => Safety::Idempotent,
        _ => Safety::Unsafe,
    }
}

/// A request whose answer is passed on as it comes.
struct Streamed {
    target: PathAndQuery,
    host: Option<HeaderValue>,
    /// Whether the client offers to switch to another protocol.
    offers: bool,
    /// How long the upstream may be silent.
    silence: Duration,
    progress: Arc<Progress>,
}

fn streamed(forward: Forward, silence: Duration) -> (Streamed, Request<Body>) {
    let Forward {
        method,
        target,
        mut headers,
        body,
        host,
        ..
    } = forward;
    let progress = Progress::begin();
    let offers = headers.contains_key(header::UPGRADE);
    frame(&mut headers, &method, &body);
    let body = if body.is_end_stream() {
        Body::empty()
    } else if body.whole().is_some() {
        body
    } else {
        Body::streamed(Watched::new(body, Arc::clone(&progress)))
    };
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.headers_mut() = headers;
    let streamed = Streamed {
        target,
        host,
        offers,
        silence,
        progress,
    };
    (streamed, request)
}

impl Kind for Streamed {
    type Answer = Answered;
    type Error = ForwardError;

    fn address(
        &self,
        request: &mut Request<Body>,
        endpoint: &Endpoint,
    ) -> Result<(), ForwardError> {
        *request.uri_mut() = Uri::from(join(endpoint.uri(), &self.target)?);
        let host = self.host.as_ref().unwrap_or(endpoint.host());
        request.headers_mut().insert(header::HOST, host.clone());
        Ok(())
    }

    async fn head(
        &self,
        sending: impl Future<Output = Result<Answered, SendError>> + Send,
    ) -> Result<Result<Answered, SendError>, ForwardError> {
        let mut sending = std::pin::pin!(sending);
        let (progress, silence) = (&self.progress, self.silence);
        loop {
            // A long upload is no silence: the time begins anew with each piece that is passed on.
            match timeout_at(progress.moved() + silence, &mut sending).await {
                Ok(outcome) => return Ok(outcome),
                Err(_) if progress.moved() + silence > Instant::now() => {}
                Err(_) if progress.awaits_client() => {
                    return Err(ForwardError::ClientStalled(silence));
                }
                Err(_) => return Err(CallError::Timeout(silence).into()),
            }
        }
    }

    async fn take(&self, answered: Answered) -> Result<Answered, ForwardError> {
        let status = answered.response.status();
        if status == StatusCode::SWITCHING_PROTOCOLS && !self.offers {
            let message = "it switched protocols without being asked".to_owned();
            return Err(CallError::Broken(message).into());
        }
        if !is_chunked_at_most(answered.response.headers()) {
            let message = "its transfer coding is not `chunked` alone".to_owned();
            return Err(CallError::Broken(message).into());
        }
        Ok(answered)
    }

    fn error(&self, error: &SendError) -> ForwardError {
        match error {
            SendError::Broken { error, .. } if self.progress.client_broke() => {
                ForwardError::ClientBroke(chain(error))
            }
            _ => CallError::from(error).into(),
        }
    }

    fn fault(error: &ForwardError) -> Option<&CallError> {
        match error {
            ForwardError::Call(error) => Some(error),
            ForwardError::ClientStalled(_)
            | ForwardError::ClientBroke(_)
            | ForwardError::Target => None,
        }
    }

    fn status(answered: &Answered) -> StatusCode {
        answered.response.status()
    }

    fn headers(answered: &Answered) -> &HeaderMap {
        answered.response.headers()
    }
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

/// Whether an answer is in no transfer coding that is not taken off here. hyper reads `gzip, chunked` as chunks and leaves
/// the rest in the body, and anything else up to the end of the connection, which nobody can tell from its breaking.
fn is_chunked_at_most(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

/// The target below the path of the endpoint.
fn join(endpoint: &Uri, target: &PathAndQuery) -> Result<PathAndQuery, ForwardError> {
    let base = endpoint.path().trim_end_matches('/');
    if base.is_empty() {
        return Ok(target.clone());
    }
    PathAndQuery::try_from(format!("{base}{target}")).map_err(|_| ForwardError::Target)
}
