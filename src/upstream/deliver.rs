//! Delivering a request: as many tries as it takes and as are allowed.
//!
//! A try is pick, call, report. What decides about another one stands in [`Delivery::pause`]: whether it does harm, what
//! the settings say, the deadline, the budget. A request can be tried again if it is whole in memory, or if nothing of
//! it was sent.

use super::{
    Body, Hedge, Retry, Upstream,
    call_error::CallError,
    connections::{Answered, Connections, Over, SendError},
    endpoint::Endpoint,
    group::Picked,
    member::InFlight,
    retry::{Failure, asked_to_wait},
};
use futures_util::{StreamExt, stream::FuturesUnordered};
use http::{HeaderMap, Request, StatusCode};
use http_body::Body as _;
use std::{
    future::Future,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout_at};

/// What a request may do when it arrives twice (RFC 9110 section 9.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Safety {
    Unsafe,
    /// No more than once.
    Idempotent,
    /// Nothing.
    Safe,
}

/// A kind of request: how its answer is awaited and taken in.
pub(super) trait Kind: Sync {
    type Answer: Send;
    type Error: From<CallError> + Send;

    /// Addresses the request to an endpoint.
    fn address(&self, request: &mut Request<Body>, endpoint: &Endpoint) -> Result<(), Self::Error>;

    /// Awaits the head of an answer, or gives up.
    fn head(
        &self,
        sending: impl Future<Output = Result<Answered, SendError>> + Send,
    ) -> impl Future<Output = Result<Result<Answered, SendError>, Self::Error>> + Send;

    /// Makes of it what the caller gets.
    fn take(
        &self,
        answered: Answered,
    ) -> impl Future<Output = Result<Self::Answer, Self::Error>> + Send;

    /// Why there is none.
    fn error(&self, error: &SendError) -> Self::Error;

    /// What of an error the upstream is to blame for.
    fn fault(error: &Self::Error) -> Option<&CallError>;

    fn status(answer: &Self::Answer) -> StatusCode;
    fn headers(answer: &Self::Answer) -> &HeaderMap;
}

/// A request on its way, with all that decides about it.
pub(super) struct Delivery<'a, K> {
    pub(super) upstream: &'a Upstream,
    pub(super) connections: &'a Connections,
    pub(super) kind: K,
    pub(super) retry: &'a Retry,
    pub(super) safety: Safety,
    pub(super) hash: Option<u64>,
    /// When all tries must have ended, and what it is called if they have not.
    pub(super) deadline: Option<(Instant, CallError)>,
}

/// How a try ended.
struct Tried<K: Kind> {
    outcome: Result<K::Answer, K::Error>,
    /// What it failed by, if another try may help.
    failure: Option<Failure>,
    /// The request, if none of it was sent.
    unsent: Option<Request<Body>>,
    in_flight: InFlight,
}

struct Failed<E> {
    error: E,
    failure: Failure,
    unsent: Option<Box<Request<Body>>>,
}

/// The request once more, if its body is at hand.
fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    let body = match request.body() {
        body if body.is_end_stream() => Body::empty(),
        body => Body::full(body.whole()?.clone()),
    };
    let mut copy = Request::new(body);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

impl<K: Kind> Delivery<'_, K> {
    /// The answer, and what says that its request is in flight until the answer has been read.
    pub(super) async fn run(
        &self,
        request: Request<Body>,
    ) -> Result<(K::Answer, InFlight), K::Error> {
        self.upstream.budget.deposit();
        let repeatable = (self.safety > Safety::Unsafe).then(|| copy(&request));
        // What can be sent any number of times is kept, and its first copy sent.
        let (mut request, original) = match repeatable.flatten() {
            Some(first) => (first, Some(request)),
            None => (request, None),
        };
        let original = original.as_ref();
        let (mut tries, mut avoid, mut retrying) = (0, None, None);
        loop {
            let picked = self.upstream.pick(self.hash, avoid)?;
            let hedge = self.upstream.config.hedge.as_ref();
            let Tried {
                outcome,
                failure,
                unsent,
                in_flight,
            } = match (hedge, original) {
                (Some(hedge), Some(original)) if self.safety == Safety::Safe => {
                    Box::pin(self.hedged(hedge, picked, (request, original))).await
                }
                _ => self.attempt(picked, (request, original)).await,
            };
            tries += 1;
            // One retry ends before the next one counts.
            drop(retrying.take());
            let pause = failure.and_then(|failure| self.pause(failure, tries, &outcome));
            let next = pause.and_then(|pause| {
                let again = unsent.or_else(|| original.and_then(copy))?;
                Some((pause, again, self.may_retry()?))
            });
            let Some((pause, again, counted)) = next else {
                return outcome.map(|answer| (answer, in_flight));
            };
            avoid = Some(in_flight.member().place.id);
            drop((outcome, in_flight));
            self.upstream.measured.retries.add_one();
            sleep(pause).await;
            (request, retrying) = (again, Some(counted));
        }
    }

    /// How long to wait before the next try. None: there is none.
    fn pause(
        &self,
        failure: Failure,
        tries: u32,
        outcome: &Result<K::Answer, K::Error>,
    ) -> Option<Duration> {
        let does_no_harm =
            self.safety > Safety::Unsafe || matches!(failure, Failure::Unsent | Failure::Refused);
        if !does_no_harm || tries >= self.retry.attempts || !self.retry.is_after(failure) {
            return None;
        }
        let asked = match outcome {
            Ok(answer) => asked_to_wait(K::headers(answer)).ok()?,
            Err(_) => Duration::ZERO,
        };
        let pause = self.retry.pause(tries).max(asked);
        let deadline = self.deadline.as_ref();
        let is_in_time = deadline.is_none_or(|(deadline, _)| Instant::now() + pause < *deadline);
        is_in_time.then_some(pause)
    }

    /// Whether the budget and the limit allow one more.
    fn may_retry(&self) -> Option<Retrying<'_>> {
        let upstream = self.upstream;
        let retrying = Retrying::begin(&upstream.retrying, upstream.config.limits.max_retries);
        let allowed = retrying.filter(|_| upstream.budget.withdraw(Instant::now()));
        if allowed.is_none() {
            upstream.measured.retries_withheld.add_one();
        }
        allowed
    }

    /// A try, and others beside it while it takes long. The first good answer is taken, or else the last bad one.
    async fn hedged(
        &self,
        hedge: &Hedge,
        first: Picked,
        (request, original): (Request<Body>, &Request<Body>),
    ) -> Tried<K> {
        let slow = first.member().place.id;
        let mut trying = FuturesUnordered::new();
        trying.push(self.counted(first, (request, original), None));
        let mut left = hedge.max;
        loop {
            let patience = async {
                if left == 0 {
                    std::future::pending::<()>().await;
                }
                sleep(hedge.after).await;
            };
            tokio::select! {
                Some(tried) = trying.next() => {
                    if tried.failure.is_none() || trying.is_empty() {
                        return tried;
                    }
                }
                () = patience => {
                    left -= 1;
                    let again = copy(original).zip(self.may_retry());
                    if let Some((again, retrying)) = again
                        && let Ok(picked) = self.upstream.pick(self.hash, Some(slow))
                    {
                        self.upstream.measured.hedges.add_one();
                        trying.push(self.counted(picked, (again, original), Some(retrying)));
                    }
                }
            }
        }
    }

    /// One try, which counts as a retry until it ends.
    async fn counted(
        &self,
        picked: Picked,
        (request, original): (Request<Body>, &Request<Body>),
        retrying: Option<Retrying<'_>>,
    ) -> Tried<K> {
        let tried = self.attempt(picked, (request, Some(original))).await;
        drop(retrying);
        tried
    }

    /// One try.
    async fn attempt(
        &self,
        picked: Picked,
        (request, original): (Request<Body>, Option<&Request<Body>>),
    ) -> Tried<K> {
        let exchange = self.exchange(&picked, request, original);
        let per_try = self.retry.per_try_timeout;
        let per_try = per_try.map(|limit| (Instant::now() + limit, CallError::Timeout(limit)));
        let deadline = self.deadline.clone();
        let limits = [per_try, deadline].into_iter().flatten();
        let exchanged = match limits.min_by_key(|(limit, _)| *limit) {
            None => exchange.await,
            Some((limit, error)) => {
                let late = |_| Err(Failed::without_answer(error.into()));
                timeout_at(limit, exchange).await.unwrap_or_else(late)
            }
        };
        match exchanged {
            Ok(answer) => {
                let status = K::status(&answer);
                let failure = Failure::Status(status);
                Tried {
                    outcome: Ok(answer),
                    failure: Some(failure).filter(|failure| self.retry.is_after(*failure)),
                    unsent: None,
                    in_flight: self.upstream.report(picked, Ok(status)),
                }
            }
            Err(Failed {
                error,
                failure,
                unsent,
            }) => {
                let fault = match K::fault(&error) {
                    Some(CallError::Unavailable(reason)) => {
                        self.upstream.measured.unavailable(*reason);
                        None
                    }
                    fault => fault,
                };
                Tried {
                    failure: fault.map(|_| failure),
                    unsent: unsent.map(|request| *request),
                    in_flight: match fault {
                        Some(fault) => self.upstream.report(picked, Err(fault)),
                        // Nothing that the endpoint could help.
                        None => picked.in_flight,
                    },
                    outcome: Err(error),
                }
            }
        }
    }

    async fn exchange(
        &self,
        picked: &Picked,
        mut request: Request<Body>,
        original: Option<&Request<Body>>,
    ) -> Result<K::Answer, Failed<K::Error>> {
        let (pools, member) = (&self.upstream.pools, picked.member());
        let endpoint = &member.place.endpoint;
        let send = |request, over| {
            let sending = self.connections.send(pools, member, request, over);
            self.kind.head(sending)
        };
        let without_answer = Failed::without_answer;
        self.kind
            .address(&mut request, endpoint)
            .map_err(without_answer)?;
        let mut sent = send(request, Over::Any).await.map_err(without_answer)?;
        // A kept connection may end at any time; that says nothing about the endpoint.
        if sent.as_ref().is_err_and(SendError::is_stale)
            && let Some(mut again) = original.and_then(copy)
        {
            self.kind
                .address(&mut again, endpoint)
                .map_err(without_answer)?;
            sent = send(again, Over::New).await.map_err(without_answer)?;
        }
        match sent {
            Ok(answered) => self.kind.take(answered).await.map_err(without_answer),
            Err(error) => Err(Failed {
                error: self.kind.error(&error),
                failure: match &error {
                    SendError::NoConnection { .. } => Failure::Unsent,
                    SendError::Broken { .. } if error.is_refused() => Failure::Refused,
                    SendError::Broken { .. } => Failure::Broken,
                },
                unsent: error.into_unsent(),
            }),
        }
    }
}

impl<E> Failed<E> {
    fn without_answer(error: E) -> Self {
        Self {
            error,
            failure: Failure::Broken,
            unsent: None,
        }
    }
}

/// A retry that is counted until it is dropped.
struct Retrying<'a>(&'a AtomicU32);

impl<'a> Retrying<'a> {
    fn begin(count: &'a AtomicU32, most: Option<u32>) -> Option<Self> {
        let before = count.fetch_add(1, Ordering::Relaxed);
        let retrying = Self(count);
        most.is_none_or(|most| before < most).then_some(retrying)
    }
}

impl Drop for Retrying<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
