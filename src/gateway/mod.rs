//! One request's way through the gateway, stage by stage.
//!
//! [`handle`] lists the stages in order; nothing else does. Each policy is a file: what it learns is its return value,
//! and an early end is a [`Refusal`]. A [`Gateway`] lives as long as the process; a [`Snapshot`] is one configuration
//! with one supergraph, immutable, swapped whole. This layer knows HTTP and GraphQL, but neither sockets nor files.

mod admin;
mod admit;
mod answered;
mod authentication;
mod authorization;
mod b3;
mod base64;
mod bulk;
mod calendar;
mod call_key;
mod calls;
mod check;
mod claims;
mod client_certificate;
mod code;
mod compression;
mod config;
mod consumers;
mod cors;
mod csrf;
mod dedupe;
mod demand_control;
mod directives;
mod documents;
mod errors;
mod execution;
mod expose;
mod finding;
mod gate;
mod graphql;
mod header_types;
mod headers;
mod history;
mod host;
mod https;
mod ide;
mod in_flight;
mod include_subgraph_errors;
mod lasting;
mod limits;
mod local;
mod metrics;
mod misfit;
mod observation;
mod origin;
mod overload;
mod override_labels;
mod override_subgraph_url;
mod parameters;
mod path;
mod peer;
mod planning;
mod policies;
mod prepared;
mod process;
mod program;
mod quality;
mod rate_limit;
mod rates;
mod rehearsal;
mod request_body;
mod request_id;
mod rest;
mod route;
mod seldom;
mod snapshot;
mod stages;
mod subgraph_rules;
mod subgraphs;
mod trace;
mod trace_context;
mod traffic;
mod upstreams;
mod url_path;
mod writes;

pub use crate::upstream::{Body, Egress as EgressConfig, Network};
pub use admin::admin;
pub use answered::Answered;
pub use authentication::{Config as AuthenticationConfig, Error as AuthenticationError};
pub use authorization::{
    Config as AuthorizationConfig, Directives as AuthorizationDirectives, unprotected,
};
pub use check::check;
pub use client_certificate::{AlternativeName, CertificateError, ClientCertificate};
pub use code::Code;
pub use config::Config;
pub use consumers::Config as ConsumerConfig;
pub use cors::Config as CorsConfig;
pub use csrf::Config as CsrfConfig;
pub use demand_control::Config as DemandControlConfig;
pub use errors::{Problem, Refusal};
pub use expose::Config as PluginsConfig;
pub use finding::Finding;
pub use headers::Config as HeadersConfig;
pub use host::is_host;
pub use https::to_https;
pub use ide::{HomepageConfig, SandboxConfig};
pub use include_subgraph_errors::Config as IncludeSubgraphErrorsConfig;
pub use limits::Config as LimitsConfig;
pub use local::Local;
pub use misfit::Misfit;
pub use observation::{Clients as ClientsConfig, Config as ToldConfig};
pub use override_labels::{Config as OverrideLabelsConfig, undecided as undecided_labels};
pub use override_subgraph_url::Config as OverrideSubgraphUrlConfig;
pub use peer::{IPV6_CLIENT_BITS, Peer, Scheme, Tls, network_of};
pub use policies::{Config as PoliciesConfig, GraphqlConfig};
pub use process::{Gateway, ReloadError, StartError};
pub use rate_limit::Config as RateLimitConfig;
pub use rates::{Plans as PlansConfig, RedisConfig};
pub use rehearsal::{Config as RolloutConfig, Failing, Rehearsal};
pub use request_id::Config as RequestIdConfig;
pub use rest::{
    Cache, CacheConfig, MaintenanceConfig, OpenApiConfig, RoutesConfig, WebSocketConfig,
};
pub use snapshot::Snapshot;
pub use subgraph_rules::SnapshotError;
pub use trace::Config as TraceConfig;
pub use traffic::Config as TrafficShapingConfig;
pub use upstreams::Upstreams as UpstreamsConfig;
pub use url_path::UrlPath;

use crate::{executor::Reply, operation::OperationKind};
use admit::{admit, sign};
use authentication::Caller;
use bytes::Bytes;
use execution::Execution;
use graphql::Media;
use http::{HeaderMap, Method, Request, Response};
use observation::Observation;
use program::{check_operation, in_time, plan, weigh};
use rates::Standings;
use rest::By;
use route::Route;

use std::sync::Arc;
use subgraph_rules::Returned;
use subgraphs::{Client, until};
use tokio::time::{Instant, timeout_at};

/// Answers a request of a client. `local` is what the worker has that it runs on.
pub async fn handle(
    snapshot: &Arc<Snapshot>,
    local: &Arc<Local>,
    peer: Peer<'_>,
    request: Request<Body>,
) -> Response<Body> {
    let (head, body) = request.into_parts();

    // Where to.
    let routed = gate::inspect(&head).and_then(|target| {
        let route = route::route(snapshot, &head, &target)?;
        Ok((route, target))
    });
    let metrics = route::metrics(snapshot, routed.as_ref().ok().map(|(route, _)| route));
    let observation = snapshot.observe(metrics, peer, &head);
    let mut standings = Standings::new(&snapshot.rates);
    let preflight = snapshot.cors.preflight(&head);
    let admitted = routed.and_then(|(route, target)| {
        if preflight.is_none() && !matches!(route, Route::Page(_)) {
            snapshot.admit()?;
            observation.take_place(route.priority(snapshot))?;
            snapshot.maintenance.check(peer.address, &target)?;
        }
        Ok((route, target))
    });

    // The end it is for. Each refuses in its own words.
    let is_preflight = preflight.is_some();
    let response = match (preflight, admitted) {
        (Some(answer), _) => answer,
        (None, Ok((Route::Page(page), _))) => page.response(),
        (None, Ok((Route::Graphql, _))) => match graphql::negotiate(&head.headers) {
            Ok(media) => answer(snapshot, local, (&observation, body, media), &mut standings)
                .await
                .unwrap_or_else(|refusal| graphql::refuse(media, &refusal))
                .map(Body::full),
            Err(refusal) => refuse(&refusal),
        },
        (None, Ok((Route::Rest(route), target))) => {
            let request = rest::Request {
                observation: &observation,
                target,
                caller: Caller::default(),
                body,
                sockets: &snapshot.sockets,
            };
            let response = match route.answered_by() {
                By::Graph(operation) => {
                    let route = (route, operation.as_ref());
                    ask(snapshot, local, route, request, &mut standings).await
                }
                By::Rest(action) => {
                    pass(snapshot, local, (route, action), request, &mut standings).await
                }
            };
            response.unwrap_or_else(|refusal| rest::refuse(&refusal))
        }
        (None, Ok((Route::Login(place), _))) => sign((snapshot, local, &observation), place).await,
        (None, Ok((Route::OpenApi(page), _))) => {
            show((snapshot, local), &observation, page, &mut standings).await
        }
        (None, Err(refusal)) if head.uri.path() == snapshot.path.as_str() => refuse(&refusal),
        (None, Err(refusal)) => rest::refuse(&refusal),
    };
    let mut response = rest::for_grpc(&head.headers, response);
    let said = response.headers_mut();
    standings.tell(said);
    snapshot.cors.allow(&head.headers, is_preflight, said);
    let response = match snapshot.compresses {
        true => compression::compress(&head.headers, response).await,
        false => response,
    };
    observation.end(response)
}

/// The response to a request that is refused before [`handle`] can see it, or when it fails.
pub fn refuse(refusal: &Refusal) -> Response<Body> {
    graphql::refuse(Media::Json, refusal).map(Body::full)
}

/// The response to a request that is refused unread, so that nobody knows which end it is for.
pub fn refuse_unread(headers: &HeaderMap, refusal: &Refusal) -> Response<Body> {
    rest::for_grpc(headers, rest::refuse(refusal))
}

/// Passes a request on to the upstream of a route.
async fn pass<'a>(
    snapshot: &Snapshot,
    local: &Local,
    (route, action): (&'a rest::Route, &rest::Action),
    mut request: rest::Request<'_>,
    standings: &mut Standings<'a>,
) -> Result<Response<Body>, Refusal> {
    let deadline = Instant::now() + snapshot.timeout;
    let at = (snapshot, local, request.observation);
    let grpc_deadline = rest::grpc_deadline(&request.observation.head().headers);
    let admission = route.admission();
    let admitted = admit(at, admission, request.body, standings, deadline).await?;
    let facts = request.observation.facts().sent_by(&admitted.caller);
    admission.judge(facts, standings).await?;
    request.body = admitted.body;
    request.caller = admitted.caller;
    let answering = rest::answer((route, action), &local.connections, request);
    let Some(deadline) = grpc_deadline else {
        return admitted.checks.judge(answering.await);
    };
    let answer = timeout_at(deadline, answering).await;
    let answer = answer.map_err(|_| Refusal::timeout())?;
    let answer = admitted.checks.judge(answer)?;
    Ok(rest::until_grpc_deadline(deadline, answer))
}

/// Tells of the routes that operations answer.
async fn show<'a>(
    (snapshot, local): (&'a Snapshot, &Local),
    observation: &Observation<'_>,
    page: &rest::OpenApi,
    standings: &mut Standings<'a>,
) -> Response<Body> {
    let deadline = Instant::now() + snapshot.timeout;
    let (at, admission) = ((snapshot, local, observation), &snapshot.admission);
    let shown = async {
        let admitted = admit(at, admission, Body::empty(), standings, deadline).await?;
        let facts = observation.facts().sent_by(&admitted.caller);
        admission.judge(facts, standings).await?;
        page.answer(&observation.head().method)
    };
    shown.await.unwrap_or_else(|refusal| rest::refuse(&refusal))
}

/// Answers a request to a route by the operation that the route has: the stages of [`answer`], but for the first and the
/// last.
async fn ask<'a>(
    snapshot: &Arc<Snapshot>,
    local: &Arc<Local>,
    (route, operation): (&'a rest::Route, &rest::Operation),
    mut request: rest::Request<'_>,
    standings: &mut Standings<'a>,
) -> Result<Response<Body>, Refusal> {
    let deadline = Instant::now() + route.timeout().unwrap_or(snapshot.timeout);
    let observation = request.observation;
    let head = observation.head();
    let prepared = operation.prepared();
    let document = prepared.document();
    observation.operation(prepared);

    // Admit.
    let mut stage = observation.stage("admit");
    route.check_open(observation.peer().address, &request.target)?;
    let is_json = request_body::check(&head.headers);
    if operation.needs_body() {
        is_json.clone()?;
    }
    if head.method == Method::POST && document.kind() == OperationKind::Mutation {
        snapshot.csrf.check(&head.headers, is_json.is_ok())?;
    }
    let (at, admission) = ((&**snapshot, &**local, observation), route.admission());
    let admitted = admit(at, admission, request.body, standings, deadline).await?;
    let caller = &admitted.caller;
    let facts = observation.facts().sent_by(caller);
    let facts = facts.of_operation(document.name());
    admission.judge(facts, standings).await?;

    // Decode.
    observation.next(&mut stage, "decode");
    let body_max = snapshot.limits.body_bytes;
    request.body = admitted.body;
    let route_here = (route, operation);
    let decoding = rest::decode(route_here, request, caller, body_max, deadline);
    let decoded = admitted.checks.judge(decoding.await)?;
    let variables = document.coerce(snapshot.supergraph(), decoded)?;

    // Plan.
    observation.next(&mut stage, "plan");
    let planning = plan(at, caller, (prepared, &variables), deadline);
    let (_, program) = planning.await?;
    let weighed = weigh(snapshot, observation, &program, &variables)?;
    let points = weighed.as_ref().map(|weighed| weighed.estimated);
    route.admission().charge(points, facts, standings).await?;

    // Run.
    observation.next(&mut stage, "execute");
    let execution = Execution {
        snapshot,
        local,
        client: Client::of(observation, &stage, caller).costing(weighed.as_ref()),
        prepared,
        program: &program,
        variables: &variables,
    };
    let Reply::One(response) = execution.run(Some(deadline)).await?;
    observation.cost(response.cost);

    // Encode.
    observation.next(&mut stage, "encode");
    let mut shown = Vec::new();
    if !response.errors.is_empty() {
        graphql::write_errors(&mut shown, &snapshot.subgraphs, &response.errors);
    }
    let mut answer = operation.respond(&response, &shown);
    let returned = Returned {
        answers: &response.headers,
        has_errors: !response.errors.is_empty(),
    };
    snapshot
        .subgraphs
        .add_returned(&returned, answer.headers_mut());
    Ok(answer)
}

/// Answers a GraphQL request.
async fn answer<'a>(
    snapshot: &'a Arc<Snapshot>,
    local: &Arc<Local>,
    (observation, body, media): (&Observation<'_>, Body, Media),
    standings: &mut Standings<'a>,
) -> Result<Response<Bytes>, Refusal> {
    let deadline = Instant::now() + snapshot.timeout;
    let head = observation.head();

    // Admit.
    let mut stage = observation.stage("admit");
    let method = graphql::check_method(&head.method)?;
    let is_json = graphql::is_json(method, &head.headers)?;
    snapshot.csrf.check(&head.headers, is_json)?;
    let (at, admission) = ((&**snapshot, &**local, observation), &snapshot.admission);
    let admitted = admit(at, admission, body, standings, deadline).await?;
    let caller = &admitted.caller;

    // Decode.
    observation.next(&mut stage, "decode");
    let body_bytes_max = snapshot.limits.body_bytes;
    let decoding = graphql::decode(method, head, admitted.body, body_bytes_max, deadline);
    let request = admitted.checks.judge(decoding.await)?;

    // Document.
    observation.next(&mut stage, "prepare");
    let name = request.operation_name.as_deref();
    let preparing = snapshot.documents.prepare(&request.query, name);
    let prepared = in_time(deadline, preparing).await?;
    let document = prepared.document();
    observation.operation(&prepared);
    let facts = observation.facts().sent_by(caller);
    let facts = facts.of_operation(document.name());
    snapshot.admission.judge(facts, standings).await?;
    check_operation(snapshot, method, document)?;
    let variables = document.coerce(snapshot.supergraph(), request.variables)?;

    // Plan.
    observation.next(&mut stage, "plan");
    let planning = plan(at, caller, (&prepared, &variables), deadline);
    let (conditions, program) = planning.await?;
    let mut exposed = None;
    if let Some(asked) = snapshot.plugins.asked(&head.headers) {
        let showing = snapshot.documents.show(&prepared, conditions);
        let plan = in_time(deadline, showing).await?;
        exposed = Some(expose::Exposed { asked, plan });
    }
    if let Some(only) = exposed.as_ref().filter(|exposed| exposed.asked.dry_run) {
        return Ok(graphql::encode_plan(media, only));
    }
    let weighed = weigh(snapshot, observation, &program, &variables)?;
    let points = weighed.as_ref().map(|weighed| weighed.estimated);
    snapshot.admission.charge(points, facts, standings).await?;

    // Run.
    observation.next(&mut stage, "execute");
    let execution = Execution {
        snapshot,
        local,
        client: Client::of(observation, &stage, caller).costing(weighed.as_ref()),
        prepared: &prepared,
        program: &program,
        variables: &variables,
    };
    let is_shared = exposed.is_none() && document.kind() == OperationKind::Query;
    if let Some(dedupe) = snapshot.dedupe.as_ref().filter(|_| is_shared) {
        let response = execution.share(dedupe, media);
        let response = until(Some(deadline), response).await;
        return response.ok_or_else(Refusal::timeout);
    }
    let reply = execution.run(Some(deadline)).await?;
    let Reply::One(response) = &reply;
    observation.cost(response.cost);

    // Encode.
    observation.next(&mut stage, "encode");
    let rules = &snapshot.subgraphs;
    Ok(graphql::encode(rules, media, reply, exposed.as_ref()))
}
