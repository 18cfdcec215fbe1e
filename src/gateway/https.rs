//! Where a client in the clear finds the same under TLS.

use super::{Body, Code, Refusal, gate, rest};
use http::{HeaderValue, Request, Response, StatusCode, header};

const HTTPS_PORT: u16 = 443;

/// Sends a client on to the host that it has named itself, at this port, and nowhere else. What is not sound enough to be
/// served is not sent on either.
pub fn to_https<B>(request: Request<B>, port: u16) -> Response<Body> {
    let (head, _) = request.into_parts();
    let sent = gate::inspect(&head).and_then(|target| {
        let host = target.authority.as_ref();
        let host =
            host.ok_or_else(|| Refusal::new(Code::BadRequest, "The header `host` is missing"))?;
        let mut url = format!("https://{}", host.host());
        if port != HTTPS_PORT {
            url.push_str(&format!(":{port}"));
        }
        url.push_str(target.path.as_str());
        if let Some(query) = head.uri.query() {
            url.push('?');
            url.push_str(query);
        }
        HeaderValue::try_from(url)
            .map_err(|_| Refusal::new(Code::BadRequest, "The target cannot be said in a header"))
    });
    match sent {
        Ok(location) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
            response.headers_mut().insert(header::LOCATION, location);
            response
        }
        Err(refusal) => rest::refuse(&refusal),
    }
}
