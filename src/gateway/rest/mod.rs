//! REST routes: the other end that a request can reach.
//!
//! A [`Table`] says which route a request takes; [`answer`] does what the route says: most pass the request on to an
//! upstream and the answer back, both as streams. What a route means is written in `docs/rest.md`.

mod body;
mod cache;
mod condition;
mod config;
mod date;
mod dead;
mod destination;
mod expression;
mod fixed;
mod forward;
mod grpc;
mod header_field;
mod hygiene;
mod index;
mod json;
mod json_path;
mod key;
mod maintenance;
mod matching;
mod mirror;
mod openapi;
mod operation;
mod pairs;
mod path_pattern;
mod pattern;
mod problem;
mod redirect;
mod size;
mod split;
mod sticky;
mod table;
mod template;
mod trailers;
mod transform;
mod versions;
mod websocket;

pub use cache::{Cache, Config as CacheConfig};
pub use config::Routes as RoutesConfig;
pub(super) use grpc::{
    deadline as grpc_deadline, translated as for_grpc, until as until_grpc_deadline,
};
pub use maintenance::Config as MaintenanceConfig;
pub use openapi::Config as OpenApiConfig;
pub(super) use openapi::Page as OpenApi;
pub(super) use operation::Operation;
pub(super) use problem::refuse;
pub(super) use table::{Action, By, Route, Surroundings, Table};
pub use websocket::Config as WebSocketConfig;
pub(super) use websocket::WebSockets;

use super::{
    Body, Refusal, authentication::Caller, gate::Target, observation::Observation, request_body,
};
use crate::upstream::Connections;
use forward::Passing;
use http::Response;
use operation::Asked;
use serde_json::{Map, Value};
use std::sync::Arc;
use template::Variables;
use tokio::time::Instant;

/// A request that has taken a route.
pub(super) struct Request<'a> {
    pub(super) observation: &'a Observation<'a>,
    pub(super) target: Target<'a>,
    pub(super) caller: Caller,
    pub(super) body: Body,
    pub(super) sockets: &'a WebSockets,
}

/// Reads a request to a route as the variables of the operation that answers it; not coerced. A body is read up to
/// `body_bytes_max` and until `deadline`.
pub(super) async fn decode(
    (route, operation): (&Route, &Operation),
    request: Request<'_>,
    caller: &Caller,
    body_bytes_max: usize,
    deadline: Instant,
) -> Result<Map<String, Value>, Refusal> {
    let head = request.observation.head();
    let mut body = None;
    if operation.needs_body() {
        let reading = request_body::read(&head.headers, request.body, body_bytes_max, deadline);
        body = Some(reading.await?);
    }
    operation.variables(&Asked {
        captures: &route.captures(request.target.path.as_str()),
        query: caller.query(head.uri.query()).as_deref(),
        headers: &caller.headers(&head.headers),
        caller,
        body: body.as_deref(),
    })
}

/// Does with a request what its route says. What the graph answers is not for here: `gateway::handle` sees to that.
pub(super) async fn answer(
    (route, action): (&Route, &Action),
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
    route.check_open(observation.peer().address, &target)?;
    let variables = Variables {
        captures: route.captures(target.path.as_str()),
        head: observation.head(),
        query: caller.query(observation.head().uri.query()),
        target: &target,
        client: observation.peer(),
        caller: &caller,
        request_id: &observation.origin().request_id,
        route: route.metrics().route(),
    };
    match action {
        Action::Redirect(redirect) => redirect.answer(&variables),
        Action::Respond(fixed) => Ok(fixed.answer(&variables)),
        Action::Forward(forwarding) => {
            let passing = Passing {
                connections,
                observation,
                sockets,
                caller: &caller,
                variables: &variables,
            };
            passing.answer(forwarding, body).await
        }
    }
}
