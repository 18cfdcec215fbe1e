//! The first look at a request: whether it has one meaning.
//!
//! hyper refuses what it cannot read, yet lets through what another server could read differently: no host or two of
//! them, a target for another host, framing said twice. Behind a gateway that difference is request smuggling, so such
//! requests end here, whichever end they are for.

use super::{Code, Refusal, path::Path};
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
    for name in [header::TRANSFER_ENCODING, header::CONTENT_LENGTH] {
        only(&head.headers, &name)?;
    }
    if head.headers.contains_key(header::TRANSFER_ENCODING)
        && head.headers.contains_key(header::CONTENT_LENGTH)
    {
        return Err(bad("The length of the body is said in two ways"));
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
            let authority = Authority::try_from(value.as_bytes());
            let authority = authority.map_err(|_| bad("The header `host` is not a host"))?;
            if authority.as_str().contains('@') {
                return Err(bad("The header `host` is not a host"));
            }
            Some(authority)
        }
        None if head.version == Version::HTTP_11 => {
            return Err(bad("The header `host` is missing"));
        }
        None => None,
    };
    match (head.uri.authority(), host) {
        (Some(target), _) if target.as_str().contains('@') => {
            Err(bad("The target carries a user name"))
        }
        (Some(target), Some(host)) if !target.as_str().eq_ignore_ascii_case(host.as_str()) => {
            Err(bad("The target and the header `host` name two hosts"))
        }
        (Some(target), _) => Ok(Some(target.clone())),
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
