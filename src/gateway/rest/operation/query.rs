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

#[cfg(test)]
mod tests {
    use super::*;
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(pairs in prop::collection::vec((".{1,6}", ".{0,6}"), 0..5)) {
            let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string().replace("%20", "+");
            let written: Vec<String> = pairs
                .iter()
                .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
                .collect();
            let written = written.join("&");
            let query = Query::parse(&written).unwrap();
            prop_assert_eq!(query.names().collect::<Vec<_>>(), pairs.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
            for (name, _) in &pairs {
                let expected: Vec<&str> = pairs.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect();
                prop_assert_eq!(query.values(name), expected);
            }
        }

        #[test]
        fn hostile_queries_are_read_or_refused(written in "[%+&=;0-9a-fA-F]{0,40}|.{0,20}") {
            if let Some(query) = Query::parse(&written) {
                let pairs = written.split('&').filter(|pair| !pair.is_empty()).count();
                prop_assert_eq!(query.names().count(), pairs);
            }
        }
    }
}
