//! The body of an answer that is being stored, on its way to the client that it was fetched for.

use super::{flights::Phase, room::Room};
use crate::gateway::Body;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::{
    error::Error,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::sync::{mpsc, watch};

type Cause = Box<dyn Error + Send + Sync>;

/// What comes of a body.
pub(super) enum Piece {
    Data(Bytes),
    Trailers(HeaderMap),
    /// The rest of the body, for it is not stored.
    Rest(Body),
    /// It broke off.
    Broken(Cause),
    /// That was all of it.
    End,
}

/// The body. It is whole when the last piece says so, and not when no more come.
pub(super) struct Arriving {
    pieces: mpsc::UnboundedReceiver<Piece>,
    rest: Option<Body>,
    has_ended: bool,
    /// How many bytes are to come, if that is known.
    left: Option<u64>,
    /// Keeps the fetch going.
    _interest: watch::Receiver<Phase>,
    /// What has come and was not read takes it. None: the rest comes as it is read.
    room: Option<Arc<Room>>,
}

/// A fetch that ended before its body, with its worker.
#[derive(Debug, thiserror::Error)]
#[error("the fetch was given up")]
struct GivenUp;

impl Arriving {
    pub(super) fn new(
        pieces: mpsc::UnboundedReceiver<Piece>,
        length: Option<u64>,
        (interest, room): (watch::Receiver<Phase>, Arc<Room>),
    ) -> Self {
        Self {
            pieces,
            rest: None,
            has_ended: false,
            left: length,
            _interest: interest,
            room: Some(room),
        }
    }

    fn count(&mut self, frame: &Frame<Bytes>) {
        if let (Some(left), Some(data)) = (&mut self.left, frame.data_ref()) {
            *left = left.saturating_sub(data.len() as u64);
        }
    }
}

impl http_body::Body for Arriving {
    type Data = Bytes;
    type Error = Cause;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cause>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        if self.rest.is_none() {
            let frame = match ready!(self.pieces.poll_recv(context)) {
                Some(Piece::Data(data)) => Some(Ok(Frame::data(data))),
                Some(Piece::Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
                Some(Piece::Broken(cause)) => Some(Err(cause)),
                Some(Piece::End) => None,
                Some(Piece::Rest(body)) => {
                    self.rest = Some(body);
                    self.room = None;
                    return self.poll_frame(context);
                }
                None => Some(Err(GivenUp.into())),
            };
            self.has_ended = !matches!(frame, Some(Ok(_)));
            if let Some(Ok(frame)) = &frame {
                self.count(frame);
            }
            return Poll::Ready(frame);
        }
        let rest = self
            .rest
            .as_mut()
            .map(|rest| Pin::new(rest).poll_frame(context));
        let frame = ready!(rest.unwrap_or(Poll::Ready(None)));
        if let Some(Ok(frame)) = &frame {
            self.count(frame);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended || self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map(SizeHint::with_exact).unwrap_or_default()
    }
}
