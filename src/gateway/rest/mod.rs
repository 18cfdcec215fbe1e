//! REST routes: the other end that a request can reach.
//!
//! A [`Table`] says which route a request takes; [`answer`] passes it on to the route's upstream and the answer back,
//! both as streams. What a route means is written in `docs/rest.md`.

mod config;
mod hygiene;
mod openapi;
mod operation;
mod pattern;
mod problem;
mod split;
mod table;

pub use config::{Misfit, Routes as RoutesConfig, Upstreams as UpstreamsConfig};
pub use openapi::Config as OpenApiConfig;
pub(super) use openapi::Page as OpenApi;
pub(super) use operation::{Asked, Operation};
pub(super) use problem::refuse;
pub(super) use table::{Graph, Route, Table};

use super::{
    Body, Code, Refusal, gate::Target, metrics::known, observation::Observation, trace::Callee,
};
use crate::upstream::{CallError, Connections, Forward, ForwardError};
use http::{HeaderMap, Method, Response, header, request::Parts, uri::PathAndQuery};
use http_body::Body as _;
use http_body_util::BodyExt;
use hygiene::Asker;
use table::Action;

/// A request on its way to an upstream.
pub(super) struct Request<'a> {
    pub(super) observation: &'a Observation<'a>,
    pub(super) target: Target<'a>,
    pub(super) body: Body,
}

/// Passes a request on, and its answer back.
pub(super) async fn answer(
    route: &Route,
    connections: &Connections,
    request: Request<'_>,
) -> Result<Response<Body>, Refusal> {
    let Request {
        observation,
        target,
        body,
    } = request;
    let head = observation.head();
    check_protocol(head)?;
    let (path, prefix) = route.strip(target.path.as_str());
    let asker = Asker {
        address: observation.client(),
        target: &target,
        prefix,
    };
    let host = route.preserve_host.then(|| head.headers.get(header::HOST));
    let Action::Forward(split) = &route.action else {
        return Err(Refusal::internal());
    };
    let upstream = split.next();
    let mut headers = hygiene::request(head, asker);
    let stage = observation.stage("forward");
    let callee = Callee::Upstream(upstream.name(), known(&head.method));
    let call = observation.origin().fetch(&stage, callee, &mut headers);
    let forward = Forward {
        method: head.method.clone(),
        target: with_query(path, head.uri.query())?,
        headers,
        body: without_claims(body),
        host: host.flatten().cloned(),
        timeout: route.timeout,
    };
    let answer = upstream.forward(connections, forward).await;
    call.ended(match &answer {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) => Err(error.kind()),
    });
    let answer = answer?;
    let headers = hygiene::response(&answer, &head.method);
    let (mut head, body) = answer.into_parts();
    head.headers = headers;
    Ok(Response::from_parts(head, body))
}

/// What cannot be passed on is not passed on in part.
fn check_protocol(head: &Parts) -> Result<(), Refusal> {
    let not_here = |message| Err(Refusal::new(Code::NotImplemented, message));
    if head.method == Method::TRACE {
        return not_here("TRACE is not passed on");
    }
    if wants_websocket(&head.headers) {
        return not_here("WebSockets are not passed on yet");
    }
    Ok(())
}

/// Other upgrades are offers, which a server may leave alone (RFC 9110 section 7.8).
fn wants_websocket(headers: &HeaderMap) -> bool {
    let offers = headers.get_all(header::UPGRADE).iter();
    offers
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(|offer| offer.trim_ascii().eq_ignore_ascii_case(b"websocket"))
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
