//! A request body on its way to an upstream, watched: when a call takes too long, it matters who is being waited for.

use super::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::{
    error::Error,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};
use tokio::time::Instant;

/// How far a request body has come.
#[derive(Debug)]
pub(super) struct Progress {
    moved: Mutex<Instant>,
    awaits_client: AtomicBool,
    client_broke: AtomicBool,
}

impl Progress {
    /// Nothing has moved yet.
    pub(super) fn begin() -> Arc<Self> {
        Arc::new(Self {
            moved: Mutex::new(Instant::now()),
            awaits_client: AtomicBool::new(false),
            client_broke: AtomicBool::new(false),
        })
    }

    /// When the last piece was passed on, or the call began.
    pub(super) fn moved(&self) -> Instant {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the upstream is ready for more, and the client sends nothing.
    pub(super) fn awaits_client(&self) -> bool {
        self.awaits_client.load(Ordering::Relaxed)
    }

    /// Whether the client's body ended before its end.
    pub(super) fn client_broke(&self) -> bool {
        self.client_broke.load(Ordering::Relaxed)
    }

    fn note<T, E>(&self, polled: &Poll<Option<Result<T, E>>>) {
        self.awaits_client
            .store(polled.is_pending(), Ordering::Relaxed);
        match polled {
            Poll::Pending => {}
            Poll::Ready(Some(Err(_))) => self.client_broke.store(true, Ordering::Relaxed),
            Poll::Ready(_) => {
                *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            }
        }
    }
}

/// The body, passed on as it comes.
#[derive(Debug)]
pub(super) struct Watched {
    body: Body,
    progress: Arc<Progress>,
}

impl Watched {
    pub(super) fn new(body: Body, progress: Arc<Progress>) -> Self {
        Self { body, progress }
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.progress.note(&polled);
        Poll::Ready(ready!(polled))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
