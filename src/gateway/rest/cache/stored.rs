//! A stored answer, and the responses that are made of it.

use super::{
    super::hygiene::end_to_end,
    conditions::{Conditions, not_modified},
    freshness::Freshness,
    status::Did,
};
use crate::gateway::{Body, directives::elements};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;
use std::time::SystemTime;

/// An answer as it is kept: whole.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) head: Head,
    pub(super) body: Bytes,
}

/// All of an answer but its body.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) freshness: Freshness,
    /// By which it can be purged.
    pub(super) tags: Vec<Box<str>>,
}

/// What a request wants to be answered.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) method: Method,
    pub(super) conditions: Conditions,
}

/// What an entry takes beside its texts: maps, the policy, and its place in the cache.
const BYTES_PER_ENTRY: usize = 1024;
const BYTES_PER_HEADER: usize = 100;

/// Headers that belong to one exchange, and are said anew each time.
const OF_ONE_EXCHANGE: [HeaderName; 4] = [
    header::AGE,
    header::SET_COOKIE,
    header::CONTENT_LENGTH,
    HeaderName::from_static("cache-status"),
];

impl Head {
    /// That of an answer that came with these headers. They are copied: the values that came point into the buffer of
    /// the connection they came on, which would be kept with them.
    pub(super) fn new(
        status: StatusCode,
        came_with: &HeaderMap,
        freshness: Freshness,
        tags: Vec<Box<str>>,
    ) -> Self {
        let mut headers = HeaderMap::with_capacity(came_with.len());
        for (name, value) in &end_to_end(came_with) {
            if OF_ONE_EXCHANGE.contains(name) {
                continue;
            }
            // What was a value before is one again.
            if let Ok(mut copy) = HeaderValue::from_bytes(value.as_bytes()) {
                copy.set_sensitive(value.is_sensitive());
                headers.append(name, copy);
            }
        }
        Self {
            status,
            headers,
            freshness,
            tags,
        }
    }

    /// The headers after a 304 has come with these (RFC 9111 section 3.2): each replaces those of its name, but what is
    /// about the body, which stays as it is.
    pub(super) fn updated(&self, not_modified: &HeaderMap) -> HeaderMap {
        let mut headers = self.headers.clone();
        let about_the_body = [
            header::CONTENT_LENGTH,
            header::CONTENT_ENCODING,
            header::CONTENT_TYPE,
            header::CONTENT_RANGE,
        ];
        for name in not_modified
            .keys()
            .filter(|name| !about_the_body.contains(name))
        {
            headers.remove(name);
            for value in not_modified.get_all(name) {
                headers.append(name, value.clone());
            }
        }
        headers
    }
}

impl Stored {
    /// What it takes, as near as can be said.
    pub(super) fn len(&self) -> usize {
        let headers = self.head.headers.iter();
        let headers = headers
            .map(|(name, value)| name.as_str().len() + value.len() + BYTES_PER_HEADER)
            .sum::<usize>();
        let tags = self.head.tags.iter().map(|tag| tag.len() + 16);
        BYTES_PER_ENTRY + headers + tags.sum::<usize>() + self.body.len()
    }

    /// Whether the upstream can be asked if it is still so.
    pub(super) fn has_validator(&self) -> bool {
        has_validator(&self.head.headers)
    }

    /// Makes a request one that asks whether this is still so.
    pub(super) fn ask_again(&self, headers: &mut HeaderMap) {
        let pairs = [
            (header::ETAG, header::IF_NONE_MATCH),
            (header::LAST_MODIFIED, header::IF_MODIFIED_SINCE),
        ];
        for (validator, condition) in pairs {
            if let Some(value) = self.head.headers.get(validator) {
                headers.insert(condition, value.clone());
            }
        }
    }

    /// Whether a 304 speaks of this one. Where it names no tag it does, for this was the only one that was asked about.
    pub(super) fn is_meant_by(&self, not_modified: &HeaderMap) -> bool {
        let tag = |headers: &HeaderMap| headers.get(header::ETAG).cloned();
        match (tag(&self.head.headers), tag(not_modified)) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => true,
        }
    }

    /// The response to a client.
    pub(super) fn answer(&self, client: &Client, did: Did, now: SystemTime) -> Response<Body> {
        let Head {
            status,
            headers,
            freshness,
            ..
        } = &self.head;
        let mut headers = headers.clone();
        headers.insert(header::AGE, HeaderValue::from(freshness.age(now).as_secs()));
        did.tell(&mut headers);
        if *status != StatusCode::NO_CONTENT {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        }
        // Not a whole body, which would be compressed for each client: it goes in the coding that it came in.
        let body = match client.method {
            Method::HEAD => Body::empty(),
            _ if self.body.is_empty() => Body::empty(),
            _ => Body::streamed(Full::new(self.body.clone())),
        };
        let mut response = Response::new(body);
        *response.status_mut() = *status;
        *response.headers_mut() = headers;
        client.conclude(response)
    }
}

impl Client {
    /// The response as this client gets it: 304 if it has it already.
    pub(super) fn conclude(&self, response: Response<Body>) -> Response<Body> {
        let is_for_conditions = response.status() == StatusCode::OK;
        if !is_for_conditions || !self.conditions.are_met(response.headers()) {
            return response;
        }
        let mut unmodified = Response::new(Body::empty());
        *unmodified.status_mut() = StatusCode::NOT_MODIFIED;
        *unmodified.headers_mut() = not_modified(response.headers());
        unmodified
    }
}

/// Whether an answer with these headers can be asked about again.
pub(super) fn has_validator(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ETAG) || headers.contains_key(header::LAST_MODIFIED)
}

/// The tags that a header lists, with spaces or commas between them.
pub(super) fn tags(headers: &HeaderMap, name: Option<&HeaderName>) -> Vec<Box<str>> {
    let values = name.into_iter().flat_map(|name| headers.get_all(name));
    let values = values.filter_map(|value| value.to_str().ok());
    let tags = values.flat_map(|value| elements(value).flat_map(str::split_whitespace));
    tags.map(Box::from).collect()
}
