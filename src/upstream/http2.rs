//! Which versions of HTTP are spoken.

use serde::Deserialize;

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
