//! Which end of the gateway a request is for.

use super::{Refusal, Snapshot, gate::Target, rest};
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
