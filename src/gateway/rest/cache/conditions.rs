//! The conditions of a request (RFC 9110 section 13), answered from what is stored.

use crate::gateway::directives::elements;
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// `If-None-Match` and `If-Modified-Since`.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    tags: Vec<HeaderValue>,
    since: Option<HeaderValue>,
}

/// What a 304 repeats of the answer that it stands for (RFC 9110 section 15.4.5), and what tells about the way here.
const OF_NOT_MODIFIED: [HeaderName; 9] = [
    header::CACHE_CONTROL,
    header::CONTENT_LOCATION,
    header::DATE,
    header::ETAG,
    header::EXPIRES,
    header::VARY,
    header::AGE,
    header::VIA,
    HeaderName::from_static("cache-status"),
];

impl Conditions {
    /// Reads those of a request.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self {
            tags: headers
                .get_all(header::IF_NONE_MATCH)
                .iter()
                .cloned()
                .collect(),
            since: headers.get(header::IF_MODIFIED_SINCE).cloned(),
        }
    }

    /// Takes them out of a request, for they are answered here.
    pub(super) fn take(headers: &mut HeaderMap) {
        headers.remove(header::IF_NONE_MATCH);
        headers.remove(header::IF_MODIFIED_SINCE);
    }

    /// Whether a client that has what they say has this answer.
    pub(super) fn are_met(&self, answer: &HeaderMap) -> bool {
        if !self.tags.is_empty() {
            let current = answer.get(header::ETAG).map(HeaderValue::as_bytes);
            return self.tags.iter().any(|tags| names(tags, current));
        }
        let date =
            |value: Option<&HeaderValue>| httpdate::parse_http_date(value?.to_str().ok()?).ok();
        let since = date(self.since.as_ref());
        let modified = date(answer.get(header::LAST_MODIFIED));
        since
            .zip(modified)
            .is_some_and(|(since, modified)| modified <= since)
    }
}

/// Whether a list of entity tags has this one. Weak tags are as good here (RFC 9110 section 13.1.2).
fn names(tags: &HeaderValue, current: Option<&[u8]>) -> bool {
    let Ok(tags) = tags.to_str() else {
        return false;
    };
    elements(tags).any(|tag| match (tag, current) {
        ("*", _) => true,
        (tag, Some(current)) => opaque(tag.as_bytes()) == opaque(current),
        (_, None) => false,
    })
}

fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// Leaves of an answer's headers what a 304 says.
pub(super) fn not_modified(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(OF_NOT_MODIFIED.len());
    for name in OF_NOT_MODIFIED {
        for value in headers.get_all(&name) {
            kept.append(&name, value.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_the_answer_when_its_conditions_say_so() {
        let monday = "Mon, 02 Nov 2026 08:00:00 GMT";
        let tuesday = "Tue, 03 Nov 2026 08:00:00 GMT";
        let old_style = "Tuesday, 03-Nov-26 08:00:00 GMT";
        // If-None-Match, If-Modified-Since; ETag, Last-Modified.
        let cases = [
            (["", ""], ["\"a\"", monday], false),
            (["\"a\"", ""], ["\"a\"", ""], true),
            (["\"b\"", ""], ["\"a\"", ""], false),
            (["W/\"a\"", ""], ["\"a\"", ""], true),
            (["\"a\"", ""], ["W/\"a\"", ""], true),
            (["\"b\", \"x,y\" , \"a\"", ""], ["\"a\"", ""], true),
            (["\"x,y\"", ""], ["\"x,y\"", ""], true),
            (["*", ""], ["", ""], true),
            (["\"a\"", ""], ["", monday], false),
            // The tag decides where there is one.
            (["\"b\"", tuesday], ["\"a\"", monday], false),
            (["", monday], ["", monday], true),
            (["", tuesday], ["", monday], true),
            (["", old_style], ["", tuesday], true),
            (["", monday], ["", tuesday], false),
            (["", "yesterday"], ["", monday], false),
            (["", monday], ["\"a\"", ""], false),
        ];
        for (asked, answered, expected) in cases {
            let map = |names: [HeaderName; 2], values: [&str; 2]| -> HeaderMap {
                let headers = names.into_iter().zip(values);
                let headers = headers.filter(|(_, value)| !value.is_empty());
                headers
                    .map(|(name, value)| (name, HeaderValue::from_str(value).unwrap()))
                    .collect()
            };
            let request = map([header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE], asked);
            let answer = map([header::ETAG, header::LAST_MODIFIED], answered);
            let conditions = Conditions::of(&request);
            assert_eq!(
                conditions.are_met(&answer),
                expected,
                "{asked:?} {answered:?}"
            );
        }
    }
}
