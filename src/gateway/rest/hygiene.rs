//! Which headers cross the gateway, and which it writes itself.
//!
//! Three kinds do not cross. *Hop-by-hop* headers belong to one connection (RFC 9110 section 7.6.1). *Framing* says how
//! long a body is, which each connection says anew. *Claims* say who the client is or what it really asked for: an
//! upstream believes them, so only the gateway may write them.

use crate::gateway::{
    Body, Peer,
    claims::{is_claim, is_identity, plainly},
    gate::Target,
    request_id::X_REQUEST_ID,
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header, request::Parts,
    uri::Authority,
};
use http_body::Body as _;
use std::{collections::HashSet, net::IpAddr};

/// Headers of one connection, in either direction.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("http2-settings"),
];

/// What the gateway tells an upstream itself, with each request.
const TOLD: [HeaderName; 10] = [
    header::VIA,
    header::FORWARDED,
    CLIENT_CERTIFICATE,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-prefix"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

/// The certificate that a client has shown.
pub(super) const CLIENT_CERTIFICATE: HeaderName =
    HeaderName::from_static("x-forwarded-client-cert");

const VIA: HeaderValue = HeaderValue::from_static("1.1 graphway");

/// Who asks, as upstreams are told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker<'a> {
    pub(super) peer: Peer<'a>,
    pub(super) target: &'a Target<'a>,
    /// What was taken off the path.
    pub(super) prefix: Option<&'a str>,
}

/// Why a configuration cannot write a header, if it cannot.
pub(super) fn why_protected(name: &HeaderName) -> Option<&'static str> {
    let plain = plainly(name.as_str());
    if HOP_BY_HOP.contains(name) {
        Some("it belongs to one connection")
    } else if *name == header::HOST {
        Some("`host` or `preserve_host` of a route says it")
    } else if [header::CONTENT_LENGTH, header::EXPECT, header::TRAILER].contains(name) {
        Some("it is about how a body is sent, which each connection says anew")
    } else if TOLD.iter().any(|told| *told == *plain) || plain == X_REQUEST_ID.as_str() {
        Some("the gateway says it itself")
    } else if is_identity(&plain) {
        Some("it says who the client is, which upstreams believe")
    } else {
        None
    }
}

/// The headers of a request, as the upstream gets them; all but `Host` and the framing.
pub(super) fn request(head: &Parts, asker: Asker<'_>) -> HeaderMap {
    let mut headers = end_to_end(&head.headers);
    for name in [header::HOST, header::EXPECT, header::CONTENT_LENGTH] {
        headers.remove(name);
    }
    remove_claims(&mut headers);
    if takes_trailers(&head.headers) {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
    }
    headers.append(header::VIA, VIA);
    introduce(&mut headers, asker);
    headers
}

/// The headers of the answer to a request by this method, as the client gets them.
///
/// The length is said anew from what was read of it, so that a body that turns out shorter does not look whole. Where
/// there never is a body, the length is about another answer, and kept.
pub(super) fn response(answer: &Response<Body>, method: &Method) -> HeaderMap {
    let mut headers = end_to_end(answer.headers());
    let written = headers.remove(header::CONTENT_LENGTH);
    let length = match answer.status() {
        StatusCode::NO_CONTENT => None,
        StatusCode::NOT_MODIFIED => written,
        _ if method == Method::HEAD => written,
        _ => answer.body().size_hint().exact().map(HeaderValue::from),
    };
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, length);
    }
    headers
}

/// Takes out of a request's trailers what may not come as a header either.
pub(super) fn request_trailers(trailers: &mut HeaderMap) {
    *trailers = end_to_end(trailers);
    let own = [
        header::HOST,
        header::CONTENT_LENGTH,
        header::AUTHORIZATION,
        header::COOKIE,
    ];
    for name in own.iter().chain(&TOLD) {
        trailers.remove(name);
    }
    remove_claims(trailers);
}

/// The headers without those of the connection they came on.
pub(super) fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let nominated: HashSet<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect();
    let mut kept = HeaderMap::with_capacity(headers.len() + 8);
    for (name, value) in headers {
        if !HOP_BY_HOP.contains(name) && !nominated.contains(name) {
            kept.append(name.clone(), value.clone());
        }
    }
    kept
}

fn remove_claims(headers: &mut HeaderMap) {
    let claims: Vec<HeaderName> = headers
        .keys()
        .filter(|name| is_claim(name.as_str()))
        .cloned()
        .collect();
    for name in claims {
        headers.remove(name);
    }
}

/// Whether the client reads trailers.
fn takes_trailers(headers: &HeaderMap) -> bool {
    let mut values = headers
        .get_all(header::TE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values.any(|value| {
        value
            .split(',')
            .any(|coding| coding.trim().eq_ignore_ascii_case("trailers"))
    })
}

/// Says who asks, for which host, and what was taken off the path. What clients say of it has been removed.
fn introduce(headers: &mut HeaderMap, asker: Asker<'_>) {
    let (address, scheme) = (asker.peer.address.to_string(), asker.peer.scheme.as_str());
    let host = asker.target.authority.as_ref().map(Authority::as_str);
    let mut set = |name: &'static str, value: &str| {
        // All of these are parts of a URL or an address, which are valid in headers.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-forwarded-for", &address);
    set("x-real-ip", &address);
    set("x-forwarded-proto", scheme);
    // RFC 7239: an address of version 6 is quoted, in brackets.
    let mut forwarded = match asker.peer.address {
        IpAddr::V4(_) => format!("for={address};proto={scheme}"),
        IpAddr::V6(_) => format!("for=\"[{address}]\";proto={scheme}"),
    };
    if let Some(host) = host {
        set("x-forwarded-host", host);
        forwarded.push_str(&format!(";host=\"{host}\""));
    }
    set("forwarded", &forwarded);
    if let Some(prefix) = asker.prefix {
        set("x-forwarded-prefix", prefix);
    }
    if let Some(told) = asker.peer.tls.and_then(|tls| tls.told.as_ref()) {
        headers.insert(CLIENT_CERTIFICATE, told.clone());
    }
}
