//! A refusal as clients of REST routes see it: problem details (RFC 9457).

use crate::gateway::{Body, Refusal, errors::FirstError};
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// Where there is no `type` it is `about:blank`: the status says what kind of problem it is, and `code` which.
#[derive(Default, Serialize)]
struct Details<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a RawValue>,
    #[serde(
        rename = "violated-policies",
        skip_serializing_if = "<[&str]>::is_empty"
    )]
    violated_policies: &'a [&'a str],
}

/// The type of what is refused because of rate limits (draft-ietf-httpapi-ratelimit-headers).
const QUOTA_EXCEEDED: &str = "https://iana.org/assignments/http-problem-types#quota-exceeded";

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
        detail,
        code,
        errors,
        ..Details::default()
    };
    written(status, details)
}

fn written(status: StatusCode, mut details: Details<'_>) -> Response<Body> {
    details.title = status.canonical_reason().unwrap_or_default();
    details.status = status.as_u16();
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
    let problems = refusal.problems.iter();
    let violated: Vec<&str> = problems
        .filter_map(|problem| problem.limit.as_deref())
        .collect();
    let details = Details {
        kind: (!violated.is_empty()).then_some(QUOTA_EXCEEDED),
        detail,
        code: refusal.code.name(),
        errors: errors.as_deref(),
        violated_policies: &violated,
        ..Details::default()
    };
    let mut response = written(refusal.code.status(), details);
    response.extensions_mut().insert(FirstError(refusal.code));
    refusal.add_headers(response.headers_mut());
    response
}
