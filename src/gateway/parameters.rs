//! Named values that requests carry: in the query and in cookies.

use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// The pairs of a query, as they are written.
pub(in crate::gateway) fn pairs(query: &str) -> impl Iterator<Item = &str> {
    query.split('&').filter(|pair| !pair.is_empty())
}

/// The name of a written pair, and its value.
pub(in crate::gateway) fn decoded_pair(pair: &str) -> (Cow<'_, str>, Cow<'_, str>) {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    (decoded(name), decoded(value))
}

/// All values of this name in a query.
pub(in crate::gateway) fn in_query<'a>(
    query: Option<&'a str>,
    name: &'a str,
) -> impl Iterator<Item = Cow<'a, str>> {
    let pairs = pairs(query.unwrap_or_default()).map(decoded_pair);
    pairs
        .filter(move |(found, _)| found == name)
        .map(|(_, value)| value)
}

/// All values of this name in the cookies.
pub(in crate::gateway) fn in_cookies<'a>(
    headers: &'a HeaderMap,
    name: &str,
) -> impl Iterator<Item = &'a [u8]> {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let pair = pair.trim_ascii();
        let end = pair.iter().position(|byte| *byte == b'=')?;
        (&pair[..end] == name.as_bytes()).then(|| &pair[end + 1..])
    })
}

/// `+` is a space in queries, as in forms.
fn decoded(written: &str) -> Cow<'_, str> {
    if !written.contains(['+', '%']) {
        return Cow::Borrowed(written);
    }
    let spaced = written.replace('+', " ");
    let text = percent_decode_str(&spaced).decode_utf8_lossy().into_owned();
    Cow::Owned(text)
}
