//! Whether this process is alive, and whether it wants requests.

use crate::gateway::Body;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use std::sync::atomic::{AtomicBool, Ordering};

/// The state that health checks are answered from.
#[derive(Debug, Default)]
pub struct Health {
    ready: AtomicBool,
}

impl Health {
    /// From now on requests are wanted.
    pub fn become_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// From now on they are not: the process is about to stop.
    pub fn become_unready(&self) {
        self.ready.store(false, Ordering::Release);
    }

    /// Answers a health check. `?ready` asks whether requests are wanted; anything else whether the process is alive,
    /// which it is when it can answer.
    pub(super) fn answer<B>(&self, request: &Request<B>) -> Response<Body> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let asks_ready = request.uri().query().is_some_and(|query| {
            let mut names = query.split('&').map(|pair| pair.split('=').next());
            names.any(|name| name.is_some_and(|name| name.eq_ignore_ascii_case("ready")))
        });
        let (status, body) = if asks_ready && !self.ready.load(Ordering::Acquire) {
            (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"DOWN"}"#)
        } else {
            (StatusCode::OK, r#"{"status":"UP"}"#)
        };
        let mut response = Response::new(Body::full(body));
        *response.status_mut() = status;
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        response
    }
}
