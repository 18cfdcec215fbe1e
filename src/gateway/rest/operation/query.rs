//! The query of a URL as parameters (<https://url.spec.whatwg.org/#urlencoded-parsing>).

use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// Names and values, decoded, in order.
pub(super) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// Reads them. None: something in it is not UTF-8.
    pub(super) fn parse(written: &'a str) -> Option<Self> {
        let pairs = written.split('&').filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name)?, decoded(value)?))
        });
        decoded.collect::<Option<_>>().map(Self)
    }

    /// The values under a name.
    pub(super) fn values(&self, name: &str) -> Vec<&str> {
        let named = self.0.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| value.as_ref()).collect()
    }

    /// The names, those that come again among them.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_ref())
    }
}

fn decoded(written: &str) -> Option<Cow<'_, str>> {
    if !written.contains('+') {
        return percent_decode_str(written).decode_utf8().ok();
    }
    let spaced = written.replace('+', " ");
    let text = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(Cow::Owned(text.into_owned()))
}
