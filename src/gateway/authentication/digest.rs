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
        let mut best: Option<Self> = None;
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
                if hash.len() != algorithm.output_len() {
                    return None;
                }
                let is_better = best
                    .as_ref()
                    .is_none_or(|best| best.hash.len() < hash.len());
                if is_better {
                    best = Some(Self { algorithm, hash });
                }
            }
        }
        best
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
            // Trailers are not signed: they end here.
            let Ok(data) = frame else { continue };
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
