//! A refusal as clients of REST routes see it: problem details (RFC 9457).

use crate::gateway::{Body, Refusal};
use http::{HeaderValue, Response, header};
use serde::Serialize;

/// `type` is left out, which means `about:blank`: the status says what kind of problem it is, and `code` which.
#[derive(Serialize)]
struct Details<'a> {
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'static str,
}

/// The response to a request that is refused.
pub(in crate::gateway) fn refuse(refusal: &Refusal) -> Response<Body> {
    let status = refusal.code.status();
    let details = Details {
        title: status.canonical_reason().unwrap_or_default(),
        status: status.as_u16(),
        detail: refusal
            .problems
            .first()
            .map_or("", |problem| problem.message.as_str()),
        code: refusal.code.name(),
    };
    // Texts and a number, which JSON can always hold.
    let body = serde_json::to_vec(&details).unwrap_or_default();
    let mut response = Response::new(Body::full(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    refusal.add_headers(headers);
    response
}
