//! What is wrong with the bytes of an HTTP/1 client.

use crate::gateway::{Code, Refusal};

/// A reason not to read on. All that came before it stands; nothing after it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    RequestLine,
    Version,
    Tunnel,
    Target,
    Fragment,
    LineEnd,
    HeaderName,
    Folded,
    HeaderValue,
    NoHost,
    Hosts,
    Host,
    OtherHost,
    Length,
    Coding,
    TwoLengths,
    TooManyHeaders,
    HeadTooLarge,
    Chunk,
    Trailer,
}

impl Fault {
    /// Its row: the word for it in metrics, the code, and what the client is told.
    fn row(self) -> (&'static str, Code, &'static str) {
        use Code::{BadRequest, HeadTooLarge, HttpVersion, NotImplemented};
        match self {
            Self::RequestLine => ("request_line", BadRequest, "The request line is malformed"),
            Self::Version => (
                "version",
                HttpVersion,
                "Only HTTP/1.0, HTTP/1.1 and HTTP/2 are spoken here",
            ),
            Self::Tunnel => ("tunnel", NotImplemented, "Tunnels are not opened here"),
            Self::Target => ("target", BadRequest, "The target is not that of a URL"),
            Self::Fragment => ("fragment", BadRequest, "The target has a fragment"),
            Self::LineEnd => (
                "line_end",
                BadRequest,
                "A line must end with CR and LF, and have neither within",
            ),
            Self::HeaderName => (
                "header_name",
                BadRequest,
                "A header must be a name, directly followed by a colon",
            ),
            Self::Folded => ("folded", BadRequest, "A header must be on one line"),
            Self::HeaderValue => (
                "header_value",
                BadRequest,
                "A header has a control character",
            ),
            Self::NoHost => ("no_host", BadRequest, "The header `host` is missing"),
            Self::Hosts => ("hosts", BadRequest, "The header `host` is there twice"),
            Self::Host => ("host", BadRequest, "The header `host` is not a host"),
            Self::OtherHost => (
                "other_host",
                BadRequest,
                "The target and the header `host` name two hosts",
            ),
            Self::Length => (
                "content_length",
                BadRequest,
                "The header `content-length` must be one number",
            ),
            Self::Coding => (
                "transfer_encoding",
                BadRequest,
                "The header `transfer-encoding` must be `chunked` alone, in HTTP/1.1",
            ),
            Self::TwoLengths => (
                "two_lengths",
                BadRequest,
                "The length of the body is said in two ways",
            ),
            Self::TooManyHeaders => ("header_count", HeadTooLarge, "There are too many headers"),
            Self::HeadTooLarge => ("head_size", HeadTooLarge, "The head is too large"),
            Self::Chunk => ("chunk", BadRequest, "A chunk of the body is malformed"),
            Self::Trailer => ("trailer", BadRequest, "The trailers are malformed"),
        }
    }

    /// The word for it, out of a closed list.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// What the client is told.
    pub(in crate::server) fn refusal(self) -> Refusal {
        let (_, code, message) = self.row();
        Refusal::new(code, message)
    }
}
