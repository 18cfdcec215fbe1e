//! What makes two requests to a subgraph the same.

use super::{in_flight::Share, origin::Origin};
use crate::{
    executor::{self, Answer},
    upstream::{self, Upstream},
};
use bytes::Bytes;
use http::HeaderMap;
use std::{
    hash::{Hash, Hasher},
    ptr,
    sync::Arc,
};

/// Everything that is sent, and where to, but for what only tells of the request it is sent for.
pub(super) struct CallKey {
    upstream: Arc<Upstream>,
    /// Mutations that had ended before.
    writes: u64,
    headers: Vec<u8>,
    body: Bytes,
}

impl CallKey {
    pub(super) fn new(
        upstream: &Arc<Upstream>,
        writes: u64,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Self {
        let mut written = Vec::with_capacity(128);
        for (name, value) in headers {
            if !Origin::is_told_in(name) {
                write_header(name, value, &mut written);
            }
        }
        Self {
            upstream: Arc::clone(upstream),
            writes,
            headers: written,
            body: body.clone(),
        }
    }
}

/// Writes a header so that no two lists of them are written alike: neither names nor values can contain a line break.
pub(super) fn write_header(
    name: &http::HeaderName,
    value: &http::HeaderValue,
    written: &mut Vec<u8>,
) {
    written.extend_from_slice(name.as_str().as_bytes());
    written.push(b':');
    written.extend_from_slice(value.as_bytes());
    written.push(b'\n');
}

impl PartialEq for CallKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.upstream, &other.upstream)
            && self.writes == other.writes
            && self.headers == other.headers
            && self.body == other.body
    }
}

impl Eq for CallKey {}

impl Hash for CallKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        ptr::from_ref(&*self.upstream).hash(state);
        self.writes.hash(state);
        self.headers.hash(state);
        self.body.hash(state);
    }
}

/// What comes of a request to a subgraph.
pub(super) type Outcome = Result<Answer, upstream::CallError>;

impl Share for Outcome {
    fn share(&mut self) {
        if let Ok(answer) = self {
            answer.shared = Some(Arc::new(executor::Shared::default()));
        }
    }
}
