//! The `cache` section, and the key `cache` of a route.

use crate::{gateway::header_types::Name, upstream::ByteSize};
use http::StatusCode;
use serde::Deserialize;
use std::time::Duration;

/// The `cache` section: what all routes share.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What all stored answers together may take.
    pub max_bytes: ByteSize,
    /// The largest body that is stored.
    pub max_entry_bytes: ByteSize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_bytes: ByteSize(64 * 1000 * 1000),
            max_entry_bytes: ByteSize(1000 * 1000),
        }
    }
}

/// `routes.*.cache`: a route without it stores nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RouteCache {
    /// How long an answer is fresh that does not say so itself.
    pub ttl: Duration,
    /// How long after that it may be served while a newer one is fetched, where it does not say so itself.
    pub stale_while_revalidate: Duration,
    /// The same, while the upstream fails.
    pub stale_if_error: Duration,
    /// Answers with other statuses are not stored.
    pub statuses: Vec<Status>,
    /// Answers of other types are not stored. None: all are.
    pub content_types: Option<Vec<MediaRange>>,
    /// Headers of the request that make a difference, beside those that the answer names in `Vary`.
    pub vary: Vec<Name>,
    /// Whether each consumer has answers of their own.
    pub per_consumer: bool,
    /// Whether `no-cache`, `max-age` and the like in a request count.
    pub client_control: bool,
    /// Whether answers that set cookies are stored, without the cookies.
    pub ignore_set_cookie: bool,
    /// The header of answers that lists the tags by which they can be purged. Clients do not see it.
    pub tags_header: Option<Name>,
}

impl Default for RouteCache {
    fn default() -> Self {
        // Of those that may be stored by default (RFC 9110 section 15.1), those that say something of the resource.
        let statuses = [200, 203, 204, 300, 301, 308, 404, 410];
        let statuses = statuses.into_iter();
        Self {
            ttl: Duration::ZERO,
            stale_while_revalidate: Duration::ZERO,
            stale_if_error: Duration::ZERO,
            statuses: statuses
                .filter_map(|code| StatusCode::from_u16(code).ok().map(Status))
                .collect(),
            content_types: None,
            vary: Vec::new(),
            per_consumer: false,
            client_control: true,
            ignore_set_cookie: false,
            tags_header: None,
        }
    }
}

/// A status whose answers can be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub struct Status(pub(super) StatusCode);

impl TryFrom<u16> for Status {
    type Error = String;

    fn try_from(written: u16) -> Result<Self, String> {
        match written {
            200 | 203 | 204 | 300..=303 | 307 | 308 | 404 | 405 | 410 | 414 | 501 => {
                StatusCode::from_u16(written)
                    .map(Self)
                    .map_err(|error| error.to_string())
            }
            _ => Err(format!("answers with status {written} are never stored")),
        }
    }
}

/// A media type without parameters, or all of a kind: `application/json`, `image/*`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct MediaRange(String);

impl MediaRange {
    /// Whether a `Content-Type` is one of these.
    pub(super) fn contains(&self, content_type: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        match self.0.strip_suffix('*') {
            Some(kind) => essence
                .get(..kind.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(kind)),
            None => essence.eq_ignore_ascii_case(&self.0),
        }
    }
}

impl TryFrom<String> for MediaRange {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let is_token = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
        };
        match written.split_once('/') {
            Some((kind, subtype)) if is_token(kind) && (subtype == "*" || is_token(subtype)) => {
                Ok(Self(written))
            }
            _ => Err(format!(
                "`{written}` is not a media type; write application/json, or image/* for all of a kind"
            )),
        }
    }
}
