//! Which end of the gateway a request is for.

use super::{
    Refusal, Snapshot, authentication::Place, gate::Target, ide::Page, metrics::RouteMetrics,
    overload::Priority, rest,
};
use http::request::Parts;

/// Where a request goes.
#[derive(Clone, Debug)]
pub(super) enum Route<'a> {
    /// For a person at a browser.
    Page(Page),
    Graphql,
    /// For signing in or out.
    Login(Place),
    /// What tells of the routes that operations answer.
    OpenApi(&'a rest::OpenApi),
    Rest(&'a rest::Route),
}

impl Route<'_> {
    /// When its requests are refused because there are too many.
    pub(super) fn priority(&self, snapshot: &Snapshot) -> Priority {
        match self {
            Self::Graphql => snapshot.admission.priority(),
            Self::Rest(route) => route.admission().priority(),
            Self::Page(_) | Self::Login(_) | Self::OpenApi(_) => Priority::default(),
        }
    }
}

/// The route of a request: a page, if there is one here; GraphQL, the OpenAPI document and
/// signing in have their paths to themselves; then the first of `routes` that matches.
pub(super) fn route<'a>(
    snapshot: &'a Snapshot,
    head: &Parts,
    target: &Target<'_>,
) -> Result<Route<'a>, Refusal> {
    if let Some(page) = snapshot.pages.find(head, target.path.as_str()) {
        return Ok(Route::Page(page));
    }
    if target.path.as_str() == snapshot.path.as_str() {
        return Ok(Route::Graphql);
    }
    if let Some(place) = snapshot.authentication.place(target.path.as_str()) {
        return Ok(Route::Login(place));
    }
    if let Some(page) = &snapshot.openapi
        && page.path() == target.path.as_str()
    {
        return Ok(Route::OpenApi(page));
    }
    snapshot.routes.find(head, target).map(Route::Rest)
}

/// Where requests to a route are counted, or those that no route is for.
pub(super) fn metrics<'a>(snapshot: &'a Snapshot, route: Option<&Route<'a>>) -> &'a RouteMetrics {
    match route {
        Some(Route::Graphql) => &snapshot.graphql_metrics,
        Some(Route::Rest(route)) => route.metrics(),
        Some(Route::Page(_) | Route::Login(_) | Route::OpenApi(_)) => &snapshot.pages_metrics,
        None => &snapshot.unrouted_metrics,
    }
}
