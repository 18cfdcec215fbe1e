//! Which end of the gateway a request is for.

use super::{Code, Refusal, Snapshot, ide::Page};
use http::request::Parts;

/// Where a request goes.
#[derive(Clone, Debug)]
pub(super) enum Route {
    /// For a person at a browser.
    Page(Page),
    Graphql,
}

/// The route of a request.
pub(super) fn route(snapshot: &Snapshot, head: &Parts) -> Result<Route, Refusal> {
    if let Some(page) = snapshot.pages.find(head) {
        return Ok(Route::Page(page));
    }
    if head.uri.path() == snapshot.path.as_str() {
        Ok(Route::Graphql)
    } else {
        Err(Refusal::new(
            Code::NotFound,
            "There is nothing at this path",
        ))
    }
}
