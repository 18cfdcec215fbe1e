//! What operators are shown, on a listener of their own.

use super::{Body, Code, Gateway, Refusal, rest};
use http::{HeaderValue, Method, Response, header, request::Parts};
use serde::Serialize;

/// Where the state of the upstreams is.
const UPSTREAMS: &str = "/admin/upstreams";

#[derive(Serialize)]
struct Upstreams {
    upstreams: Vec<crate::upstream::Status>,
}

/// Answers a request of an operator.
pub fn admin(gateway: &Gateway, head: &Parts) -> Response<Body> {
    answer(gateway, head).unwrap_or_else(|refusal| rest::refuse(&refusal))
}

fn answer(gateway: &Gateway, head: &Parts) -> Result<Response<Body>, Refusal> {
    if head.uri.path() != UPSTREAMS {
        let message = format!("There is nothing at this path; there is {UPSTREAMS}");
        return Err(Refusal::new(Code::NotFound, message));
    }
    if !matches!(head.method, Method::GET | Method::HEAD) {
        return Err(Refusal::method("GET, HEAD", "Only GET is answered here"));
    }
    let upstreams = Upstreams {
        upstreams: gateway.upstreams(),
    };
    let body = serde_json::to_vec_pretty(&upstreams).map_err(|error| {
        tracing::error!(%error, "the state of the upstreams cannot be written");
        Refusal::internal()
    })?;
    let mut response = Response::new(Body::full(body));
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
