//! Bodies that are coded while they stream.
//!
//! What has been read is passed on as soon as nothing more is there: an event is not held back until the next one comes.

use super::{Body, Coding, coding::StreamEncoder};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use std::{
    error::Error,
    io,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many bodies are coded at a time: each takes up to 400 kB, for as long as its client takes to read it.
const BODIES_MAX: usize = 512;

static PLACES: Semaphore = Semaphore::const_new(BODIES_MAX);

/// A body in a coding.
struct Compressing {
    body: Body,
    /// None: it has come to its end. The lock is never waited for: it makes the encoder one that threads may share.
    encoder: Option<Mutex<StreamEncoder>>,
    /// Whether something was read that has not come out yet.
    holds: bool,
    trailers: Option<HeaderMap>,
    _place: SemaphorePermit<'static>,
}

impl Coding {
    /// The body in this coding, piece by piece. Or as it was, if an encoder cannot be had, or too many are had.
    pub fn stream(self, body: Body) -> Result<Body, Body> {
        self.stream_within(&PLACES, body)
    }

    fn stream_within(self, places: &'static Semaphore, body: Body) -> Result<Body, Body> {
        let Ok(place) = places.try_acquire() else {
            return Err(body);
        };
        match StreamEncoder::new(self) {
            Ok(encoder) => Ok(Body::streamed(Compressing {
                body,
                encoder: Some(Mutex::new(encoder)),
                holds: false,
                trailers: None,
                _place: place,
            })),
            Err(error) => {
                tracing::error!(%error, coding = self.name(), "a body could not be compressed");
                Err(body)
            }
        }
    }
}

impl Compressing {
    /// What comes out of the encoder when this is done with it.
    fn encode(
        &mut self,
        act: impl FnOnce(&mut StreamEncoder) -> io::Result<Vec<u8>>,
    ) -> io::Result<Option<Bytes>> {
        let Some(encoder) = &mut self.encoder else {
            return Ok(None);
        };
        let encoder = encoder.get_mut().unwrap_or_else(PoisonError::into_inner);
        let out = act(encoder)?;
        Ok((!out.is_empty()).then(|| out.into()))
    }

    /// The last of it.
    fn finish(&mut self) -> io::Result<Option<Bytes>> {
        let Some(encoder) = self.encoder.take() else {
            return Ok(None);
        };
        let encoder = encoder.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Some(encoder.finish()?.into()))
    }

    /// What to do next: a piece, the end of the body, or nothing yet.
    fn step(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Step, Box<dyn Error + Send + Sync>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            if !std::mem::take(&mut self.holds) {
                return Poll::Pending;
            }
            return match self.encode(StreamEncoder::flush)? {
                Some(piece) => Poll::Ready(Ok(Step::Piece(piece))),
                None => Poll::Pending,
            };
        };
        let Some(frame) = frame.transpose()? else {
            return Poll::Ready(Ok(Step::End));
        };
        Poll::Ready(Ok(match frame.into_data() {
            Ok(data) => {
                self.holds = true;
                let piece = self.encode(|encoder| encoder.write(&data))?;
                piece.map_or(Step::Read, Step::Piece)
            }
            Err(frame) => {
                self.trailers = frame.into_trailers().ok();
                Step::End
            }
        }))
    }
}

enum Step {
    Piece(Bytes),
    /// Something was read, and nothing came out.
    Read,
    End,
}

impl http_body::Body for Compressing {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        while self.encoder.is_some() {
            match self.step(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(Step::Read)) => {}
                Poll::Ready(Ok(Step::Piece(piece))) => {
                    return Poll::Ready(Some(Ok(Frame::data(piece))));
                }
                Poll::Ready(Ok(Step::End)) => match self.finish() {
                    Ok(Some(piece)) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                    Ok(None) => {}
                    Err(error) => return Poll::Ready(Some(Err(error.into()))),
                },
                Poll::Ready(Err(error)) => {
                    self.encoder = None;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        Poll::Ready(
            self.trailers
                .take()
                .map(|trailers| Ok(Frame::trailers(trailers))),
        )
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    struct Events(UnboundedReceiver<&'static str>);

    impl http_body::Body for Events {
        type Data = Bytes;
        type Error = Box<dyn Error + Send + Sync>;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            let event = self.0.poll_recv(context);
            event.map(|event| event.map(|event| Ok(Frame::data(event.into()))))
        }
    }

    #[tokio::test]
    async fn what_was_read_comes_out_before_more_is_there() {
        for coding in Coding::ALL {
            let (sender, receiver) = unbounded_channel();
            let mut coded = coding.stream(Body::streamed(Events(receiver))).unwrap();
            let mut all = Vec::new();
            for so_far in ["one", "onetwo"] {
                sender.send(&so_far[so_far.len() - 3..]).unwrap();
                // What has come out holds all that went in, however many pieces that takes.
                loop {
                    let frame = coded.frame().await.unwrap().unwrap();
                    all.extend_from_slice(&frame.into_data().unwrap());
                    if inflated(coding, &all).ends_with(so_far) {
                        break;
                    }
                }
            }
            drop(sender);
            let rest = coded.collect().await.unwrap().to_bytes();
            all.extend_from_slice(&rest);
            let whole = coding.inflate(all.into(), 100).await.unwrap();
            assert_eq!(whole, "onetwo", "{}", coding.name());
        }
    }

    #[test]
    fn only_so_many_are_coded_at_a_time() {
        static ONE: Semaphore = Semaphore::const_new(1);
        let coded = || Coding::Gzip.stream_within(&ONE, Body::full("text"));
        let first = coded();
        assert!(first.is_ok());
        assert!(coded().is_err_and(|body| body.whole().is_some()));
        drop(first);
        assert!(coded().is_ok());
    }

    /// As much as the beginning of a coded body holds.
    fn inflated(coding: Coding, beginning: &[u8]) -> String {
        use std::io::Read;
        let mut out = Vec::new();
        let mut decoder: Box<dyn Read + '_> = match coding {
            Coding::Gzip => Box::new(flate2::read::GzDecoder::new(beginning)),
            Coding::Brotli => Box::new(brotli::Decompressor::new(beginning, 4096)),
            Coding::Zstd => Box::new(zstd::stream::read::Decoder::new(beginning).unwrap()),
        };
        let mut byte = [0];
        while let Ok(1) = decoder.read(&mut byte) {
            out.push(byte[0]);
        }
        String::from_utf8(out).unwrap()
    }
}
