//! The token of a request: where it may be, and what of it can be told before any key is looked at.

use super::{
    Rejection,
    config::{Jwt, TokenSource},
};
use http::{HeaderMap, HeaderName, header};
use jsonwebtoken::{Algorithm, decode_header};

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

    /// The token of a request, if it has one: that of the first place where there is something. It is not longer than
    /// it may be; nothing else is known of it.
    pub(super) fn find<'a>(&self, headers: &'a HeaderMap) -> Result<Option<&'a str>, Rejection> {
        for source in &self.sources {
            let found = match source {
                TokenSource::Header { name, prefix } => self.in_header(headers, &name.0, prefix)?,
                TokenSource::Cookie { name } => in_cookie(headers, name)?,
            };
            match found {
                Some(token) if token.len() > TOKEN_BYTES_MAX => return Err(Rejection::TooLong),
                Some(token) => return Ok(Some(token)),
                None => {}
            }
        }
        Ok(None)
    }

    fn in_header<'a>(
        &self,
        headers: &'a HeaderMap,
        name: &HeaderName,
        prefix: &str,
    ) -> Result<Option<&'a str>, Rejection> {
        let mut values = headers.get_all(name).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        // Whoever stands behind might take the other one.
        if values.next().is_some() {
            return Err(Rejection::Several);
        }
        let value = value.to_str().map_err(|_| Rejection::Malformed)?.trim();
        match after(value, prefix) {
            Some(token) => Ok(Some(token)),
            None if self.ignore_other_prefixes => Ok(None),
            None => Err(Rejection::OtherScheme),
        }
    }
}

/// What follows the prefix. Authentication schemes have no case (RFC 9110 section 11.1).
fn after<'a>(value: &'a str, prefix: &str) -> Option<&'a str> {
    if prefix.is_empty() {
        return Some(value);
    }
    let (before, rest) = value.split_at_checked(prefix.len())?;
    let ends = rest.is_empty() || rest.starts_with(' ');
    (before.eq_ignore_ascii_case(prefix) && ends).then(|| rest.trim_start_matches(' '))
}

fn in_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Rejection> {
    let mut found = None;
    for line in headers.get_all(header::COOKIE) {
        let line = line.to_str().map_err(|_| Rejection::Malformed)?;
        for pair in line.split(';') {
            let Some((key, value)) = pair.trim().split_once('=') else {
                continue;
            };
            // Some sites log out by setting it to nothing. A second one may come from a neighbour in the same domain.
            if key == name && !value.is_empty() && found.replace(value).is_some() {
                return Err(Rejection::Several);
            }
        }
    }
    Ok(found)
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
