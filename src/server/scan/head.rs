//! The head of one request, line by line.

use super::{
    Fault, Limits,
    lines::{Field, Lines, field, is_token},
};
use crate::gateway::is_host;
use std::ops::Range;

/// The largest length that is believed, in digits. No body has more than 10^18 bytes.
const LENGTH_DIGITS_MAX: usize = 18;

/// What has been read of a head.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    lines: Lines,
    has_request_line: bool,
    is_http_1_0: bool,
    is_get: bool,
    headers: usize,
    /// The host in the target, if it has one. Where it is in the head.
    authority: Option<Range<usize>>,
    host: Option<Range<usize>>,
    length: Option<u64>,
    is_chunked: bool,
    upgrades: usize,
    offers_websocket: bool,
}

/// What follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follows {
    /// A body of so many bytes, or none.
    Length(u64),
    Chunks,
    /// Whatever the two sides agree on, if the answer says that the protocol changes.
    Offer,
}

impl Head {
    /// Reads on in the head that `bytes` begin with. Its length and what follows it, when all of it is there.
    pub(super) fn read(
        &mut self,
        bytes: &[u8],
        limits: Limits,
    ) -> Result<Option<(usize, Follows)>, Fault> {
        // What is no HTTP at all, such as the beginning of TLS, may never have a line end.
        if !is_token(bytes[0]) && bytes[0] != b'\r' {
            return Err(Fault::RequestLine);
        }
        let max = limits.head_bytes_max;
        while let Some(line) = self.lines.next(bytes, max, Fault::HeadTooLarge)? {
            if !self.has_request_line {
                // RFC 9112 section 2.2: old clients send one empty line too many after a body.
                if line.text.is_empty() && line.start == 0 {
                    continue;
                }
                self.request_line(line.text, line.start)?;
                self.has_request_line = true;
            } else if line.text.is_empty() {
                return Ok(Some((self.lines.length(), self.end(bytes)?)));
            } else {
                self.headers += 1;
                if self.headers > limits.headers_max {
                    return Err(Fault::TooManyHeaders);
                }
                let field = field(line.text)?;
                self.header(&field, line.start + field.start)?;
            }
        }
        Ok(None)
    }

    fn request_line(&mut self, line: &[u8], start: usize) -> Result<(), Fault> {
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let (Some(method), Some(target), Some(version)) =
            (words.next(), words.next(), words.next())
        else {
            return Err(Fault::RequestLine);
        };
        if method.is_empty() || target.is_empty() || !method.iter().all(|byte| is_token(*byte)) {
            return Err(Fault::RequestLine);
        }
        match version {
            b"HTTP/1.1" => {}
            b"HTTP/1.0" => self.is_http_1_0 = true,
            [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
                return Err(Fault::Version);
            }
            _ => return Err(Fault::RequestLine),
        }
        if method == b"CONNECT" {
            return Err(Fault::Tunnel);
        }
        self.is_get = method == b"GET";
        if !target.iter().all(u8::is_ascii_graphic) {
            return Err(Fault::Target);
        }
        if target.contains(&b'#') {
            return Err(Fault::Fragment);
        }
        match target {
            [b'/', ..] => Ok(()),
            b"*" if method == b"OPTIONS" => Ok(()),
            _ => {
                let scheme = scheme(target).ok_or(Fault::Target)?;
                let rest = &target[scheme..];
                let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?'));
                let host = &rest[..end.unwrap_or(rest.len())];
                if !is_host(host) {
                    return Err(Fault::Target);
                }
                let start = start + method.len() + 1 + scheme;
                self.authority = Some(start..start + host.len());
                Ok(())
            }
        }
    }

    /// Those that say where the message ends, and whom it is for.
    fn header(&mut self, field: &Field<'_>, start: usize) -> Result<(), Fault> {
        let Field { name, value, .. } = *field;
        let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
        match name.len() {
            4 if is(b"host") => {
                if self.host.is_some() {
                    return Err(Fault::Hosts);
                }
                if !is_host(value) {
                    return Err(Fault::Host);
                }
                self.host = Some(start..start + value.len());
            }
            14 if is(b"content-length") => {
                if self.length.is_some() {
                    return Err(Fault::Length);
                }
                self.length = Some(length(value).ok_or(Fault::Length)?);
            }
            17 if is(b"transfer-encoding") => {
                if self.is_chunked || self.is_http_1_0 || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(Fault::Coding);
                }
                self.is_chunked = true;
            }
            7 if is(b"upgrade") => {
                self.upgrades += 1;
                self.offers_websocket = value.eq_ignore_ascii_case(b"websocket");
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&self, bytes: &[u8]) -> Result<Follows, Fault> {
        match (&self.host, &self.authority) {
            (None, _) if !self.is_http_1_0 => return Err(Fault::NoHost),
            (Some(host), Some(authority))
                if !bytes[host.clone()].eq_ignore_ascii_case(&bytes[authority.clone()]) =>
            {
                return Err(Fault::OtherHost);
            }
            _ => {}
        }
        match (self.is_chunked, self.length) {
            (true, Some(_)) => Err(Fault::TwoLengths),
            (true, None) => Ok(Follows::Chunks),
            (false, None | Some(0)) if self.offers_protocol() => Ok(Follows::Offer),
            (false, length) => Ok(Follows::Length(length.unwrap_or(0))),
        }
    }

    /// Whether the client would go on with another protocol, of those that are passed on.
    fn offers_protocol(&self) -> bool {
        self.is_get && !self.is_http_1_0 && self.upgrades == 1 && self.offers_websocket
    }
}

/// A number in the one way to write it: by some it would be read in base eight if it began with a zero.
fn length(value: &[u8]) -> Option<u64> {
    let is_number = match value {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !is_number || value.len() > LENGTH_DIGITS_MAX {
        return None;
    }
    let digits = value.iter().map(|digit| u64::from(digit - b'0'));
    Some(digits.fold(0, |number, digit| number * 10 + digit))
}

/// The length of the scheme that an absolute target begins with.
fn scheme(target: &[u8]) -> Option<usize> {
    let is = |scheme: &[u8]| {
        let start = target.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    [&b"http://"[..], b"https://"]
        .into_iter()
        .find(|scheme| is(scheme))
        .map(<[u8]>::len)
}
