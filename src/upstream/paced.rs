//! An answer's body on its way to the client: broken off when the upstream falls silent.
//!
//! The time runs only while somebody wants the next piece. A client that reads slowly costs the upstream nothing, for
//! then nobody asks for more.

use super::{Upstream, causes::chain, member::InFlight, pool::Lease};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use std::{
    error::Error,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep_until};

/// The body, passed on as it comes.
pub(super) struct Paced {
    body: Incoming,
    upstream: Arc<Upstream>,
    /// How long it may send nothing.
    silence: Duration,
    /// When its silence is too long. Made at the first piece that does not come at once.
    alarm: Option<Pin<Box<Sleep>>>,
    /// Whether the alarm is set for the silence that lasts now.
    is_set: bool,
    held: Held,
}

/// What is given back with the body's end.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) lease: Lease,
    /// The request is in flight until then.
    pub(super) _in_flight: InFlight,
}

/// An upstream that stopped in the middle of an answer.
#[derive(Debug, thiserror::Error)]
#[error("nothing more came within {} ms", .0.as_millis())]
struct Silent(Duration);

impl Paced {
    pub(super) fn new(
        body: Incoming,
        upstream: Arc<Upstream>,
        silence: Duration,
        held: Held,
    ) -> Self {
        Self {
            body,
            upstream,
            silence,
            alarm: None,
            is_set: false,
            held,
        }
    }

    /// Resolves when the upstream has been silent for too long.
    fn poll_alarm(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let end = Instant::now() + self.silence;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if !std::mem::replace(&mut self.is_set, true) {
            alarm.as_mut().reset(end);
        }
        alarm.as_mut().poll(context)
    }

    fn broke(&self, error: Box<dyn Error + Send + Sync>) -> Box<dyn Error + Send + Sync> {
        let cause = chain(&*error);
        tracing::warn!(
            upstream = self.upstream.name(),
            error = cause,
            "upstream broke off in the middle of an answer"
        );
        error
    }
}

impl http_body::Body for Paced {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        let Poll::Ready(frame) = polled else {
            ready!(self.poll_alarm(context));
            let silent = Silent(self.silence);
            return Poll::Ready(Some(Err(self.broke(silent.into()))));
        };
        self.is_set = false;
        if frame.is_none() || self.body.is_end_stream() {
            self.held.lease.end();
        }
        Poll::Ready(frame.map(|frame| frame.map_err(|error| self.broke(error.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
