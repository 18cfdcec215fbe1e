//! The streams of one HTTP/2 connection: which of them wait for the client, and whether there are any.
//!
//! A client decides how much of an answer it takes, stream by stream, and need take nothing: hyper waits for ever, and
//! the socket looks well. So each answer's body notes when a piece of it was handed over and the next not asked for.

use crate::gateway::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::{
    collections::BTreeMap,
    error::Error,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::Instant;

/// How much is handed to hyper at once. It keeps a piece until the client takes it, when the body may be long gone.
const PIECE_BYTES_MAX: usize = 16 * 1024;

/// The streams of a connection.
#[derive(Debug)]
pub(super) struct Streams(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Since when streams wait for the client.
    waiting: BTreeMap<u64, Instant>,
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
    /// The client has not taken what it asked for for too long.
    Stalled,
}

impl Streams {
    /// There are none yet.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            waiting: BTreeMap::new(),
            open: 0,
            opened: 0,
            quiet_since: Instant::now(),
        })))
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

    /// How the connection is: a stream may wait for the client for `stall`, and there may be none for `idle`.
    pub(super) fn pace(&self, stall: Duration, idle: Duration) -> Pace {
        let (state, now) = (self.state(), Instant::now());
        let stalled = state.waiting.values().min().map(|since| *since + stall);
        let idle = (state.open == 0).then(|| state.quiet_since + idle);
        match (stalled, idle) {
            (Some(end), _) if end <= now => Pace::Stalled,
            (_, Some(end)) if end <= now => Pace::Idle,
            (Some(end), _) | (_, Some(end)) => Pace::Until(end),
            (None, None) => Pace::Until(now + stall),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that has not ended.
#[derive(Debug)]
pub(super) struct Stream {
    id: u64,
    streams: Arc<Streams>,
}

impl Stream {
    fn waits(&self) {
        self.streams.state().waiting.insert(self.id, Instant::now());
    }

    fn goes_on(&self) {
        self.streams.state().waiting.remove(&self.id);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut state = self.streams.state();
        state.waiting.remove(&self.id);
        state.open -= 1;
        if state.open == 0 {
            state.quiet_since = Instant::now();
        }
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
            self.rest = piece.split_off(piece.len().min(PIECE_BYTES_MAX));
            self.stream.waits();
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
        advance(STALL).await;
        assert_eq!(streams.pace(STALL, IDLE), Pace::Stalled);
        drop(body);
        advance(IDLE / 2).await;
        assert!(matches!(streams.pace(STALL, IDLE), Pace::Until(_)));
        advance(IDLE / 2).await;
        assert_eq!(streams.pace(STALL, IDLE), Pace::Idle);
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
