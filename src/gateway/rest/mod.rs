//! REST routes: the other end that a request can reach.
//!
//! A [`Table`] says which route a request takes; [`answer`] passes it on to the route's upstream and the answer back,
//! both as streams. What a route means is written in `docs/rest.md`.

mod cache;
mod config;
mod grpc;
mod hygiene;
mod pattern;
mod problem;
mod split;
mod table;
mod websocket;

pub use cache::{Cache, Config as CacheConfig};
pub use config::{Misfit, Routes as RoutesConfig, Upstreams as UpstreamsConfig};
pub(super) use grpc::{
    deadline as grpc_deadline, translated as for_grpc, until as until_grpc_deadline,
};
pub(super) use problem::refuse;
pub(super) use table::{Route, Table};
pub use websocket::Config as WebSocketConfig;
pub(super) use websocket::WebSockets;

use super::{
    Body, Code, Refusal,
    authentication::Caller,
    gate::Target,
    metrics::known,
    observation::Observation,
    trace::{Callee, Fetch},
};
use crate::upstream::{CallError, Connections, Forward, ForwardError, Upstream};
use cache::Asked;
use http::{Method, Response, header, request::Parts, uri::PathAndQuery};
use http_body::Body as _;
use http_body_util::BodyExt;
use hygiene::Asker;
use std::sync::Arc;
use websocket::{Offer, switches};

/// A request on its way to an upstream.
pub(super) struct Request<'a> {
    pub(super) observation: &'a Observation<'a>,
    pub(super) target: Target<'a>,
    pub(super) caller: Caller,
    pub(super) body: Body,
    pub(super) sockets: &'a WebSockets,
}

/// Passes a request on, and its answer back.
pub(super) async fn answer(
    route: &Route,
    connections: &Arc<Connections>,
    request: Request<'_>,
) -> Result<Response<Body>, Refusal> {
    let Request {
        observation,
        target,
        caller,
        body,
        sockets,
    } = request;
    let head = observation.head();
    check_protocol(head)?;
    let offer = Offer::of(head)?;
    let (path, prefix) = route.strip(target.path.as_str());
    let asker = Asker {
        address: observation.client(),
        target: &target,
        prefix,
    };
    let host = route.preserve_host.then(|| head.headers.get(header::HOST));
    let upstream = route.to.next();
    let mut headers = hygiene::request(head, asker);
    if offer.is_some() {
        Offer::pass_on(&mut headers);
    }
    let forward = Forward {
        method: head.method.clone(),
        target: with_query(path, head.uri.query())?,
        headers,
        body: without_claims(body),
        host: host.flatten().cloned(),
        timeout: route.timeout,
    };
    let stage = observation.stage("forward");
    let sending = |mut forward: Forward| {
        let callee = Callee::Upstream(upstream.name(), known(&forward.method));
        let origin = observation.origin();
        let call = origin.fetch(&stage, callee, &mut forward.headers);
        send(Arc::clone(upstream), Arc::clone(connections), forward, call)
    };
    let asked = Asked {
        target: &target,
        query: head.uri.query(),
        caller: &caller,
        upstream: upstream.name(),
    };
    let mut answer = route.caching.answer(asked, forward, sending).await?;
    if let Some(offer) = offer.filter(|_| switches(&answer)) {
        offer.settle(sockets, connections, &mut answer)?;
        let mut headers = hygiene::response(&answer, &head.method);
        headers.remove(header::CONTENT_LENGTH);
        Offer::pass_on(&mut headers);
        *answer.headers_mut() = headers;
    }
    Ok(answer)
}

/// Sends a request. The answer has the headers that cross, unless it is about the connection.
async fn send(
    upstream: Arc<Upstream>,
    connections: Arc<Connections>,
    forward: Forward,
    call: Fetch,
) -> Result<Response<Body>, Refusal> {
    let method = forward.method.clone();
    let answer = upstream.forward(&connections, forward).await;
    call.ended(match &answer {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) => Err(error.kind()),
    });
    let mut answer = answer?;
    if !switches(&answer) {
        *answer.headers_mut() = hygiene::response(&answer, &method);
    }
    Ok(answer)
}

/// What cannot be passed on is not passed on in part.
fn check_protocol(head: &Parts) -> Result<(), Refusal> {
    if head.method == Method::TRACE {
        let message = "TRACE is not passed on";
        return Err(Refusal::new(Code::NotImplemented, message));
    }
    Ok(())
}

fn with_query(path: &str, query: Option<&str>) -> Result<PathAndQuery, Refusal> {
    let target = match query {
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")),
        None => PathAndQuery::try_from(path),
    };
    target.map_err(|_| Refusal::new(Code::BadRequest, "The target is not that of a URL"))
}

/// The body, its trailers cleaned as its headers were. A body that tells its length has none in HTTP/1.
fn without_claims(body: Body) -> Body {
    if body.size_hint().exact().is_some() {
        return body;
    }
    Body::streamed(body.map_frame(|frame| match frame.into_trailers() {
        Ok(mut trailers) => {
            hygiene::request_trailers(&mut trailers);
            http_body::Frame::trailers(trailers)
        }
        Err(frame) => frame,
    }))
}

impl From<ForwardError> for Refusal {
    /// What the client learns of a failure: which of the three it was, and nothing of addresses. The log has the rest.
    fn from(error: ForwardError) -> Self {
        match error {
            ForwardError::Call(CallError::Connect(_)) => Self::new(
                Code::UpstreamUnreachable,
                "The service behind this path cannot be reached",
            ),
            ForwardError::Call(
                CallError::Broken(_) | CallError::TooLarge { .. } | CallError::Coding(_),
            ) => Self::new(
                Code::UpstreamBroken,
                "The service behind this path broke off before it answered",
            ),
            ForwardError::Call(CallError::Timeout(_) | CallError::Deadline) => Self::new(
                Code::Timeout,
                "The service behind this path did not answer in time",
            ),
            ForwardError::Call(CallError::NoEndpoint) => Self {
                retry_after: Some(NO_ENDPOINT_RETRY_SECONDS),
                ..Self::new(
                    Code::UpstreamUnavailable,
                    "No server is there for this path at present",
                )
            },
            ForwardError::ClientStalled(_) => {
                Self::new(Code::SlowRequest, "The request body did not arrive in time")
            }
            ForwardError::ClientBroke(_) => {
                Self::new(Code::BadRequest, "The request body broke off")
            }
            ForwardError::Target => Self::new(Code::BadRequest, "The target is not that of a URL"),
        }
    }
}

const NO_ENDPOINT_RETRY_SECONDS: u32 = 5;
