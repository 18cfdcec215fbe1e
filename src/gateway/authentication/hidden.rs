//! Credentials that only the gateway is to see: the places that they come in.

use crate::gateway::{
    claims::plainly,
    parameters::{decoded_pair, pairs},
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use std::borrow::Cow;

/// Places of credentials, in which they are not passed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::gateway) struct Hidden {
    pub(super) headers: Vec<HeaderName>,
    pub(super) query: Vec<String>,
    pub(super) cookies: Vec<String>,
    /// The cookie of a session, and those whose names go on after it with `-`.
    pub(super) session: Option<String>,
    /// Headers, where they begin with this.
    pub(super) schemes: Vec<(HeaderName, String)>,
}

impl Hidden {
    /// These places as well.
    pub(super) fn add(&mut self, other: &Self) {
        self.headers.extend(other.headers.iter().cloned());
        self.query.extend(other.query.iter().cloned());
        self.cookies.extend(other.cookies.iter().cloned());
        self.schemes.extend(other.schemes.iter().cloned());
        if other.session.is_some() {
            self.session.clone_from(&other.session);
        }
    }

    /// Takes the credentials out of headers.
    pub(super) fn remove_from(&self, headers: &mut HeaderMap) {
        let hidden = headers
            .iter()
            .filter(|(name, value)| self.has_header(name) || self.has_scheme(name, value));
        let hidden: Vec<HeaderName> = hidden.map(|(name, _)| name.clone()).collect();
        for name in hidden {
            headers.remove(name);
        }
        let has_cookies = !self.cookies.is_empty() || self.session.is_some();
        if has_cookies && headers.contains_key(header::COOKIE) {
            let lines = headers.get_all(header::COOKIE).iter();
            let left: Vec<HeaderValue> = lines
                .filter_map(|line| self.left_of_cookies(line))
                .collect();
            headers.remove(header::COOKIE);
            for line in left {
                headers.append(header::COOKIE, line);
            }
        }
    }

    /// What is left of a header.
    pub(super) fn left_of(&self, name: &HeaderName, value: &HeaderValue) -> Option<HeaderValue> {
        match *name {
            header::COOKIE => self.left_of_cookies(value),
            _ if self.has_header(name) || self.has_scheme(name, value) => None,
            _ => Some(value.clone()),
        }
    }

    /// Whether it is one of the headers, or passes for one where `_` counts as `-`.
    fn has_header(&self, name: &HeaderName) -> bool {
        let mut headers = self.headers.iter();
        headers.any(|hidden| plainly(hidden.as_str()) == plainly(name.as_str()))
    }

    /// Whether a header begins with one of its schemes. What follows need not be as it should: others may not care.
    fn has_scheme(&self, name: &HeaderName, value: &HeaderValue) -> bool {
        let value = value.as_bytes().trim_ascii();
        let begins_with = |scheme: &str| {
            let beginning = value.get(..scheme.len());
            beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(scheme.as_bytes()))
        };
        let mut schemes = self.schemes.iter();
        schemes.any(|(hidden, scheme)| {
            plainly(hidden.as_str()) == plainly(name.as_str()) && begins_with(scheme)
        })
    }

    /// Whether it is one of the cookies.
    pub(super) fn has_cookie(&self, name: &[u8]) -> bool {
        self.cookies.iter().any(|cookie| cookie.as_bytes() == name) || self.is_session(name)
    }

    fn is_session(&self, name: &[u8]) -> bool {
        let session = self.session.as_ref().map(String::as_bytes);
        let rest = session.and_then(|session| name.strip_prefix(session));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"-"))
    }

    /// The cookies of a line that are passed on; none if nothing is left.
    fn left_of_cookies(&self, line: &HeaderValue) -> Option<HeaderValue> {
        let is_hidden = |pair: &&[u8]| {
            let name = pair.split(|byte| *byte == b'=').next();
            let name = name.unwrap_or_default().trim_ascii();
            self.has_cookie(name)
        };
        let pairs = line.as_bytes().split(|byte| *byte == b';');
        if !pairs.clone().any(|pair| is_hidden(&pair)) {
            return Some(line.clone());
        }
        let kept: Vec<&[u8]> = pairs
            .filter(|pair| !is_hidden(pair))
            .map(<[u8]>::trim_ascii)
            .filter(|pair| !pair.is_empty())
            .collect();
        match kept.is_empty() {
            true => None,
            false => HeaderValue::from_bytes(&kept.join(&b"; "[..])).ok(),
        }
    }

    /// What is left of a query. What is passed on is as it was written.
    pub(super) fn removed_from<'a>(&self, query: &'a str) -> Option<Cow<'a, str>> {
        let is_hidden = |pair: &&str| {
            let (name, _) = decoded_pair(pair);
            self.query.iter().any(|hidden| *hidden == *name)
        };
        if self.query.is_empty() || !pairs(query).any(|pair| is_hidden(&pair)) {
            return Some(Cow::Borrowed(query));
        }
        let kept: Vec<&str> = pairs(query).filter(|pair| !is_hidden(pair)).collect();
        (!kept.is_empty()).then(|| Cow::Owned(kept.join("&")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden() -> Hidden {
        Hidden {
            headers: vec![HeaderName::from_static("x-api-key")],
            query: vec!["key".to_owned()],
            cookies: vec!["session".to_owned()],
            session: Some("__Host-s".to_owned()),
            schemes: vec![(header::AUTHORIZATION, "Basic".to_owned())],
        }
    }

    #[test]
    fn a_query_keeps_what_is_not_hidden_as_it_was_written() {
        let cases = [
            ("a=%41&b", Some("a=%41&b")),
            ("key=1", None),
            ("a=1&key=2&b=%2b", Some("a=1&b=%2b")),
            ("%6bey=1&keys=2", Some("keys=2")),
            ("key&a=key", Some("a=key")),
            ("", Some("")),
        ];
        for (query, expected) in cases {
            assert_eq!(hidden().removed_from(query).as_deref(), expected, "{query}");
        }
    }

    #[test]
    fn headers_and_cookies_keep_what_is_not_hidden() {
        let mut headers = HeaderMap::new();
        headers.insert("x-api-key", HeaderValue::from_static("secret"));
        headers.insert(
            header::AUTHORIZATION,
            HeaderValue::from_static("basic YTpi"),
        );
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer z"));
        headers.insert("x-other", HeaderValue::from_static("kept"));
        for line in [
            "a=1; session=secret;b=2",
            "session=secret",
            "c=session",
            "__Host-s=1secret; __Host-s-1=secret; __Host-s-login-1=secret; __Host-sd=1",
        ] {
            headers.append(header::COOKIE, HeaderValue::from_static(line));
        }
        hidden().remove_from(&mut headers);
        assert_eq!(
            format!("{headers:?}"),
            r#"{"x-other": "kept", "cookie": "a=1; b=2", "cookie": "c=session", "cookie": "__Host-sd=1"}"#
        );
    }
}
