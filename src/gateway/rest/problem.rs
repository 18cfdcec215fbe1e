//! A refusal as clients of REST routes see it: problem details (RFC 9457).

use crate::gateway::{Body, Refusal, errors::FirstError};
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// `type` is left out, which means `about:blank`: the status says what kind of problem it is, and `code` which.
#[derive(Serialize)]
struct Details<'a> {
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a RawValue>,
}

/// One of several things that are wrong.
#[derive(Serialize)]
struct Detail<'a> {
    detail: &'a str,
}

/// A problem, with what is wrong in detail, a JSON list.
pub(super) fn respond(
    status: StatusCode,
    code: &str,
    detail: &str,
    errors: Option<&RawValue>,
) -> Response<Body> {
    let details = Details {
        title: status.canonical_reason().unwrap_or_default(),
        status: status.as_u16(),
        detail,
        code,
        errors,
    };
    // Texts and a number, which JSON can always hold.
    let body = serde_json::to_vec(&details).unwrap_or_default();
    let mut response = Response::new(Body::full(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    response
}

/// The response to a request that is refused.
pub(in crate::gateway) fn refuse(refusal: &Refusal) -> Response<Body> {
    if let Some(answered) = &refusal.answered {
        let mut response = answered.response().map(Body::full);
        response.extensions_mut().insert(FirstError(refusal.code));
        return response;
    }
    let problems = refusal.problems.iter();
    let details: Vec<Detail<'_>> = problems
        .map(|problem| Detail {
            detail: &problem.message,
        })
        .collect();
    let errors = match details.as_slice() {
        [] | [_] => None,
        several => to_raw_value(several).ok(),
    };
    let detail = details.first().map_or("", |first| first.detail);
    let (status, code) = (refusal.code.status(), refusal.code.name());
    let mut response = respond(status, code, detail, errors.as_deref());
    response.extensions_mut().insert(FirstError(refusal.code));
    refusal.add_headers(response.headers_mut());
    response
}
