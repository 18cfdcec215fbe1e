//! Copies of requests for another upstream, whose answers nobody sees.
//!
//! A copy is made of what passes by, so it can neither delay the request nor fail it, and sent when the client has sent
//! all of its own. There are never more than so many under way; further ones are left out, and counted.

use crate::{
    gateway::{Body, misfit::Misfit},
    upstream::{ByteSize, Connections, Forward, Upstream, collect},
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, uri::PathAndQuery};
use http_body::{Body as _, Frame, SizeHint};
use metrics::Counter;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    error::Error,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::Semaphore;

/// `mirror` of a route.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub upstream: String,
    /// Of the requests.
    #[serde(default)]
    pub percent: Percent,
    /// Requests with larger bodies have no copies.
    #[serde(default = "default_body_bytes")]
    pub max_body_bytes: ByteSize,
    /// How many copies may be under way.
    #[serde(default = "default_pending")]
    pub max_pending: u32,
}

fn default_body_bytes() -> ByteSize {
    ByteSize(64 * 1024)
}

fn default_pending() -> u32 {
    100
}

/// A part of a hundred, kept as parts of a million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Percent(u32);

impl TryFrom<f64> for Percent {
    type Error = String;

    fn try_from(written: f64) -> Result<Self, String> {
        if (0.0..=100.0).contains(&written) {
            return Ok(Self((written * 10_000.0).round() as u32));
        }
        Err(format!(
            "{written} is not a percentage; they go from 0 to 100"
        ))
    }
}

impl Percent {
    /// Whether it comes to pass this time.
    fn drawn(self) -> bool {
        fastrand::u32(..1_000_000) < self.0
    }
}

impl Config {
    pub(super) fn check(&self, upstreams: &[&str]) -> Result<(), Misfit> {
        let checked = super::destination::check_upstream(&self.upstream, upstreams);
        checked.map_err(|message| Misfit::new(&["upstream"], message))?;
        if self.max_pending == 0 {
            let message = "no copy could ever be sent; leave `mirror` out instead";
            return Err(Misfit::new(&["max_pending"], message));
        }
        Ok(())
    }
}

/// The copies of one route's requests.
pub(super) struct Mirror {
    upstream: Arc<Upstream>,
    percent: Percent,
    max_body_bytes: usize,
    places: Arc<Semaphore>,
    counts: Arc<Counts>,
}

/// What became of copies.
struct Counts {
    answered: Counter,
    failed: Counter,
    /// Too many were under way.
    dropped: Counter,
    /// The body was too large, or it never came to its end.
    not_copied: Counter,
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror")
            .field("upstream", &self.upstream.name())
            .finish_non_exhaustive()
    }
}

impl Mirror {
    /// None if there is no such upstream.
    pub(super) fn new(config: &Config, upstreams: &BTreeMap<&str, Arc<Upstream>>) -> Option<Self> {
        let count = |outcome: &'static str| {
            let upstream = config.upstream.clone();
            metrics::counter!("api_mirrored_requests_total", "upstream" => upstream, "outcome" => outcome)
        };
        Some(Self {
            upstream: Arc::clone(upstreams.get(config.upstream.as_str())?),
            percent: config.percent,
            max_body_bytes: config.max_body_bytes.as_len(),
            places: Arc::new(Semaphore::new(config.max_pending as usize)),
            counts: Arc::new(Counts {
                answered: count("answered"),
                failed: count("failed"),
                dropped: count("dropped"),
                not_copied: count("not_copied"),
            }),
        })
    }

    /// Has a request copied on its way, if it is one of those: gives back its body, as it is to be sent.
    pub(super) fn copy(&self, connections: &Arc<Connections>, request: Forward) -> Forward {
        if !self.percent.drawn() {
            return request;
        }
        let copy = Copy {
            connections: Arc::clone(connections),
            upstream: Arc::clone(&self.upstream),
            places: Arc::clone(&self.places),
            counts: Arc::clone(&self.counts),
            method: request.method.clone(),
            target: request.target.clone(),
            headers: request.headers.clone(),
            host: request.host.clone(),
            timeout: request.timeout,
        };
        if request.body.is_end_stream() {
            copy.send(Bytes::new());
            return request;
        }
        if request.body.size_hint().lower() > self.max_body_bytes as u64 {
            self.counts.not_copied.increment(1);
            return request;
        }
        let body = Body::streamed(Copied {
            body: request.body,
            gathered: Vec::new(),
            left: self.max_body_bytes,
            copy: Some(copy),
        });
        Forward { body, ..request }
    }
}

/// A copy, all but its body.
struct Copy {
    connections: Arc<Connections>,
    upstream: Arc<Upstream>,
    places: Arc<Semaphore>,
    counts: Arc<Counts>,
    method: Method,
    target: PathAndQuery,
    headers: HeaderMap,
    host: Option<HeaderValue>,
    timeout: Option<Duration>,
}

/// How much of an answer is read, so that its connection can be used again.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

impl Copy {
    /// Sends the copy, beside the request.
    fn send(self, body: Bytes) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.counts.dropped.increment(1);
            return;
        };
        tokio::spawn(async move {
            let _place = place;
            let forward = Forward {
                method: self.method,
                target: self.target,
                headers: self.headers,
                body: Body::full(body),
                host: self.host,
                timeout: self.timeout,
                retry: None,
                hash: None,
            };
            let answer = self.upstream.forward(&self.connections, forward).await;
            let is_answered = match answer {
                Ok(answer) => collect(answer.into_body(), ANSWER_BYTES_MAX).await.is_ok(),
                Err(_) => false,
            };
            match is_answered {
                true => self.counts.answered.increment(1),
                false => self.counts.failed.increment(1),
            }
        });
    }
}

/// A body that leaves a copy of itself behind.
struct Copied {
    body: Body,
    gathered: Vec<Bytes>,
    left: usize,
    /// None: it has been sent, or given up.
    copy: Option<Copy>,
}

impl Copied {
    fn gather(&mut self, piece: &Bytes) {
        match self.left.checked_sub(piece.len()) {
            Some(left) => {
                self.left = left;
                // A piece is shared, not copied.
                self.gathered.push(piece.clone());
            }
            None => self.give_up(),
        }
    }

    fn give_up(&mut self) {
        self.gathered.clear();
        if let Some(copy) = self.copy.take() {
            copy.counts.not_copied.increment(1);
        }
    }

    fn finish(&mut self) {
        let Some(copy) = self.copy.take() else {
            return;
        };
        let mut pieces = std::mem::take(&mut self.gathered);
        let body = match pieces.len() {
            1 => pieces.swap_remove(0),
            _ => pieces
                .iter()
                .fold(BytesMut::new(), |mut whole, piece| {
                    whole.extend_from_slice(piece);
                    whole
                })
                .freeze(),
        };
        copy.send(body);
    }
}

impl Drop for Copied {
    /// Whoever sent it left, or whoever got it did not want all of it.
    fn drop(&mut self) {
        self.give_up();
    }
}

impl http_body::Body for Copied {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(piece) = frame.data_ref().filter(|_| self.copy.is_some()) {
                    let piece = piece.clone();
                    self.gather(&piece);
                }
                // Nobody asks a body for more that has told its length and kept it.
                if self.body.is_end_stream() {
                    self.finish();
                }
            }
            Poll::Ready(Some(Err(_))) => self.give_up(),
            Poll::Ready(None) => self.finish(),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
