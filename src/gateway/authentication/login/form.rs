//! Names and values as URLs and forms have them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but what RFC 3986 leaves alone.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A value, or a name.
pub(super) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Pairs, as a form sends them.
pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter();
    let written = pairs.map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    written.collect::<Vec<_>>().join("&")
}

/// A URL with these pairs behind what it has.
pub(super) fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let between = if url.contains('?') { '&' } else { '?' };
    format!("{url}{between}{}", form(pairs))
}
