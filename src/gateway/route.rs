//! Which end of the gateway a request is for.

use super::{Refusal, Snapshot, gate::Target, metrics::RouteMetrics, rest};
use http::request::Parts;

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Route<'a> {
    Graphql,
    Rest(&'a rest::Route),
}

/// The route of a request: GraphQL has its path to itself, then the first of `routes` that matches.
pub(super) fn route<'a>(
    snapshot: &'a Snapshot,
    head: &Parts,
    target: &Target<'_>,
) -> Result<Route<'a>, Refusal> {
    if target.path.as_str() == snapshot.path.as_str() {
        return Ok(Route::Graphql);
    }
    snapshot.routes.find(head, target).map(Route::Rest)
}

/// Where requests to a route are counted, or those that no route is for.
pub(super) fn metrics<'a>(snapshot: &'a Snapshot, route: Option<&Route<'a>>) -> &'a RouteMetrics {
    match route {
        Some(Route::Graphql) => &snapshot.graphql_metrics,
        Some(Route::Rest(route)) => route.metrics(),
        None => &snapshot.unrouted_metrics,
    }
}
