//! Responses in the coding that the client likes best (`Accept-Encoding`, RFC 9110 section 12.5.3).
//!
//! What this process has whole is compressed: GraphQL responses, pages, what routes answer by themselves. What a REST upstream
//! answers passes as it came, for the upstream was told what the client accepts; unless its route has it compressed. A response that several clients share is compressed for each
//! of them after it is shared.

use super::{Body, quality::quality};
use crate::upstream::Coding;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body::Body as _;

/// Less fits into one packet together with its head: compressed, it would take as long.
const BODY_BYTES_MIN: usize = 1024;

/// The response in a coding that these headers of its request ask for, if it gains by that.
pub(super) async fn compress(request: &HeaderMap, mut response: Response<Body>) -> Response<Body> {
    let large = response.body().whole();
    let Some(body) = large.filter(|body| body.len() >= BODY_BYTES_MIN) else {
        return response;
    };
    // A part of a representation is a part of its bytes (RFC 9110 section 14.2).
    if response.status() == StatusCode::PARTIAL_CONTENT
        || response.headers().contains_key(header::CONTENT_ENCODING)
        || forbids_transforming(response.headers())
    {
        return response;
    }
    let body = body.clone();
    let vary = HeaderValue::from_static("accept-encoding");
    response.headers_mut().append(header::VARY, vary);
    let Some(coding) = negotiate(request).filter(|_| !forbids_transforming(request)) else {
        return response;
    };
    if let Some(compressed) = coding.compress(body).await {
        *response.body_mut() = Body::full(compressed);
        say(response.headers_mut(), coding);
    }
    response
}

/// The same for an answer that streams.
pub(super) fn compress_stream(request: &HeaderMap, response: Response<Body>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    let small = body.size_hint().upper();
    if small.is_some_and(|bytes| bytes < BODY_BYTES_MIN as u64)
        || body.is_end_stream()
        || head.status == StatusCode::PARTIAL_CONTENT
        || head.headers.contains_key(header::CONTENT_ENCODING)
        || forbids_transforming(&head.headers)
        || !shrinks(&head.headers)
    {
        return Response::from_parts(head, body);
    }
    let vary = HeaderValue::from_static("accept-encoding");
    head.headers.append(header::VARY, vary);
    let Some(coding) = negotiate(request).filter(|_| !forbids_transforming(request)) else {
        return Response::from_parts(head, body);
    };
    let body = match coding.stream(body) {
        Ok(coded) => {
            say(&mut head.headers, coding);
            coded
        }
        Err(plain) => plain,
    };
    Response::from_parts(head, body)
}

/// Whether a body of this type gets smaller: text of some kind.
fn shrinks(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let text = [
        "application/json",
        "application/javascript",
        "application/xml",
        "application/wasm",
    ];
    kind.starts_with("text/")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || text.contains(&kind.as_str())
}

/// Says in the headers that the body is in a coding: it has another length now, and other parts.
fn say(headers: &mut HeaderMap, coding: Coding) {
    let name = HeaderValue::from_static(coding.name());
    headers.insert(header::CONTENT_ENCODING, name);
    headers.remove(header::ACCEPT_RANGES);
    headers.remove(header::CONTENT_LENGTH);
    weaken(headers);
}

/// Makes the entity tag one that does not speak of bytes (RFC 9110 section 8.8.1).
pub(super) fn weaken(headers: &mut HeaderMap) {
    let tag = headers.get(header::ETAG);
    let strong = tag.filter(|tag| tag.as_bytes().starts_with(b"\""));
    let weak = strong.map(|tag| [b"W/", tag.as_bytes()].concat());
    if let Some(weak) = weak.and_then(|weak| HeaderValue::from_bytes(&weak).ok()) {
        headers.insert(header::ETAG, weak);
    }
}

/// `no-transform` is for everybody on the way (RFC 9111 sections 5.2.1.6 and 5.2.2.6).
fn forbids_transforming(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::CACHE_CONTROL).iter();
    let mut directives = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    directives.any(|directive| directive.trim_ascii().eq_ignore_ascii_case(b"no-transform"))
}

/// The coding that the client likes best; of some it likes equally our own favourite. None: it wants the body as it is,
/// or names nothing that is here, which is the same.
fn negotiate(headers: &HeaderMap) -> Option<Coding> {
    let mut named = [None; Coding::ALL.len()];
    let mut others = None;
    let mut identity = None;
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for element in value.to_str().unwrap_or_default().split(',') {
            let mut parameters = element.split(';').map(str::trim);
            let name = parameters.next().unwrap_or_default();
            let quality = Some(quality(parameters));
            let known = Coding::named(name);
            match name {
                "*" => others = quality,
                _ if name.eq_ignore_ascii_case("identity") => identity = quality,
                _ => {
                    let place = Coding::ALL.iter().position(|coding| Some(*coding) == known);
                    if let Some(place) = place {
                        named[place] = quality;
                    }
                }
            }
        }
    }
    let mut best = (None, identity.unwrap_or_default());
    for (coding, quality) in Coding::ALL.into_iter().zip(named) {
        let quality = quality.or(others).unwrap_or_default();
        let is_better = match best {
            (None, least) => quality >= least,
            (Some(_), known) => quality > known,
        };
        if quality > 0.0 && is_better {
            best = (Some(coding), quality);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(values: &[&'static str]) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
        }
        negotiate(&headers).map(Coding::name)
    }

    #[test]
    fn the_client_decides() {
        let cases = [
            (&[][..], None),
            (&[""], None),
            (&["identity"], None),
            (&["deflate, compress"], None),
            (&["gzip"], Some("gzip")),
            (&["X-GZIP"], Some("gzip")),
            (&["br;q=1.0, gzip;q=0.8"], Some("br")),
            (&["br;q=0.5, gzip;q=0.8"], Some("gzip")),
            (&["br;q=0.5", "gzip ; Q=0.8"], Some("gzip")),
            (&["gzip, deflate, br, zstd"], Some("zstd")),
            (&["gzip, deflate, br"], Some("br")),
            (&["*"], Some("zstd")),
            (&["*, zstd;q=0"], Some("br")),
            (&["gzip;q=0"], None),
            (&["gzip;q=2"], None),
            (&["gzip;q=0.5, identity;q=0.8"], None),
            (&["gzip;q=0.5, identity;q=0.5"], Some("gzip")),
            (&["gzip;q=0.5, identity;q=0"], Some("gzip")),
            (&["*;q=0"], None),
            (&["gzip;q=0.001"], Some("gzip")),
        ];
        for (accepted, expected) in cases {
            assert_eq!(chosen(accepted), expected, "{accepted:?}");
        }
    }

    async fn compressed(
        request: &[(&'static str, &'static str)],
        response: &[(&'static str, &'static str)],
        bytes: usize,
    ) -> Response<Body> {
        let map = |headers: &[(&'static str, &'static str)]| -> HeaderMap {
            let headers = headers.iter().map(|(name, value)| {
                let name = http::HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            });
            headers.collect()
        };
        let mut whole = Response::new(Body::full(vec![b' '; bytes]));
        *whole.headers_mut() = map(response);
        compress(&map(request), whole).await
    }

    #[tokio::test]
    async fn what_is_small_or_must_not_be_touched_stays() {
        let gzip = [("accept-encoding", "gzip")];
        let coding = |response: &Response<Body>| {
            let coding = response.headers().get(header::CONTENT_ENCODING);
            coding.map(|coding| coding.to_str().unwrap().to_owned())
        };
        let varies = |response: &Response<Body>| response.headers().contains_key(header::VARY);

        let done = compressed(&gzip, &[], BODY_BYTES_MIN).await;
        assert_eq!(
            (coding(&done), varies(&done)),
            (Some("gzip".to_owned()), true)
        );
        let small = compressed(&gzip, &[], BODY_BYTES_MIN - 1).await;
        assert_eq!((coding(&small), varies(&small)), (None, false));
        let plain = compressed(&[], &[], BODY_BYTES_MIN).await;
        assert_eq!((coding(&plain), varies(&plain)), (None, true));
        let private = [("cache-control", "private, No-Transform")];
        let kept = compressed(&gzip, &private, BODY_BYTES_MIN).await;
        assert_eq!((coding(&kept), varies(&kept)), (None, false));
        let asked = [gzip[0], ("cache-control", "no-transform")];
        let kept = compressed(&asked, &[], BODY_BYTES_MIN).await;
        assert_eq!((coding(&kept), varies(&kept)), (None, true));
        let coded = [("content-encoding", "br")];
        let kept = compressed(&gzip, &coded, BODY_BYTES_MIN).await;
        assert_eq!(
            (coding(&kept), varies(&kept)),
            (Some("br".to_owned()), false)
        );
    }
}
