//! How long a connection may go on: what ends one that does nothing.

use super::{
    streams::{Pace, Streams},
    talk::Talk,
};
use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// How long clients are waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Until a connection's first request.
    pub(super) first_request: Duration,
    /// Until the client takes what it asked for.
    pub(super) write: Duration,
    /// Until an HTTP/2 connection's next request. In HTTP/1, hyper limits that.
    pub(super) http2_idle: Duration,
}

/// Watches over one connection.
pub(super) struct Vigil {
    patience: Patience,
    begun_by: Instant,
    talk: Arc<Talk>,
    streams: Option<Arc<Streams>>,
    /// When the client was told that no more requests are taken, for it sent none.
    closing_since: Option<Instant>,
}

enum Verdict {
    /// Look again then.
    Wait(Option<Instant>),
    /// Tell the client to send no more.
    Close,
    /// End it.
    Cut(&'static str),
}

impl Vigil {
    pub(super) fn new(
        patience: Patience,
        begun_by: Instant,
        talk: Arc<Talk>,
        streams: Option<Arc<Streams>>,
    ) -> Self {
        Self {
            patience,
            begun_by,
            talk,
            streams,
            closing_since: None,
        }
    }

    /// Drives the connection to its end. `close` has it take no more requests.
    pub(super) async fn keep<C>(
        mut self,
        connection: C,
        close: fn(Pin<&mut C>),
        mut drain: watch::Receiver<()>,
    ) where
        C: Future<Output = hyper::Result<()>>,
    {
        let mut connection = pin!(connection);
        let mut is_draining = false;
        loop {
            let next = match self.look() {
                Verdict::Wait(next) => next,
                Verdict::Close => {
                    close(connection.as_mut());
                    continue;
                }
                Verdict::Cut(why) => return tracing::debug!(why, "a connection is cut"),
            };
            let alarm = async {
                match next {
                    Some(next) => sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                ended = &mut connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    return;
                }
                _ = drain.changed(), if !is_draining => {
                    is_draining = true;
                    close(connection.as_mut());
                }
                () = alarm => {}
            }
        }
    }

    fn look(&mut self) -> Verdict {
        let now = Instant::now();
        if !self.talk.has_begun() {
            return if self.begun_by <= now {
                Verdict::Cut("it sent no request in time")
            } else {
                Verdict::Wait(Some(self.begun_by))
            };
        }
        let Some(streams) = &self.streams else {
            return Verdict::Wait(None);
        };
        match streams.pace(self.patience.write, self.patience.http2_idle) {
            Pace::Until(next) => {
                self.closing_since = None;
                Verdict::Wait(Some(next))
            }
            Pace::Idle => match self.closing_since {
                None => {
                    self.closing_since = Some(now);
                    Verdict::Close
                }
                Some(since) if since + self.patience.write <= now => {
                    Verdict::Cut("it was idle, and its client did not close it")
                }
                Some(since) => Verdict::Wait(Some(since + self.patience.write)),
            },
        }
    }
}
