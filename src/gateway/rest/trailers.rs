//! Trailers of requests: what a client may not say in a header, it may not say after its body either. There are servers that
//! take the one for the other.

use super::hygiene;
use crate::gateway::{Body, authentication::Caller};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Version};
use http_body::{Body as _, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// A body whose trailers are cleaned. It is as long as it was.
struct Cleaned {
    body: Body,
    caller: Caller,
    /// Headers that the route writes itself.
    written: Arc<[HeaderName]>,
}

/// The body of a request that came by this version, its trailers cleaned as its headers were.
pub(super) fn clean(
    body: Body,
    version: Version,
    caller: &Caller,
    written: &Arc<[HeaderName]>,
) -> Body {
    // HTTP/1 has trailers after chunks alone.
    let tells_length = version < Version::HTTP_2 && body.size_hint().exact().is_some();
    if tells_length || body.whole().is_some() || body.is_end_stream() {
        return body;
    }
    Body::streamed(Cleaned {
        body,
        caller: caller.clone(),
        written: Arc::clone(written),
    })
}

impl Cleaned {
    fn clean(&self, trailers: &mut HeaderMap) {
        hygiene::request_trailers(trailers);
        self.caller.hide(trailers);
        let told = self.caller.told_headers().map(|(name, _)| name);
        for name in told.chain(self.written.iter()) {
            trailers.remove(name);
        }
    }
}

impl http_body::Body for Cleaned {
    type Data = Bytes;
    type Error = <Body as http_body::Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        frame.map_ok(|frame| match frame.into_trailers() {
            Ok(mut trailers) => {
                self.clean(&mut trailers);
                Frame::trailers(trailers)
            }
            Err(frame) => frame,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
