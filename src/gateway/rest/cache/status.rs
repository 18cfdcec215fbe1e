//! `Cache-Status` (RFC 9211): what the cache did for a request, for whoever looks at the answer.

use http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt::Write;

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// What the cache did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Did {
    /// The upstream was not asked, or somebody else will.
    Hit { seconds_left: i64, is_stale: bool },
    /// The request was passed on.
    Forwarded(Forwarded),
}

/// A request that was passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Forwarded {
    pub(super) why: Why,
    /// What the upstream answered, where that is not the answer.
    pub(super) status: Option<u16>,
    pub(super) is_stored: bool,
    /// Whether the answer is that to another request that came with it.
    pub(super) is_collapsed: bool,
    /// Whether the stored answer is served because the upstream failed.
    pub(super) is_stand_in: bool,
}

/// Why a request was passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Nothing is stored for its URL.
    UrlMiss,
    /// What is stored for its URL is for other requests.
    VaryMiss,
    Stale,
    /// The client wanted it so.
    Request,
    /// Answers to its method are not stored.
    Method,
    /// It is none that the cache looks at.
    Bypass,
}

impl Forwarded {
    pub(super) fn new(why: Why) -> Self {
        Self {
            why,
            status: None,
            is_stored: false,
            is_collapsed: false,
            is_stand_in: false,
        }
    }
}

impl Did {
    /// Adds it to the headers of an answer, after what caches before this one have said.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        let mut text = "graphway".to_owned();
        // Writing to text cannot fail.
        let _ = match self {
            Self::Hit { seconds_left, .. } => write!(text, "; hit; ttl={seconds_left}"),
            Self::Forwarded(forwarded) => forwarded.write(&mut text),
        };
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.append(CACHE_STATUS, value);
        }
    }
}

impl Forwarded {
    fn write(self, text: &mut String) -> std::fmt::Result {
        let why = match self.why {
            Why::UrlMiss => "uri-miss",
            Why::VaryMiss => "vary-miss",
            Why::Stale => "stale",
            Why::Request => "request",
            Why::Method => "method",
            Why::Bypass => "bypass",
        };
        write!(text, "; fwd={why}")?;
        if let Some(status) = self.status {
            write!(text, "; fwd-status={status}")?;
        }
        if self.is_stored {
            text.push_str("; stored");
        }
        if self.is_collapsed {
            text.push_str("; collapsed");
        }
        if self.is_stand_in {
            text.push_str("; detail=stale-if-error");
        }
        Ok(())
    }
}
