//! Bodies that may be only so large, while they stream.

use crate::gateway::{Body, Code, Refusal};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use std::{
    error::Error,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

/// A body that breaks off when it turns out larger than it may be.
struct Limited {
    body: Body,
    limit: u64,
    left: u64,
    breach: Breach,
}

/// Whether a body has turned out too large.
#[derive(Clone, Debug, Default)]
pub(super) struct Breach(Arc<AtomicBool>);

impl Breach {
    pub(super) fn happened(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the body is larger than {0} bytes")]
struct TooLarge(u64);

/// The body, which breaks off after so many bytes. None if it says itself that it is larger.
pub(super) fn limited(body: Body, limit: u64) -> Option<(Body, Breach)> {
    let hint = body.size_hint();
    if hint.lower() > limit {
        return None;
    }
    let breach = Breach::default();
    // What it says it keeps, for HTTP reads no more than that.
    if hint.upper().is_some_and(|upper| upper <= limit) {
        return Some((body, breach));
    }
    let limited = Limited {
        body,
        limit,
        left: limit,
        breach: breach.clone(),
    };
    Some((Body::streamed(limited), breach))
}

/// The answer to a request with a body that is larger than that.
pub(super) fn too_large(limit: u64) -> Refusal {
    let message = format!("The request body is larger than {limit} bytes");
    Refusal::new(Code::RequestTooLarge, message)
}

/// The answer where an upstream's is too large.
pub(super) fn answer_too_large() -> Refusal {
    let message = "The answer of the service behind this path is too large";
    Refusal::new(Code::UpstreamTooLarge, message)
}

impl http_body::Body for Limited {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let length = frame.data_ref().map_or(0, Bytes::len) as u64;
            match self.left.checked_sub(length) {
                Some(left) => self.left = left,
                None => {
                    self.breach.0.store(true, Ordering::Relaxed);
                    return Poll::Ready(Some(Err(TooLarge(self.limit).into())));
                }
            }
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
