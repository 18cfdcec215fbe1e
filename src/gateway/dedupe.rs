//! Which requests of clients are the same, if identical ones that come together are executed once.
//!
//! A request gets here after it was let in, by itself: its credential was verified, its limits were checked, it counts for
//! rate limits. What it then shares with others is the execution and the response.

use super::{
    authentication::Caller,
    call_key::write_header,
    graphql::Media,
    headers::{self, Read},
    in_flight::Share,
    origin::Origin,
    traffic::{Dedupe as Config, DedupeHeaders},
};
use crate::executor::Program;
use bytes::Bytes;
use http::{HeaderMap, Response, header};
use metrics::Counter;
use serde_json::{Map, Value};
use std::{
    hash::{Hash, Hasher},
    ptr,
    sync::Arc,
};

/// The compiled rules.
pub(super) struct Dedupe {
    headers: DedupeHeaders,
    /// What header rules look at counts in any case.
    read: Read,
    /// Requests that were answered by the execution of another one.
    pub(super) joined: Counter,
}

/// Everything that a response depends on.
pub(super) struct RequestKey {
    /// One program belongs to one snapshot, document text, operation name, set of conditions and of labels.
    program: Arc<Program>,
    /// The rest, written down: media type, caller, headers, variables.
    rest: Vec<u8>,
}

/// What a client asks for, beside the operation.
pub(super) struct Asked<'a> {
    pub(super) media: Media,
    pub(super) caller: &'a Caller,
    pub(super) headers: &'a HeaderMap,
    /// Coerced.
    pub(super) variables: &'a Map<String, Value>,
    /// Mutations that had ended before.
    pub(super) writes: u64,
}

impl Dedupe {
    /// None: each request is executed.
    pub(super) fn new(config: &Config, headers: &headers::Config) -> Option<Self> {
        config.enabled.then(|| Self {
            headers: config.headers.clone(),
            read: Read::new(headers),
            joined: metrics::counter!("api_requests_deduplicated_total"),
        })
    }

    /// What makes requests the same as this one.
    pub(super) fn key(&self, program: &Arc<Program>, asked: &Asked<'_>) -> RequestKey {
        let mut rest = Vec::with_capacity(512);
        rest.extend_from_slice(&asked.writes.to_ne_bytes());
        rest.push(match asked.media {
            Media::Json => 0,
            Media::GraphqlResponse => 1,
        });
        // In the order in which they come: clients of one kind send them in the same. After them an empty line.
        for (name, value) in asked.headers {
            let counts = match &self.headers {
                // What is shared is compressed afterwards, for each client.
                DedupeHeaders::All => !Origin::is_told_in(name) && *name != header::ACCEPT_ENCODING,
                DedupeHeaders::None => false,
                DedupeHeaders::Include(names) => names.iter().any(|named| named.0 == *name),
            };
            if counts || self.read.contains(name) {
                write_header(name, value, &mut rest);
            }
        }
        rest.push(b'\n');
        // Whoever counts as a consumer is not the consumer.
        rest.push(u8::from(asked.caller.is_anonymous()));
        if let Some(consumer) = asked.caller.consumer() {
            rest.extend_from_slice(consumer.name.as_bytes());
        }
        for (name, value) in asked.caller.told_headers() {
            write_header(name, value, &mut rest);
        }
        rest.push(b'\n');
        // JSON texts end where they end. Writing them to memory cannot fail.
        let _ = serde_json::to_writer(&mut rest, &asked.caller.claims());
        let _ = serde_json::to_writer(&mut rest, asked.variables);
        RequestKey {
            program: Arc::clone(program),
            rest,
        }
    }
}

impl PartialEq for RequestKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.program, &other.program) && self.rest == other.rest
    }
}

impl Eq for RequestKey {}

impl Hash for RequestKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        ptr::from_ref(&*self.program).hash(state);
        self.rest.hash(state);
    }
}

impl Share for Response<Bytes> {}
