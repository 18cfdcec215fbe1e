//! Connections that go on in another protocol: bytes are passed between client and upstream as they come, unread.

use super::{Connections, GoesOn};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use metrics::{Counter, Gauge};
use std::{
    future::pending,
    io,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional},
    time::{Instant, sleep_until},
};

/// How long such a connection may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// While nothing comes from either side.
    pub idle: Duration,
    /// Altogether. None: for ever.
    pub total: Option<Duration>,
}

/// Counters of such connections.
#[derive(Clone, Debug)]
pub struct Tally {
    pub open: Gauge,
    pub bytes: Counter,
}

/// The two sides, once both have switched.
pub struct Splice {
    pub client: OnUpgrade,
    pub upstream: OnUpgrade,
    /// The request to the upstream, in flight until this ends.
    pub request: Option<GoesOn>,
    pub lifetime: Lifetime,
    pub tally: Tally,
}

impl Splice {
    /// Passes bytes between the two, both ways, until they end or have gone on for long enough. Nobody needs to wait for it; the
    /// worker does when it ends.
    pub fn start(self, connections: &Connections) {
        let held = connections.hold();
        tokio::spawn(async move {
            let _held = held;
            self.run().await;
        });
    }

    async fn run(self) {
        let Self {
            client,
            upstream,
            request: _request,
            lifetime,
            tally,
        } = self;
        let (client, upstream) = match futures_util::try_join!(client, upstream) {
            Ok(both) => both,
            Err(error) => return tracing::debug!(%error, "a connection did not switch"),
        };
        let _open = Open::count(&tally.open);
        let moved = Mutex::new(Instant::now());
        let mut client = Watched::new(client, &moved, &tally.bytes);
        let mut upstream = Watched::new(upstream, &moved, &tally.bytes);
        let why = tokio::select! {
            copied = copy_bidirectional(&mut client, &mut upstream) => match copied {
                Ok(_) => "both sides ended it".to_owned(),
                Err(error) => error.to_string(),
            },
            () = idle(&moved, lifetime.idle) => "nothing came for too long".to_owned(),
            () = over(lifetime.total) => "it has gone on for long enough".to_owned(),
        };
        tracing::debug!(why, "a switched connection ended");
    }
}

/// Resolves when nothing has moved for so long.
async fn idle(moved: &Mutex<Instant>, limit: Duration) {
    loop {
        let end = *moved.lock().unwrap_or_else(PoisonError::into_inner) + limit;
        if end <= Instant::now() {
            return;
        }
        sleep_until(end).await;
    }
}

async fn over(total: Option<Duration>) {
    match total {
        Some(total) => tokio::time::sleep(total).await,
        None => pending().await,
    }
}

/// A connection that is counted until it is dropped.
struct Open<'a>(&'a Gauge);

impl<'a> Open<'a> {
    fn count(open: &'a Gauge) -> Self {
        open.increment(1);
        Self(open)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// One side, which notes what comes from it.
struct Watched<'a> {
    io: TokioIo<Upgraded>,
    moved: &'a Mutex<Instant>,
    bytes: &'a Counter,
}

impl<'a> Watched<'a> {
    fn new(upgraded: Upgraded, moved: &'a Mutex<Instant>, bytes: &'a Counter) -> Self {
        Self {
            io: TokioIo::new(upgraded),
            moved,
            bytes,
        }
    }
}

impl AsyncRead for Watched<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.bytes
            .increment((buffer.filled().len() - before) as u64);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
