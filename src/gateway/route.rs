//! Which end of the gateway a request is for.

use super::{Code, Refusal, Snapshot, metrics::RouteMetrics};
use http::Uri;

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Graphql,
}

/// The route of a request.
pub(super) fn route(snapshot: &Snapshot, uri: &Uri) -> Result<Route, Refusal> {
    if uri.path() == snapshot.path.as_str() {
        Ok(Route::Graphql)
    } else {
        Err(Refusal::new(
            Code::NotFound,
            "There is nothing at this path",
        ))
    }
}

/// Where requests to a route are counted, or those that no route is for.
pub(super) fn metrics<'a>(snapshot: &'a Snapshot, route: Option<&Route>) -> &'a RouteMetrics {
    match route {
        Some(Route::Graphql) => &snapshot.graphql_metrics,
        None => &snapshot.unrouted_metrics,
    }
}
