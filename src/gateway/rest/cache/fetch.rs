//! A fetch: one request to the upstream whose answer may be stored.
//!
//! It is a task of its own, so that a client that reads slowly or leaves holds up nobody else. It tells those who wait
//! what comes of it ([`Phase`]), and hands the one who began it the answer at once: its body is stored and passed on in the
//! same step. What turns out too large for the cache is handed to that client whole, who then reads it at its own speed.

use super::{
    arriving::{Arriving, Piece},
    flights::{Flight, Outcome, Phase},
    key::Variant,
    lookup::Lookup,
    room::Room,
    rules::Judged,
    stored::Stored,
};
use crate::gateway::{Body, Refusal};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;
use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::sleep,
};

/// How long an answer that can be stored may go on arriving when nobody waits for it any more.
const UNATTENDED: Duration = Duration::from_secs(30);

/// What the one who began a fetch gets.
pub(super) enum Reply {
    /// The upstream's answer.
    Answer {
        response: Response<Body>,
        is_stored: bool,
    },
    /// The stored answer, after the upstream said this of it.
    Old {
        stored: Arc<Stored>,
        status: Option<u16>,
        is_stand_in: bool,
    },
}

/// A fetch that is about to begin.
pub(super) struct Fetch {
    lookup: Lookup,
    headers: HeaderMap,
    flight: Flight,
    sent: SystemTime,
    purges: u64,
}

/// A body that has arrived.
struct Whole {
    body: BytesMut,
    /// Its last piece, if it was known to be that: not passed on until the body is stored, so that whoever has it all
    /// finds it there.
    held: Option<Bytes>,
}

/// Where the one who began a fetch hears of it.
pub(super) struct Begun {
    pub(super) reply: oneshot::Receiver<Result<Reply, Refusal>>,
    /// The fetch goes on as long as somebody has one of these.
    pub(super) interest: watch::Receiver<Phase>,
}

impl Fetch {
    /// One for this request, which the upstream would get with these headers, conditions aside.
    pub(super) fn new(lookup: &Lookup, headers: &HeaderMap, flight: Flight) -> Self {
        Self {
            sent: lookup.cache.now(),
            purges: lookup.cache.purges(),
            lookup: lookup.clone(),
            headers: headers.clone(),
            flight,
        }
    }

    /// Begins it. `sending` resolves to the upstream's answer.
    pub(super) fn begin(
        self,
        sending: impl Future<Output = Result<Response<Body>, Refusal>> + Send + 'static,
    ) -> Begun {
        let (sender, reply) = oneshot::channel();
        let interest = self.flight.news.subscribe();
        tokio::spawn(async move {
            let answer = tokio::select! {
                answer = sending => answer,
                () = self.flight.news.closed() => return,
            };
            let outcome = self.run(answer, sender).await;
            self.flight.news.send_replace(Phase::Done(outcome));
        });
        Begun { reply, interest }
    }

    async fn run(
        &self,
        answer: Result<Response<Body>, Refusal>,
        sender: oneshot::Sender<Result<Reply, Refusal>>,
    ) -> Outcome {
        // Nobody may be there any more to get a reply; then it is dropped.
        let status = answer.as_ref().ok().map(Response::status);
        let has_failed = status.is_none_or(is_failure);
        if let Some(old) = self.stand_in().filter(|_| has_failed) {
            let reply = Reply::Old {
                stored: Arc::clone(&old),
                status: status.map(|status| status.as_u16()),
                is_stand_in: true,
            };
            let _ = sender.send(Ok(reply));
            return Outcome::StandIn(old);
        }
        let response = match answer {
            Ok(response) => response,
            Err(refusal) => {
                let _ = sender.send(Err(refusal.clone()));
                return Outcome::Failed(refusal);
            }
        };
        let asked_about = self
            .lookup
            .stored
            .as_ref()
            .filter(|old| old.has_validator());
        if let (Some(old), StatusCode::NOT_MODIFIED) = (asked_about, response.status()) {
            let (reply, outcome) = self.validated(old, response.headers());
            let _ = sender.send(Ok(reply));
            return outcome;
        }
        let judged = self
            .lookup
            .rules
            .judge(&self.lookup.who, &response, self.sent);
        if judged.is_storable {
            if let Some(room) = self.room(&response) {
                return self.fill((judged, room), response, sender).await;
            }
        } else if !has_failed {
            self.do_without();
        }
        let reply = Reply::Answer {
            response,
            is_stored: false,
        };
        let _ = sender.send(Ok(reply));
        Outcome::NotShared
    }

    /// Room for the body of an answer, however large it turns out.
    fn room(&self, response: &Response<Body>) -> Option<Arc<Room>> {
        let length = response.body().size_hint().exact();
        let length = length.unwrap_or(self.lookup.rules.body_max as u64);
        self.lookup.cache.room(length)
    }

    /// What may be used although the upstream has failed.
    fn stand_in(&self) -> Option<Arc<Stored>> {
        let now = self.lookup.cache.now();
        let old = self.lookup.stored.as_ref();
        old.filter(|old| old.head.freshness.may_stand_in(now))
            .cloned()
    }

    /// The answer to this is not for the cache: what is there is no longer true, and nobody waits for the next one. What is
    /// answered to one who says who they are says nothing of what others get.
    fn do_without(&self) {
        if self.lookup.who.is_private {
            return;
        }
        let cache = &self.lookup.cache;
        cache.forget(&self.lookup.key(&self.headers));
        self.lookup.resource.leave_alone(cache.running());
    }

    /// What is stored is still so, and may be used for longer.
    fn validated(&self, old: &Arc<Stored>, not_modified: &HeaderMap) -> (Reply, Outcome) {
        let reply = |stored: &Arc<Stored>| Reply::Old {
            stored: Arc::clone(stored),
            status: Some(StatusCode::NOT_MODIFIED.as_u16()),
            is_stand_in: false,
        };
        // RFC 9111 section 4.3.3: what is said of another representation changes nothing in this one.
        if !old.is_meant_by(not_modified) {
            return (reply(old), Outcome::NotShared);
        }
        let headers = old.head.updated(not_modified);
        let rules = &self.lookup.rules;
        let status = old.head.status;
        let mut judged = rules.judge_head(&self.lookup.who, status, &headers, self.sent);
        if judged.head.tags.is_empty() {
            // The header that lists them was taken off.
            judged.head.tags.clone_from(&old.head.tags);
        }
        let stored = Stored {
            head: judged.head,
            body: old.body.clone(),
        };
        if !judged.is_storable {
            self.do_without();
            return (reply(&Arc::new(stored)), Outcome::NotShared);
        }
        self.lookup.resource.varies_on(&judged.varies_on);
        let key = self.lookup.key(&self.headers);
        let stored = self.store(&key, stored);
        (reply(&stored), self.outcome(key, stored))
    }

    /// Stores the body as it arrives, and passes it on to the one who asked.
    async fn fill(
        &self,
        (judged, room): (Judged, Arc<Room>),
        response: Response<Body>,
        sender: oneshot::Sender<Result<Reply, Refusal>>,
    ) -> Outcome {
        self.lookup.resource.varies_on(&judged.varies_on);
        let key = self.lookup.key(&self.headers);
        let is_shared = judged.head.freshness.is_servable(self.lookup.cache.now());
        self.flight.news.send_replace(match is_shared {
            true => Phase::Arriving(key.clone()),
            false => Phase::Done(Outcome::NotShared),
        });
        let (pieces, arriving) = mpsc::unbounded_channel();
        let (head, body) = response.into_parts();
        let length = body.size_hint().exact();
        let interest = self.flight.news.subscribe();
        let passed_on = Arriving::new(arriving, length, (interest, Arc::clone(&room)));
        let reply = Reply::Answer {
            response: Response::from_parts(head, Body::streamed(passed_on)),
            is_stored: true,
        };
        // The body tells whoever holds it that it was given up, should this end early.
        let _ = sender.send(Ok(reply));
        let Some(Whole { body, held }) = self.collect(body, length, &pieces).await else {
            return Outcome::NotShared;
        };
        room.shrink(body.len() as u64);
        // As large as what it holds, not as what it grew to.
        let body = Bytes::copy_from_slice(&body);
        let head = judged.head;
        let stored = self.store(&key, Stored { head, body });
        if let Some(held) = held {
            let _ = pieces.send(Piece::Data(held));
        }
        let _ = pieces.send(Piece::End);
        self.outcome(key, stored)
    }

    /// All of a body, every piece passed on as it comes. None: it cannot be stored; whoever it is passed on to has the rest.
    async fn collect(
        &self,
        mut body: Body,
        length: Option<u64>,
        pieces: &mpsc::UnboundedSender<Piece>,
    ) -> Option<Whole> {
        let (mut collected, mut held) = (BytesMut::new(), None);
        let mut unattended = pin!(async {
            self.flight.news.closed().await;
            sleep(UNATTENDED).await;
        });
        loop {
            let frame = tokio::select! {
                frame = body.frame() => frame,
                () = &mut unattended => return None,
            };
            let Some(frame) = frame else {
                let body = collected;
                return Some(Whole { body, held });
            };
            if let Some(held) = held.take() {
                let _ = pieces.send(Piece::Data(held));
            }
            let data = match frame.map(Frame::into_data) {
                Err(error) => {
                    let _ = pieces.send(Piece::Broken(error));
                    return None;
                }
                Ok(Ok(data)) => data,
                Ok(Err(frame)) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    let _ = pieces.send(Piece::Trailers(trailers));
                    return self.hand_over(body, pieces);
                }
            };
            let total = collected.len() + data.len();
            if total > self.lookup.rules.body_max {
                let _ = pieces.send(Piece::Data(data));
                return self.hand_over(body, pieces);
            }
            collected.extend_from_slice(&data);
            match length == Some(total as u64) {
                true => held = Some(data),
                false => drop(pieces.send(Piece::Data(data))),
            }
        }
    }

    /// Leaves the rest of a body that is not for the cache to the one who asked, and others to themselves.
    fn hand_over<T>(&self, body: Body, pieces: &mpsc::UnboundedSender<Piece>) -> Option<T> {
        self.lookup
            .resource
            .leave_alone(self.lookup.cache.running());
        let _ = pieces.send(Piece::Rest(body));
        None
    }

    fn store(&self, key: &Variant, stored: Stored) -> Arc<Stored> {
        let stored = Arc::new(stored);
        let Lookup {
            cache, resource, ..
        } = &self.lookup;
        cache.store(resource, key, &stored, self.purges);
        stored
    }

    /// What others get of it. What may not be used without asking again is no use to them.
    fn outcome(&self, key: Variant, stored: Arc<Stored>) -> Outcome {
        let cache = &self.lookup.cache;
        if stored.head.freshness.is_servable(cache.now()) {
            return Outcome::Stored(key, stored);
        }
        self.lookup.resource.leave_alone(cache.running());
        Outcome::NotShared
    }
}

/// Whether an answer says that the upstream failed (RFC 5861 section 4).
fn is_failure(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500 | 502 | 503 | 504)
}
