//! The streams of one HTTP/2 connection: which of them wait for the client, and whether there are any.
//!
//! A client decides how much of an answer it takes, stream by stream, and need take nothing: hyper waits for ever, and
//! the socket looks well. So each answer's body notes when a piece of it was handed over and the next not asked for. A
//! stream that waits for too long is given up, which resets it and leaves the others alone: a client may pause one answer
//! and read another.

use crate::gateway::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::rt::Executor;
use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// How much of an answer is handed to hyper at once. It keeps a piece until the client takes it, when the body may be long
/// gone…
const PIECE_BYTES_MAX: usize = 16 * 1024;
/// …and the client has so long to take it, however many streams share its line. So with many of them pieces are smaller,
/// down to what counts as next to nothing on HTTP/1 (`stall`).
const PIECE_BYTES_MIN: usize = 4 * 1024;
const PIECES_BYTES_MAX: usize = 400 * 1024;

/// The streams of a connection.
#[derive(Debug)]
pub(super) struct Streams {
    state: Mutex<State>,
    /// There are new ones among those that are given up.
    given_up: Notify,
}

#[derive(Debug)]
struct State {
    /// Since when streams wait for the client.
    waiting: BTreeMap<u64, Instant>,
    /// Those that have waited for too long.
    given_up: BTreeSet<u64>,
    /// Streams that have not ended.
    open: usize,
    opened: u64,
    /// When the last one ended.
    quiet_since: Instant,
}

/// How a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Well, until then at least.
    Until(Instant),
    /// There has been no stream for too long.
    Idle,
}

impl Streams {
    /// There are none yet.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                waiting: BTreeMap::new(),
                given_up: BTreeSet::new(),
                open: 0,
                opened: 0,
                quiet_since: Instant::now(),
            }),
            given_up: Notify::new(),
        })
    }

    /// One more stream.
    pub(super) fn open(self: &Arc<Self>) -> Stream {
        let mut state = self.state();
        state.open += 1;
        state.opened += 1;
        Stream {
            id: state.opened,
            streams: Arc::clone(self),
        }
    }

    /// How the connection is: there may be no stream for `idle`. Streams that have waited for the client for `stall` are
    /// given up.
    pub(super) fn pace(&self, stall: Duration, idle: Duration) -> Pace {
        let (mut state, now) = (self.state(), Instant::now());
        if state.open == 0 {
            let end = state.quiet_since + idle;
            return if end <= now {
                Pace::Idle
            } else {
                Pace::Until(end)
            };
        }
        let waiting = state.waiting.iter();
        let overdue = waiting.filter(|(_, since)| **since + stall <= now);
        let overdue: Vec<u64> = overdue.map(|(id, _)| *id).collect();
        state.waiting.retain(|id, _| !overdue.contains(id));
        if !overdue.is_empty() {
            state.given_up.extend(overdue);
            self.given_up.notify_waiters();
        }
        let longest = state.waiting.values().min();
        Pace::Until(longest.copied().unwrap_or(now) + stall)
    }

    /// Resolves when the stream that was opened last is given up.
    fn newest_given_up(self: &Arc<Self>) -> impl Future<Output = ()> + Send + use<> {
        let (streams, id) = (Arc::clone(self), self.state().opened);
        async move {
            loop {
                let more = streams.given_up.notified();
                if streams.state().given_up.contains(&id) {
                    return;
                }
                more.await;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that has not ended.
#[derive(Debug)]
pub(super) struct Stream {
    id: u64,
    streams: Arc<Streams>,
}

impl Stream {
    /// A piece is handed over. How large it may be.
    fn waits(&self) -> usize {
        let mut state = self.streams.state();
        state.waiting.insert(self.id, Instant::now());
        let share = PIECES_BYTES_MAX / state.open.max(1);
        share.clamp(PIECE_BYTES_MIN, PIECE_BYTES_MAX)
    }

    fn goes_on(&self) {
        self.streams.state().waiting.remove(&self.id);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut state = self.streams.state();
        state.waiting.remove(&self.id);
        state.given_up.remove(&self.id);
        state.open -= 1;
        if state.open == 0 {
            state.quiet_since = Instant::now();
        }
    }
}

/// What runs the streams of a connection, each until it ends or is given up. hyper begins one right after it has handed
/// over its request, which is when it is opened.
#[derive(Clone)]
pub(super) struct Tasks(pub(super) Arc<Streams>);

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let given_up = self.0.newest_given_up();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = stream => {}
                // Dropped by that, it is reset.
                () = given_up => tracing::debug!("a stream is reset: its client takes nothing"),
            }
        });
    }
}

/// An answer's body, in pieces, watched.
pub(super) struct Watched {
    body: Body,
    /// What is left of a piece that was too large.
    rest: Bytes,
    stream: Stream,
}

impl Watched {
    pub(super) fn new(body: Body, stream: Stream) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            stream,
        }
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut polled = if self.rest.is_empty() {
            Pin::new(&mut self.body).poll_frame(context)
        } else {
            Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.rest)))))
        };
        if let Poll::Ready(Some(Ok(frame))) = &mut polled
            && let Some(piece) = frame.data_mut()
        {
            self.rest = piece.split_off(piece.len().min(self.stream.waits()));
        } else {
            self.stream.goes_on();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (body, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        if let Some(upper) = body.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(body.lower() + rest);
        hint
    }
}

#[cfg(test)]
mod tests {
    //! How a connection is, by what its streams wait for.

    use super::*;
    use futures_util::FutureExt;
    use http_body::Body as _;
    use std::future::poll_fn;
    use tokio::time::advance;

    const STALL: Duration = Duration::from_secs(30);
    const IDLE: Duration = Duration::from_secs(120);

    /// The next piece of a body, or none if it has none yet.
    async fn piece(body: &mut Watched) -> Option<usize> {
        let polled = poll_fn(|context| Poll::Ready(Pin::new(&mut *body).poll_frame(context))).await;
        match polled {
            Poll::Ready(Some(Ok(frame))) => frame.data_ref().map(Bytes::len),
            _ => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_piece_that_is_not_taken_is_a_stall() {
        let streams = Streams::new();
        let mut body = Watched::new(Body::full(vec![0; 40_000]), streams.open());
        assert_eq!(piece(&mut body).await, Some(PIECE_BYTES_MAX));
        advance(STALL / 2).await;
        assert!(matches!(streams.pace(STALL, IDLE), Pace::Until(_)));
        // It was taken, for the next one is asked for; the last one is not.
        assert_eq!(piece(&mut body).await, Some(PIECE_BYTES_MAX));
        advance(STALL * 2 / 3).await;
        assert!(matches!(streams.pace(STALL, IDLE), Pace::Until(_)));
        assert_eq!(piece(&mut body).await, Some(40_000 - 2 * PIECE_BYTES_MAX));
        assert!(body.is_end_stream());
        let given_up = streams.newest_given_up();
        let other = streams.open();
        let mut others = Box::pin(streams.newest_given_up());
        advance(STALL).await;
        assert!(matches!(streams.pace(STALL, IDLE), Pace::Until(_)));
        given_up.await;
        assert!(others.as_mut().now_or_never().is_none());
        drop((body, other));
        assert!(streams.state().given_up.is_empty());
        advance(IDLE / 2).await;
        assert!(matches!(streams.pace(STALL, IDLE), Pace::Until(_)));
        advance(IDLE / 2).await;
        assert_eq!(streams.pace(STALL, IDLE), Pace::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn many_streams_hand_over_less_each() {
        let streams = Streams::new();
        let body = || Watched::new(Body::full(vec![0; 40_000]), streams.open());
        let mut bodies: Vec<_> = (0..100).map(|_| body()).collect();
        assert_eq!(piece(&mut bodies[0]).await, Some(PIECE_BYTES_MIN));
        bodies.truncate(50);
        assert_eq!(piece(&mut bodies[0]).await, Some(PIECES_BYTES_MAX / 50));
        bodies.truncate(1);
        assert_eq!(piece(&mut bodies[0]).await, Some(PIECE_BYTES_MAX));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_us_is_not_stalled() {
        let streams = Streams::new();
        let stream = futures_util::stream::pending::<Result<Frame<Bytes>, std::io::Error>>();
        let silent = Body::streamed(http_body_util::StreamBody::new(stream));
        let mut body = Watched::new(silent, streams.open());
        assert_eq!(piece(&mut body).await, None);
        advance(IDLE * 2).await;
        assert!(matches!(streams.pace(STALL, IDLE), Pace::Until(_)));
    }
}
