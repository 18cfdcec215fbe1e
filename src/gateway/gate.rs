//! The first look at a request: whether it has one meaning.
//!
//! Where a message begins and ends is settled before: in HTTP/1 by the server's scanner, in HTTP/2 by its frames. What
//! is left is what another server could still read differently: no host or two of them, a target for another host,
//! headers that are lost on the way or pass for others. Such requests end here, whichever end they are for and whichever
//! version they came in.

use super::{Code, Refusal, claims::is_alias, host::is_host, path::Path};
use http::{HeaderMap, HeaderName, Method, Version, header, request::Parts, uri::Authority};

/// Headers that a request has for whoever answers it. RFC 9110 section 7.6.1 forbids to name such a one in `Connection`;
/// whoever does wants it to be lost on the way, after it has been looked at.
const FOR_THE_END: [HeaderName; 7] = [
    header::HOST,
    header::AUTHORIZATION,
    header::COOKIE,
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CACHE_CONTROL,
    header::FORWARDED,
];

/// What a request is for, read once.
#[derive(Debug)]
pub(super) struct Target<'a> {
    pub(super) path: Path<'a>,
    /// The host and perhaps port that the client means. None: a client of HTTP/1.0 that did not say.
    pub(super) authority: Option<Authority>,
}

/// Reads the target of a request.
pub(super) fn inspect(head: &Parts) -> Result<Target<'_>, Refusal> {
    if head.method == Method::CONNECT {
        return Err(Refusal::new(
            Code::NotImplemented,
            "Tunnels are not opened here",
        ));
    }
    let alias = head.headers.keys().find(|name| is_alias(name.as_str()));
    if let Some(name) = alias {
        return Err(bad(&format!(
            "The header `{name}` passes for another one where `_` counts as `-`"
        )));
    }
    let nominated = FOR_THE_END.iter().find(|name| names(&head.headers, name));
    if let Some(name) = nominated {
        return Err(bad(&format!(
            "The header `connection` names `{name}`, which is not the connection's"
        )));
    }
    Ok(Target {
        path: Path::parse(head.uri.path()).map_err(|why| bad(&format!("The path {why}")))?,
        authority: authority(head)?,
    })
}

/// The host that the client means; refused when it means none, or two.
fn authority(head: &Parts) -> Result<Option<Authority>, Refusal> {
    let host = match only(&head.headers, &header::HOST)? {
        Some(value) => {
            let authority = Some(value.as_bytes()).filter(|value| is_host(value));
            let authority = authority.and_then(|value| Authority::try_from(value).ok());
            Some(authority.ok_or_else(|| bad("The header `host` is not a host"))?)
        }
        None if head.version == Version::HTTP_11 => {
            return Err(bad("The header `host` is missing"));
        }
        None => None,
    };
    match (head.uri.authority(), host) {
        (Some(target), _) if !is_host(target.as_str().as_bytes()) => {
            Err(bad("The target is not for a host"))
        }
        (Some(target), Some(host)) if !target.as_str().eq_ignore_ascii_case(host.as_str()) => {
            Err(bad("The target and the header `host` name two hosts"))
        }
        (Some(target), _) => Ok(Some(target.clone())),
        (None, None) if head.version == Version::HTTP_2 => Err(bad("The target is not for a host")),
        (None, host) => Ok(host),
    }
}

/// The value of a header that may be there once.
fn only<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a http::HeaderValue>, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(bad(&format!("The header `{name}` is there twice"))),
    }
}

/// Whether the `Connection` header names this one.
fn names(headers: &HeaderMap, name: &HeaderName) -> bool {
    let values = headers.get_all(header::CONNECTION).iter();
    values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(|named| {
            named
                .trim_ascii()
                .eq_ignore_ascii_case(name.as_str().as_bytes())
        })
}

fn bad(why: &str) -> Refusal {
    Refusal::new(Code::BadRequest, why)
}
