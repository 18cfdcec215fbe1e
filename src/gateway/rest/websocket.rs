//! WebSockets (RFC 6455): the handshake is passed on, and then the bytes, if the upstream has really agreed.
//!
//! Who says 101 without meaning it would turn the rest of the connection into something that nobody checks. So the
//! answer must have all that a server gives that knows the protocol, the key's digest among it. Which pages may connect
//! (`Origin`) is for the upstream to say.

use crate::{
    gateway::{Body, Code, Refusal, base64},
    upstream::{Connections, GoesOn, Lifetime, Splice, Tally},
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header, request::Parts};
use hyper::upgrade::OnUpgrade;
use ring::digest;
use serde::Deserialize;
use std::time::Duration;

/// What the key is digested with (RFC 6455 section 1.3).
const SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The `websocket` section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long one may be open while nothing comes from either side.
    pub idle_timeout: Duration,
    /// How long one may be open. None: as long as the two sides want.
    pub max_lifetime: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(600),
            max_lifetime: None,
        }
    }
}

/// WebSockets through this gateway, ready to be opened.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct WebSockets {
    lifetime: Lifetime,
    tally: Tally,
}

impl WebSockets {
    pub(in crate::gateway) fn new(config: &Config) -> Self {
        metrics::describe_gauge!("api_websocket_connections", "Open WebSockets.");
        metrics::describe_counter!(
            "api_websocket_bytes_total",
            "Bytes passed on by WebSockets, in both directions."
        );
        Self {
            lifetime: Lifetime {
                idle: config.idle_timeout,
                total: config.max_lifetime,
            },
            tally: Tally {
                open: metrics::gauge!("api_websocket_connections"),
                bytes: metrics::counter!("api_websocket_bytes_total"),
            },
        }
    }
}

impl WebSockets {
    /// The same, open for no longer than this.
    pub(super) fn within(&self, left: Option<Duration>) -> Self {
        let mut bounded = self.clone();
        let total = bounded.lifetime.total;
        bounded.lifetime.total = total.map_or(left, |total| {
            Some(left.map_or(total, |left| left.min(total)))
        });
        bounded
    }
}

/// A client's offer to go on as a WebSocket.
#[derive(Debug)]
pub(super) struct Offer {
    client: OnUpgrade,
    /// What a server answers that has read the key.
    accept: String,
}

impl Offer {
    /// The offer of a request, if it makes one. Other protocols are offers that may be left alone (RFC 9110 section
    /// 7.8), and so is this one among others.
    pub(super) fn of(head: &Parts) -> Result<Option<Self>, Refusal> {
        let headers = &head.headers;
        let is_one = only(headers, header::UPGRADE)
            .is_some_and(|offer| offer.as_bytes().eq_ignore_ascii_case(b"websocket"));
        let client = head.extensions.get::<OnUpgrade>();
        let (true, Some(client)) = (is_one, client) else {
            return Ok(None);
        };
        let key = only(headers, header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
        let key = key.filter(|key| key.len() == 24 && key.ends_with(b"=="));
        let version = only(headers, header::SEC_WEBSOCKET_VERSION);
        match key {
            Some(key)
                if head.method == Method::GET
                    && head.version == Version::HTTP_11
                    && is_named(headers, b"upgrade")
                    && version.is_some_and(|version| version == "13") =>
            {
                Ok(Some(Self {
                    client: client.clone(),
                    accept: accept(key),
                }))
            }
            _ => Err(Refusal::new(
                Code::BadRequest,
                "The handshake of the WebSocket is malformed",
            )),
        }
    }

    /// Makes it to the upstream.
    pub(super) fn pass_on(headers: &mut HeaderMap) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }

    /// Has both sides go on, if the upstream has agreed to.
    pub(super) fn settle(
        self,
        sockets: &WebSockets,
        connections: &Connections,
        answer: &mut Response<Body>,
    ) -> Result<(), Refusal> {
        let headers = answer.headers();
        let agrees = is_named(headers, b"upgrade")
            && only(headers, header::UPGRADE)
                .is_some_and(|taken| taken.as_bytes().eq_ignore_ascii_case(b"websocket"))
            && only(headers, header::SEC_WEBSOCKET_ACCEPT)
                .is_some_and(|accept| accept.as_bytes() == self.accept.as_bytes());
        let upstream = answer.extensions_mut().remove::<OnUpgrade>();
        let (true, Some(upstream)) = (agrees, upstream) else {
            return Err(Refusal::new(
                Code::UpstreamBroken,
                "The service behind this path did not agree to a WebSocket in a way that can be believed",
            ));
        };
        let splice = Splice {
            client: self.client,
            upstream,
            request: answer.extensions_mut().remove::<GoesOn>(),
            lifetime: sockets.lifetime,
            tally: sockets.tally.clone(),
        };
        splice.start(connections);
        Ok(())
    }
}

/// Whether an answer says that the protocol changes.
pub(super) fn switches(answer: &Response<Body>) -> bool {
    answer.status() == StatusCode::SWITCHING_PROTOCOLS
}

/// The value of a header that is there once.
fn only(headers: &HeaderMap, name: header::HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Whether `Connection` names it.
fn is_named(headers: &HeaderMap, name: &[u8]) -> bool {
    let values = headers.get_all(header::CONNECTION).iter();
    values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(|named| named.trim_ascii().eq_ignore_ascii_case(name))
}

/// What a server answers to a key.
fn accept(key: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &[key, SUFFIX].concat());
    base64::encode(digest.as_ref())
}

#[cfg(test)]
mod tests {
    //! The digest of a key.

    use super::*;

    #[test]
    fn a_key_is_answered_as_in_the_rfc() {
        assert_eq!(
            accept(b"dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }
}
