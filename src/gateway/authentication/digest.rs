//! Whether a body is the one that was signed: its digest (RFC 9530), compared while it streams.
//!
//! The last piece is held back until all of it was seen. So nobody behind gets a whole body that is not the signed one,
//! and none is kept in memory for it.

use crate::gateway::{Body, base64};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use ring::digest::{Algorithm, Context, SHA256, SHA512};
use std::{
    error::Error,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{self, Poll},
};

/// What a body must hash to.
#[derive(Clone)]
pub(in crate::gateway) struct Digest {
    algorithm: &'static Algorithm,
    hash: Vec<u8>,
}

impl Digest {
    /// The strongest that `Content-Digest` tells. None: it tells none that is known, or is malformed.
    pub(super) fn told(headers: &HeaderMap) -> Option<Self> {
        let mut all: Vec<Self> = Vec::new();
        for line in headers.get_all("content-digest") {
            for member in line.to_str().ok()?.split(',') {
                let (name, value) = member.trim().split_once('=')?;
                let algorithm = match name {
                    "sha-256" => &SHA256,
                    "sha-512" => &SHA512,
                    _ => continue,
                };
                let value = value.strip_prefix(':')?.strip_suffix(':')?;
                let hash = base64::decode(value.as_bytes())?;
                // Of two by one algorithm, others might take the other one.
                let is_again = all.iter().any(|known| known.hash.len() == hash.len());
                if hash.len() != algorithm.output_len() || is_again {
                    return None;
                }
                all.push(Self { algorithm, hash });
            }
        }
        all.into_iter().max_by_key(|digest| digest.hash.len())
    }

    fn is_of(&self, context: Context) -> bool {
        context.finish().as_ref() == self.hash
    }

    /// The body, which breaks off at its end if it is another one.
    pub(super) fn checked(&self, body: Body) -> Result<(Body, Mismatch), OtherBody> {
        let mismatch = Mismatch(Some(Arc::default()));
        let context = Context::new(self.algorithm);
        if body.is_end_stream() {
            return match self.is_of(context) {
                true => Ok((body, mismatch)),
                false => Err(OtherBody),
            };
        }
        let checked = Checked {
            body,
            context: Some(context),
            held: None,
            digest: self.clone(),
            mismatch: mismatch.clone(),
        };
        Ok((Body::streamed(checked), mismatch))
    }
}

/// Whether a body has turned out to be another one.
#[derive(Clone, Default)]
pub(in crate::gateway) struct Mismatch(Option<Arc<AtomicBool>>);

impl Mismatch {
    /// What becomes of a request whose body was checked: if it is another one, that is what the client is told.
    pub(in crate::gateway) fn judge<T, E: From<OtherBody>>(
        &self,
        answered: Result<T, E>,
    ) -> Result<T, E> {
        match &self.0 {
            Some(happened) if happened.load(Ordering::Relaxed) => Err(OtherBody.into()),
            _ => answered,
        }
    }
}

/// The body is not the one that was signed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("The body is not the one whose digest was signed")]
pub(in crate::gateway) struct OtherBody;

/// A body that is compared with its digest.
struct Checked {
    body: Body,
    /// None: it was compared.
    context: Option<Context>,
    /// What is passed on when more has come, or all is well.
    held: Option<Bytes>,
    digest: Digest,
    mismatch: Mismatch,
}

type Polled = Poll<Option<Result<Frame<Bytes>, Box<dyn Error + Send + Sync>>>>;

impl Checked {
    /// All of the body has come.
    fn conclude(&mut self) -> Result<Option<Bytes>, OtherBody> {
        let context = self.context.take();
        if context.is_none_or(|context| self.digest.is_of(context)) {
            return Ok(self.held.take());
        }
        if let Some(happened) = &self.mismatch.0 {
            happened.store(true, Ordering::Relaxed);
        }
        Err(OtherBody)
    }
}

impl http_body::Body for Checked {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> Polled {
        loop {
            let frame = match task::ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => frame.into_data(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    let last = self.conclude().map(|last| last.map(Frame::data));
                    return Poll::Ready(last.map_err(Into::into).transpose());
                }
            };
            // Trailers are not signed: they end here. What is held back is never nothing, or all the rest would be through.
            let Some(data) = frame.ok().filter(|data| !data.is_empty()) else {
                continue;
            };
            if let Some(hashing) = &mut self.context {
                hashing.update(&data);
            }
            if let Some(earlier) = self.held.replace(data) {
                return Poll::Ready(Some(Ok(Frame::data(earlier))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.context.is_none() && self.held.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.held.as_ref().map_or(0, Bytes::len) as u64;
        let inner = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + held);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + held);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    //! However a body is cut, none gets through whole that is another one.

    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    struct Pieces(VecDeque<Vec<u8>>);

    impl http_body::Body for Pieces {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut task::Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            Poll::Ready(
                self.0
                    .pop_front()
                    .map(|piece| Ok(Frame::data(piece.into()))),
            )
        }
    }

    /// What gets through of these pieces, where the digest is that of `signed`; whether it ended well; and whether the
    /// gateway knows that it did not.
    fn through(pieces: &[Vec<u8>], signed: &[u8]) -> (Vec<u8>, bool, bool) {
        let digest = Digest {
            algorithm: &SHA256,
            hash: ring::digest::digest(&SHA256, signed).as_ref().to_vec(),
        };
        let body = Body::streamed(Pieces(pieces.iter().cloned().collect()));
        let Ok((mut body, mismatch)) = digest.checked(body) else {
            return (Vec::new(), false, true);
        };
        let mut passed = Vec::new();
        let mut context = task::Context::from_waker(task::Waker::noop());
        loop {
            match Pin::new(&mut body).poll_frame(&mut context) {
                Poll::Ready(Some(Ok(frame))) => passed.extend(frame.into_data().unwrap()),
                Poll::Ready(end) => {
                    let known = mismatch.judge(Ok::<_, OtherBody>(())).is_err();
                    return (passed, end.is_none(), known);
                }
                Poll::Pending => panic!("all of it is there"),
            }
        }
    }

    proptest! {
        #[test]
        fn another_body_is_never_whole(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3), 0..6)) {
            let whole = pieces.concat();
            prop_assert_eq!(through(&pieces, &whole), (whole.clone(), true, false));
            let (passed, is_good, known) = through(&pieces, b"another one");
            prop_assert!(passed.len() < whole.len() || whole.is_empty());
            prop_assert_eq!((is_good, known), (false, true));
        }
    }
}
