//! One request's way through the gateway, stage by stage.
//!
//! [`handle`] lists the stages in order; nothing else does. Each policy is a file: what it learns is its return value,
//! and an early end is a [`Refusal`]. A [`Gateway`] lives as long as the process; a [`Snapshot`] is one configuration
//! with one supergraph, immutable, swapped whole. This layer knows HTTP and GraphQL, but neither sockets nor files.

mod authentication;
mod authorization;
mod check;
mod config;
mod csrf;
mod errors;
mod expose;
mod finding;
mod gate;
mod graphql;
mod header_types;
mod headers;
mod ide;
mod include_subgraph_errors;
mod limits;
mod override_subgraph_url;
mod path;
mod planning;
mod process;
mod rest;
mod route;
mod snapshot;
mod subgraph_rules;
mod subgraphs;
mod traffic;
mod url_path;

pub use crate::upstream::{Body, Connections};
pub use authentication::{Config as AuthenticationConfig, Error as AuthenticationError};
pub use authorization::Config as AuthorizationConfig;
pub use check::check;
pub use config::Config;
pub use csrf::Config as CsrfConfig;
pub use errors::{Code, Problem, Refusal};
pub use expose::Config as PluginsConfig;
pub use finding::Finding;
pub use headers::Config as HeadersConfig;
pub use ide::{HomepageConfig, SandboxConfig};
pub use include_subgraph_errors::Config as IncludeSubgraphErrorsConfig;
pub use limits::Config as LimitsConfig;
pub use override_subgraph_url::Config as OverrideSubgraphUrlConfig;
pub use process::{Gateway, StartError};
pub use rest::{Misfit, RoutesConfig, UpstreamsConfig};
pub use snapshot::Snapshot;
pub use subgraph_rules::SnapshotError;
pub use traffic::Config as TrafficShapingConfig;
pub use url_path::UrlPath;

use crate::{executor, operation::OperationKind};
use graphql::Media;
use http::{Request, Response, request::Parts};
use route::Route;
use std::{net::IpAddr, sync::Arc};
use subgraphs::{Client, Outgoing};
use tokio::time::{Instant, timeout_at};

/// Answers a request of a client at this address. `connections` are those of the worker it runs on.
pub async fn handle(
    snapshot: &Snapshot,
    connections: &Arc<Connections>,
    client: IpAddr,
    request: Request<Body>,
) -> Response<Body> {
    let (head, body) = request.into_parts();

    // Where to.
    let routed = gate::inspect(&head).and_then(|target| {
        let route = route::route(snapshot, &head, &target)?;
        Ok((route, target))
    });

    // The end it is for. Each refuses in its own words.
    match routed {
        Ok((Route::Page(page), _)) => page.response(),
        Ok((Route::Graphql, _)) => match graphql::negotiate(&head.headers) {
            Ok(media) => answer(snapshot, connections, &head, body, media)
                .await
                .unwrap_or_else(|refusal| graphql::refuse(media, &refusal)),
            Err(refusal) => graphql::refuse(Media::Json, &refusal),
        },
        Ok((Route::Rest(route), target)) => {
            let request = rest::Request {
                client,
                target,
                head: &head,
                body,
            };
            pass(snapshot, connections, route, request)
                .await
                .unwrap_or_else(|refusal| rest::refuse(&refusal))
        }
        Err(refusal) if head.uri.path() == snapshot.path.as_str() => {
            graphql::refuse(Media::Json, &refusal)
        }
        Err(refusal) => rest::refuse(&refusal),
    }
}

/// The response to a request that is refused before [`handle`] can see it, or when it fails.
pub fn refuse(refusal: &Refusal) -> Response<Body> {
    graphql::refuse(Media::Json, refusal)
}

/// Passes a request on to the upstream of a route.
async fn pass(
    snapshot: &Snapshot,
    connections: &Arc<Connections>,
    route: &rest::Route,
    request: rest::Request<'_>,
) -> Result<Response<Body>, Refusal> {
    let authenticating = snapshot.authentication.authenticate(&request.head.headers);
    timeout_at(Instant::now() + snapshot.timeout, authenticating)
        .await
        .map_err(|_| Refusal::timeout())??;
    rest::answer(route, connections, request).await
}

/// Answers a GraphQL request.
async fn answer(
    snapshot: &Snapshot,
    connections: &Arc<Connections>,
    head: &Parts,
    body: Body,
    media: Media,
) -> Result<Response<Body>, Refusal> {
    let deadline = Instant::now() + snapshot.timeout;

    // Admit.
    let method = graphql::check_method(&head.method)?;
    let is_json = graphql::is_json(method, &head.headers)?;
    snapshot.csrf.check(&head.headers, is_json)?;

    let authenticating = snapshot.authentication.authenticate(&head.headers);
    let caller = timeout_at(deadline, authenticating)
        .await
        .map_err(|_| Refusal::timeout())??;

    // Decode.
    let request = graphql::decode(method, head, body, snapshot.limits.body_bytes, deadline).await?;

    // Document.
    let preparing = snapshot
        .documents
        .prepare(&request.query, request.operation_name.as_deref());
    let prepared = in_time(deadline, preparing).await?;
    let document = prepared.document();
    if method == graphql::Method::Get && document.kind() != OperationKind::Query {
        return Err(Refusal::method("POST", "Mutations must be sent by POST"));
    }
    if document.has_introspection() && !snapshot.introspection {
        return Err(Refusal::new(
            Code::IntrospectionDisabled,
            "Introspection is disabled (supergraph.introspection)",
        ));
    }
    snapshot.limits.check(document.measures())?;
    let variables = document.coerce(snapshot.supergraph(), request.variables)?;

    // Plan: what depends on the request is settled first, so that the plan is without conditions.
    let conditions = document.conditions(&variables);
    let planning = snapshot.documents.program(&prepared, &conditions);
    let program = in_time(deadline, planning).await?;
    let exposed = match snapshot.plugins.asked(&head.headers) {
        Some(asked) => {
            let showing = snapshot.documents.show(&prepared, conditions);
            let plan = in_time(deadline, showing).await?;
            Some(expose::Exposed { asked, plan })
        }
        None => None,
    };
    if let Some(only) = exposed.as_ref().filter(|exposed| exposed.asked.dry_run) {
        return Ok(graphql::encode_plan(media, only));
    }

    // Run.
    let introspecting = snapshot.documents.introspect(&prepared, &variables);
    let introspection = in_time(deadline, introspecting).await?;
    let client = Client {
        headers: &head.headers,
        caller: &caller,
    };
    let subgraphs = Outgoing::new(snapshot, connections, client, deadline);
    let run = executor::Request {
        variables: &variables,
        introspection: introspection.as_ref(),
        subgraphs: &subgraphs,
    };
    let reply = executor::run(&program, run).await;
    if subgraphs.is_late() {
        return Err(Refusal::timeout());
    }

    // Encode.
    Ok(graphql::encode(
        &snapshot.subgraphs,
        media,
        reply,
        exposed.as_ref(),
    ))
}

/// What a stage gives, if it does before the request has to end.
async fn in_time<T>(
    deadline: Instant,
    stage: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    timeout_at(deadline, stage)
        .await
        .unwrap_or_else(|_| Err(Refusal::timeout()))
}
