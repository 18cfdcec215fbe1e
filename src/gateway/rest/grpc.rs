//! gRPC over HTTP/2: what its clients understand of a refusal, and how long they wait.
//!
//! A client of gRPC reads `grpc-status`, which comes in trailers; where there is nothing but an error, the head of the
//! answer counts as trailers. The names and numbers are those of gRPC's own documents (PROTOCOL-HTTP2, status codes).

use crate::gateway::{Body, Code, errors::FirstError};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::{Frame, SizeHint};
use std::{
    error::Error,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep_until};

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const DEADLINE_EXCEEDED: u16 = 4;

/// Whether a request is one of gRPC. gRPC-Web is not: it is plain HTTP to whoever passes it on.
fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let kind = kind.and_then(|kind| kind.strip_prefix(b"application/grpc"));
    matches!(kind, Some([] | [b'+' | b';' | b' ', ..]))
}

/// An answer as the client of this request understands it.
pub(in crate::gateway) fn translated(
    request: &HeaderMap,
    answer: Response<Body>,
) -> Response<Body> {
    let refused = answer.extensions().get::<FirstError>().copied();
    let Some(FirstError(code)) = refused.filter(|_| is_grpc(request)) else {
        return answer;
    };
    let (mut head, _) = answer.into_parts();
    head.headers = trailers(status(code), code.name());
    let kind = HeaderValue::from_static("application/grpc");
    head.headers.insert(header::CONTENT_TYPE, kind);
    head.status = StatusCode::OK;
    Response::from_parts(head, Body::empty())
}

fn trailers(status: u16, message: &'static str) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(3);
    trailers.insert(STATUS, HeaderValue::from(status));
    trailers.insert(MESSAGE, HeaderValue::from_static(message));
    trailers
}

/// The status of gRPC for what went wrong.
fn status(code: Code) -> u16 {
    match code.status().as_u16() {
        401 => 16,
        403 => 7,
        404 | 405 | 501 => 12,
        408 => 1,
        413 | 429 | 431 => 8,
        502 | 503 => 14,
        504 => DEADLINE_EXCEEDED,
        _ => 13,
    }
}

/// When the client stops waiting, if it says so.
pub(in crate::gateway) fn deadline(headers: &HeaderMap) -> Option<Instant> {
    let timeout = headers.get(TIMEOUT).filter(|_| is_grpc(headers))?;
    Instant::now().checked_add(timeout_of(timeout.as_bytes())?)
}

/// At most eight digits, and a unit.
fn timeout_of(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if !matches!(digits.len(), 1..=8) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits
        .iter()
        .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    Some(match unit {
        b'H' => Duration::from_secs(number * 3600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

/// An answer that ends when the client stops waiting for it, with the status that says so.
pub(in crate::gateway) fn until(deadline: Instant, answer: Response<Body>) -> Response<Body> {
    answer.map(|body| {
        Body::streamed(Timed {
            body,
            alarm: Box::pin(sleep_until(deadline)),
            has_ended: false,
        })
    })
}

struct Timed {
    body: Body,
    alarm: Pin<Box<Sleep>>,
    has_ended: bool,
}

impl http_body::Body for Timed {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        if self.alarm.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        // The upstream is told by that.
        self.body = Body::empty();
        self.has_ended = true;
        let trailers = trailers(DEADLINE_EXCEEDED, Code::Timeout.name());
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // It may end early.
        SizeHint::new()
    }
}

#[cfg(test)]
mod tests {
    //! What is gRPC, and how long its clients wait.

    use super::*;

    #[test]
    fn a_timeout_is_a_number_and_a_unit() {
        let millis = |text: &str| timeout_of(text.as_bytes()).map(|timeout| timeout.as_millis());
        assert_eq!(millis("1H"), Some(3_600_000));
        assert_eq!(millis("2M"), Some(120_000));
        assert_eq!(millis("3S"), Some(3000));
        assert_eq!(millis("250m"), Some(250));
        assert_eq!(millis("5000u"), Some(5));
        assert_eq!(millis("99999999n"), Some(99));
        for bad in ["", "S", "1", "1s", "-1S", "1.5S", "123456789S", "1 S"] {
            assert_eq!(millis(bad), None, "{bad}");
        }
    }

    #[test]
    fn grpc_is_told_by_its_media_type() {
        let is = |kind: &'static str| {
            let kind = HeaderValue::from_static(kind);
            is_grpc(&HeaderMap::from_iter([(header::CONTENT_TYPE, kind)]))
        };
        assert!(is("application/grpc") && is("application/grpc+proto"));
        assert!(!is("application/grpc-web") && !is("application/json"));
    }
}
