//! The token of a request: where it may be, and what of it can be told before any key is looked at.

use super::{
    Asking, Rejection,
    config::{Jwt, TokenSource},
    hidden::Hidden,
    scheme::after,
};
use crate::gateway::parameters::{in_cookies, in_query};
use http::{HeaderMap, HeaderName};
use jsonwebtoken::{Algorithm, decode_header};
use std::borrow::Cow;

/// Longer ones are refused unread.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// The places that a token may come in, in order.
pub(super) struct Places {
    sources: Vec<TokenSource>,
    ignore_other_prefixes: bool,
}

impl Places {
    pub(super) fn new(config: &Jwt) -> Self {
        let first = TokenSource::Header {
            name: config.header_name.clone(),
            prefix: config.header_value_prefix.clone(),
        };
        Self {
            sources: std::iter::once(first)
                .chain(config.sources.iter().cloned())
                .collect(),
            ignore_other_prefixes: config.ignore_other_prefixes,
        }
    }

    /// What is not passed on of a token that was verified, or of one that was not. One in the query gets into the logs of
    /// whoever it is sent to.
    pub(super) fn hidden(&self, is_verified: bool) -> Hidden {
        let mut hidden = Hidden::default();
        for source in &self.sources {
            match source {
                TokenSource::Query { name } => hidden.query.push(name.clone()),
                TokenSource::Header { .. } | TokenSource::Cookie { .. } if is_verified => {}
                TokenSource::Header { name, prefix } => {
                    hidden.schemes.push((name.0.clone(), prefix.clone()));
                }
                TokenSource::Cookie { name } => hidden.cookies.push(name.clone()),
            }
        }
        hidden
    }

    /// The token of a request, if it has one. It is not longer than it may be; nothing else is known of it. Two tokens are
    /// refused: whoever stands behind might take the other one. `shared`: others may find something of theirs in the
    /// header of the token.
    pub(super) fn find<'a>(
        &'a self,
        asking: &Asking<'a>,
        shared: bool,
    ) -> Result<Option<Cow<'a, str>>, Rejection> {
        let headers = &asking.head.headers;
        let mut only: Option<Cow<'a, str>> = None;
        for source in &self.sources {
            let found = match source {
                TokenSource::Header { name, prefix } => {
                    let lenient = shared || self.ignore_other_prefixes;
                    in_header(headers, &name.0, prefix, lenient)?.map(Cow::Borrowed)
                }
                TokenSource::Cookie { name } => in_cookie(headers, name)?.map(Cow::Borrowed),
                TokenSource::Query { name } => in_queries(asking.head.uri.query(), name)?,
            };
            match (&only, found) {
                (_, Some(token)) if token.len() > TOKEN_BYTES_MAX => {
                    return Err(Rejection::TooLong);
                }
                (Some(other), Some(token)) if *other != token => return Err(Rejection::Several),
                (None, Some(token)) => only = Some(token),
                (_, None) | (Some(_), Some(_)) => {}
            }
        }
        Ok(only)
    }
}

fn in_header<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    prefix: &str,
    lenient: bool,
) -> Result<Option<&'a str>, Rejection> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    // Whoever stands behind might take the other one.
    if values.next().is_some() {
        return Err(Rejection::Several);
    }
    let value = value.to_str().map_err(|_| Rejection::Malformed)?;
    let token = match prefix {
        "" => Some(value.trim()),
        prefix => after(value.as_bytes(), prefix).and_then(|token| str::from_utf8(token).ok()),
    };
    match token {
        Some(token) => Ok(Some(token)),
        None if lenient => Ok(None),
        None => Err(Rejection::OtherScheme),
    }
}

fn in_queries<'a>(
    query: Option<&'a str>,
    name: &'a str,
) -> Result<Option<Cow<'a, str>>, Rejection> {
    let mut found = None;
    for token in in_query(query, name).filter(|token| !token.is_empty()) {
        if found.replace(token).is_some() {
            return Err(Rejection::Several);
        }
    }
    Ok(found)
}

/// Some sites log out by setting it to nothing. A second one may come from a neighbour in the same domain.
fn in_cookie<'a>(headers: &'a HeaderMap, name: &'a str) -> Result<Option<&'a str>, Rejection> {
    let mut found = in_cookies(headers, name).filter(|value| !value.is_empty());
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => str::from_utf8(value)
            .map(Some)
            .map_err(|_| Rejection::Malformed),
        (Some(_), Some(_)) => Err(Rejection::Several),
    }
}

/// What a token says of its signature.
pub(super) struct SignedBy {
    pub algorithm: Algorithm,
    pub key_id: Option<String>,
}

impl SignedBy {
    /// Reads a token's header. An algorithm that we do not have, `none` above all, ends here, and so does what changes
    /// the meaning of the rest. Keys that come with the token, or addresses of keys, are never looked at.
    pub(super) fn of(token: &str) -> Result<Self, Rejection> {
        if token.bytes().filter(|byte| *byte == b'.').count() != 2 {
            return Err(Rejection::Malformed);
        }
        let header = decode_header(token).map_err(|_| Rejection::Malformed)?;
        if header.crit.is_some() || header.enc.is_some() || header.zip.is_some() {
            return Err(Rejection::Malformed);
        }
        Ok(Self {
            algorithm: header.alg,
            key_id: header.kid,
        })
    }
}
