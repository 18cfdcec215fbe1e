//! W3C Trace Context: which trace a request belongs to, read from its headers and written into others.
//!
//! See <https://www.w3.org/TR/trace-context/>. What is malformed counts as absent, as the specification wants.

use http::{HeaderMap, HeaderName, HeaderValue};

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// A longer `tracestate` is dropped whole; the specification asks for at least this much to be kept.
const TRACESTATE_BYTES_MAX: usize = 512;
const SAMPLED: u8 = 1;

/// A place in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TraceContext {
    /// Never 0.
    pub(super) trace_id: u128,
    /// The span that is the parent of what comes next. Never 0.
    pub(super) span_id: u64,
    pub(super) sampled: bool,
    /// What other vendors need to find their own; passed on as it came.
    pub(super) state: Option<HeaderValue>,
}

impl TraceContext {
    /// The context that headers carry.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let mut parents = headers.get_all(&TRACEPARENT).iter();
        let (Some(only), None) = (parents.next(), parents.next()) else {
            return None;
        };
        let context = parse(only.to_str().ok()?)?;
        Some(Self {
            state: state(headers),
            ..context
        })
    }

    /// Puts this context into headers, with `span_id` as the parent.
    pub(super) fn write(&self, span_id: u64, headers: &mut HeaderMap) {
        let flags = u8::from(self.sampled);
        let parent = format!("00-{:032x}-{span_id:016x}-{flags:02x}", self.trace_id);
        // Hexadecimal digits and dashes are always a header value.
        if let Ok(parent) = HeaderValue::try_from(parent) {
            headers.insert(TRACEPARENT, parent);
        }
        match &self.state {
            Some(state) => headers.insert(TRACESTATE, state.clone()),
            None => headers.remove(TRACESTATE),
        };
    }
}

fn parse(parent: &str) -> Option<TraceContext> {
    let mut parts = parent.splitn(5, '-');
    let version = hexadecimal(parts.next()?, 2)?;
    let trace_id = hexadecimal(parts.next()?, 32)?;
    let span_id = hexadecimal(parts.next()?, 16)?;
    let flags = hexadecimal(parts.next()?, 2)?;
    // Later versions may add something at the end.
    let ends_well = version > 0 || parts.next().is_none();
    (version != 0xff && ends_well && trace_id != 0 && span_id != 0).then_some(TraceContext {
        trace_id,
        span_id: span_id as u64,
        sampled: flags as u8 & SAMPLED != 0,
        state: None,
    })
}

/// A number in so many lower-case hexadecimal digits.
pub(super) fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let fits = text.len() == digits
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    fits.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

fn state(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(&TRACESTATE).iter();
    let first = values.next()?;
    let mut joined = first.as_bytes().to_vec();
    for value in values {
        joined.push(b',');
        joined.extend_from_slice(value.as_bytes());
    }
    let fits = !joined.is_empty() && joined.len() <= TRACESTATE_BYTES_MAX;
    fits.then(|| HeaderValue::from_bytes(&joined).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()));
        let mut headers = HeaderMap::new();
        pairs.for_each(|(name, value): (_, HeaderValue)| {
            headers.append(name, value);
        });
        headers
    }

    #[test]
    fn what_is_read_is_written() {
        let incoming = headers(&[
            (TRACEPARENT, PARENT),
            (TRACESTATE, "a=1"),
            (TRACESTATE, "b=2"),
        ]);
        let context = TraceContext::read(&incoming).unwrap();
        assert!(context.sampled);
        let mut outgoing = HeaderMap::new();
        context.write(context.span_id, &mut outgoing);
        assert_eq!(outgoing[&TRACEPARENT], PARENT);
        assert_eq!(outgoing[&TRACESTATE], "a=1,b=2");
        context.write(1, &mut outgoing);
        let other = "00-0af7651916cd43dd8448eb211c80319c-0000000000000001-01";
        assert_eq!(outgoing[&TRACEPARENT], other);
    }

    #[test]
    fn later_versions_are_read_as_far_as_they_are_known() {
        for later in [
            "01-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-03-more",
            "cc-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-00",
        ] {
            assert!(
                TraceContext::read(&headers(&[(TRACEPARENT, later)])).is_some(),
                "{later}"
            );
        }
    }

    #[test]
    fn what_is_malformed_counts_as_absent() {
        for bad in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
            "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01-x",
            "00-+af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
            "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7",
        ] {
            assert_eq!(
                TraceContext::read(&headers(&[(TRACEPARENT, bad)])),
                None,
                "{bad}"
            );
        }
        assert_eq!(
            TraceContext::read(&headers(&[(TRACEPARENT, PARENT), (TRACEPARENT, PARENT)])),
            None
        );
        assert_eq!(TraceContext::read(&headers(&[(TRACESTATE, "a=1")])), None);
        let long = "a".repeat(TRACESTATE_BYTES_MAX + 1);
        let context = TraceContext::read(&headers(&[(TRACEPARENT, PARENT), (TRACESTATE, &long)]));
        assert_eq!(context.unwrap().state, None);
    }
}
