//! Clients that do not read.
//!
//! What is written for a client that reads nothing stays in memory, and a place is taken. The kernel takes a little at a
//! time while anything is read at all; a client for whom it takes next to nothing for long is given up.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep_until};

/// How much must be read within the limit: what a modem brings in a second, so that nobody holds a connection by a byte
/// now and then.
const BYTES_MIN: usize = 4096;

/// Writes to one client, watched.
#[derive(Debug)]
pub(super) struct Stall {
    limit: Duration,
    /// When enough is enough. Made at the first write that has to wait.
    alarm: Option<Pin<Box<Sleep>>>,
    is_set: bool,
    /// What has been taken since it was set.
    taken: usize,
}

impl Stall {
    /// The client must go on within this time.
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            alarm: None,
            is_set: false,
            taken: 0,
        }
    }

    /// Looks at how a write of so many bytes went. It fails when writes have been waiting for too long.
    pub(super) fn watch(
        &mut self,
        context: &mut Context<'_>,
        wanted: usize,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let Poll::Ready(outcome) = written else {
            return self.poll_alarm(context).map(|()| {
                let limit = self.limit.as_millis();
                Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("the client read next to nothing for {limit} ms"),
                ))
            });
        };
        if let Ok(taken) = outcome {
            self.taken = self.taken.saturating_add(taken);
            self.is_set &= taken < wanted && self.taken < BYTES_MIN;
        }
        Poll::Ready(outcome)
    }

    fn poll_alarm(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let end = Instant::now() + self.limit;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if !self.is_set {
            self.is_set = true;
            self.taken = 0;
            alarm.as_mut().reset(end);
        }
        alarm.as_mut().poll(context)
    }
}

#[cfg(test)]
mod tests {
    //! Who is given up, and who is only slow.

    use super::*;
    use std::future::poll_fn;
    use tokio::time::advance;

    const LIMIT: Duration = Duration::from_secs(30);

    /// A client that takes so many bytes every ten seconds, for two minutes. Whether it is given up.
    async fn taking(bytes: usize) -> bool {
        let mut stall = Stall::new(LIMIT);
        for _ in 0..12 {
            let waiting = |context: &mut Context<'_>| {
                Poll::Ready(stall.watch(context, 1 << 20, Poll::Pending))
            };
            if poll_fn(waiting).await.is_ready() {
                return true;
            }
            advance(Duration::from_secs(10)).await;
            let taken =
                |context: &mut Context<'_>| stall.watch(context, 1 << 20, Poll::Ready(Ok(bytes)));
            assert!(bytes == 0 || poll_fn(taken).await.is_ok());
        }
        false
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_and_next_to_nothing_are_too_little() {
        assert!(taking(0).await);
        assert!(taking(1).await);
        assert!(taking(1000).await);
        assert!(!taking(2000).await);
        assert!(!taking(100_000).await);
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_taken_everything_is_not_waited_for() {
        let mut stall = Stall::new(LIMIT);
        for _ in 0..5 {
            let waiting =
                |context: &mut Context<'_>| Poll::Ready(stall.watch(context, 10, Poll::Pending));
            assert!(poll_fn(waiting).await.is_pending());
            let all = |context: &mut Context<'_>| stall.watch(context, 10, Poll::Ready(Ok(10)));
            assert!(poll_fn(all).await.is_ok());
            advance(LIMIT * 2).await;
        }
    }
}
