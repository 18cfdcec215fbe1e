//! How an upstream is called.

use serde::Deserialize;
use std::time::Duration;

/// The settings of one upstream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How long one call may take, from picking an endpoint to the last byte of the answer.
    pub timeout: Duration,
    /// The largest answer that is read, before and after it is inflated.
    pub response_max_bytes: ByteSize,
    /// Whether answers to whole calls are asked for in compressed form. They are read in any case.
    pub accept_encoding: bool,
    pub http2: Http2,
}

/// Which versions of HTTP an upstream is spoken to in. The words are Apollo Router's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
pub enum Http2 {
    /// HTTP/2 where TLS settles on it, else HTTP/1.1.
    #[default]
    #[serde(rename = "enable")]
    Enable,
    #[serde(rename = "disable")]
    Disable,
    /// HTTP/2, also without TLS: the other side is known to speak it.
    #[serde(rename = "http2only")]
    Only,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            response_max_bytes: ByteSize(64 * 1024 * 1024),
            accept_encoding: true,
            http2: Http2::default(),
        }
    }
}

/// A number of bytes; configuration files may write `2MB`, `64MiB` or a plain number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// As a length of something in memory.
    pub fn as_len(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}
