//! How an upstream is called.

use serde::Deserialize;
use std::time::Duration;

/// The settings of one upstream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How long one call may take, from picking an endpoint to the last byte of the answer.
    pub timeout: Duration,
    /// The largest answer that is read.
    pub response_max_bytes: ByteSize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            response_max_bytes: ByteSize(64 * 1024 * 1024),
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
