//! One request's way through the gateway, stage by stage.
//!
//! [`handle`] lists the stages in order; nothing else does. Each policy is a file: what it learns is its return value,
//! and an early end is a [`Refusal`]. A [`Gateway`] lives as long as the process; a [`Snapshot`] is one configuration
//! with one supergraph, immutable, swapped whole. This layer knows HTTP and GraphQL, but neither sockets nor files.

mod check;
mod config;
mod csrf;
mod errors;
mod expose;
mod finding;
mod graphql;
mod header_types;
mod headers;
mod ide;
mod include_subgraph_errors;
mod limits;
mod override_subgraph_url;
mod planning;
mod process;
mod route;
mod snapshot;
mod subgraph_rules;
mod subgraphs;
mod traffic;
mod url_path;

pub use crate::upstream::{Body, Connections};
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
pub use snapshot::Snapshot;
pub use subgraph_rules::SnapshotError;
pub use traffic::Config as TrafficShapingConfig;
pub use url_path::UrlPath;

use crate::{executor, operation::OperationKind};
use graphql::Media;
use http::{Request, Response, request::Parts};
use route::Route;
use std::sync::Arc;
use subgraphs::Outgoing;
use tokio::time::{Instant, timeout_at};

/// Answers a request. `connections` are those of the worker it runs on.
pub async fn handle(
    snapshot: &Snapshot,
    connections: &Arc<Connections>,
    request: Request<Body>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let answer = match route::route(snapshot, &head) {
        Ok(Route::Page(page)) => Ok(page.response()),
        Ok(Route::Graphql) => match graphql::negotiate(&head.headers) {
            Ok(media) => answer(snapshot, connections, &head, body, media)
                .await
                .map_err(|refusal| (media, refusal)),
            Err(refusal) => Err((Media::Json, refusal)),
        },
        Err(refusal) => Err((Media::Json, refusal)),
    };
    answer.unwrap_or_else(|(media, refusal)| graphql::refuse(media, &refusal))
}

/// The response to a request that is refused before [`handle`] can see it, or when it fails.
pub fn refuse(refusal: &Refusal) -> Response<Body> {
    graphql::refuse(Media::Json, refusal)
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

    // Decode.
    let request = graphql::decode(method, head, body, snapshot.limits.body_bytes, deadline).await?;

    // Document.
    let preparing = snapshot
        .documents
        .prepare(&request.query, request.operation_name.as_deref());
    let prepared = timeout_at(deadline, preparing)
        .await
        .map_err(|_| Refusal::timeout())??;
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
    let program = timeout_at(deadline, planning)
        .await
        .map_err(|_| Refusal::timeout())??;
    let exposed = match snapshot.plugins.asked(&head.headers) {
        Some(asked) => {
            let showing = snapshot.documents.show(&prepared, conditions);
            let plan = timeout_at(deadline, showing).await;
            let plan = plan.map_err(|_| Refusal::timeout())??;
            Some(expose::Exposed { asked, plan })
        }
        None => None,
    };
    if let Some(only) = exposed.as_ref().filter(|exposed| exposed.asked.dry_run) {
        return Ok(graphql::encode_plan(media, only));
    }

    // Run.
    let introspecting = snapshot.documents.introspect(&prepared, &variables);
    let introspection = timeout_at(deadline, introspecting)
        .await
        .map_err(|_| Refusal::timeout())??;
    let subgraphs = Outgoing::new(snapshot, connections, &head.headers, deadline);
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
