//! `Cache-Control`, read as it is meant: names in any case, values quoted or not, numbers of any size.
//!
//! The library that decides by them compares names as they are written and lets a second one pass for a first, so it is
//! given them in one spelling.

use http::{HeaderMap, HeaderValue, header};
use std::{fmt::Write, time::Duration};

/// The largest number that counts (RFC 9111 section 1.2.2); it is added to clocks.
const SECONDS_MAX: u64 = 1 << 31;
/// Directives that mean nothing without a number; so then it is 0.
const NUMBERS: [&str; 3] = ["max-age", "s-maxage", "min-fresh"];

/// The directives of a message, in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Directives(Vec<(String, Option<String>)>);

impl Directives {
    /// Those of all `Cache-Control` lines. Where there is none, an old `Pragma: no-cache` counts as one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        if !headers.contains_key(header::CACHE_CONTROL) {
            let pragmas = headers.get_all(header::PRAGMA).iter();
            let pragmas = pragmas.flat_map(|value| elements(value.to_str().unwrap_or_default()));
            let old = pragmas.filter(|pragma| pragma.eq_ignore_ascii_case("no-cache"));
            return Self(old.take(1).map(|_| ("no-cache".to_owned(), None)).collect());
        }
        let values = headers.get_all(header::CACHE_CONTROL).iter();
        // Bytes that are no text stand in extensions, which are not read; what stands before and after them is.
        let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()));
        let mut directives = Vec::new();
        for value in values {
            directives.extend(elements(&value).map(|element| {
                let (name, argument) = match element.split_once('=') {
                    Some((name, argument)) => (name, Some(argument.trim())),
                    None => (element, None),
                };
                let argument = argument.map(|text| text.trim_matches('"').to_owned());
                (name.trim().to_ascii_lowercase(), argument)
            }));
        }
        Self(directives)
    }

    /// Whether this one is there, with or without an argument.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// The number of seconds that this one says; the least if it is there several times. What is not a number is 0, which
    /// is the safe side for how long something may be used.
    pub(super) fn seconds(&self, name: &str) -> Option<Duration> {
        let named = self.0.iter().filter(|(known, _)| known == name);
        let seconds = named.map(|(_, argument)| seconds(argument.as_deref().unwrap_or_default()));
        seconds.min()
    }

    /// Leaves only those of these names.
    pub(super) fn retain(&mut self, names: &[&str]) {
        self.0.retain(|(name, _)| names.contains(&name.as_str()));
    }

    /// The directives of these names, as one line that everybody reads alike.
    pub(super) fn line(&self, names: &[&str]) -> String {
        let mut line = String::new();
        for name in names.iter().filter(|name| self.has(name)) {
            let separator = if line.is_empty() { "" } else { ", " };
            let has_argument = self.0.iter().any(|(known, argument)| {
                known == name && argument.as_ref().is_some_and(|text| !text.is_empty())
            });
            let is_number = has_argument || NUMBERS.contains(name);
            // Writing to text cannot fail.
            let _ = match self.seconds(name) {
                Some(seconds) if is_number => {
                    write!(line, "{separator}{name}={}", seconds.as_secs())
                }
                _ => write!(line, "{separator}{name}"),
            };
        }
        line
    }
}

/// The value of an `Age` header; what is not a number counts as none.
pub(super) fn age(headers: &HeaderMap) -> Duration {
    let age = headers.get(header::AGE).map(HeaderValue::to_str);
    age.and_then(Result::ok)
        .map_or(Duration::ZERO, |age| seconds(age.trim()))
}

fn seconds(text: &str) -> Duration {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = match is_number {
        // Only too many digits fail.
        true => text
            .parse()
            .map_or(SECONDS_MAX, |n: u64| n.min(SECONDS_MAX)),
        false => 0,
    };
    Duration::from_secs(seconds)
}

/// The elements of a list, without empty ones. A comma in quotes separates nothing.
pub(super) fn elements(value: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let elements = value.split(move |c: char| {
        let is_separator = c == ',' && !quoted;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        is_separator
    });
    elements
        .map(str::trim)
        .filter(|element| !element.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directives(values: &[&'static str]) -> Directives {
        let values = values.iter().map(|value| {
            let value = HeaderValue::from_static(value);
            (header::CACHE_CONTROL, value)
        });
        let mut headers = HeaderMap::new();
        values.for_each(|(name, value)| {
            headers.append(name, value);
        });
        Directives::of(&headers)
    }

    #[test]
    fn they_are_read_however_they_are_spelled() {
        let seconds = |values: &[&'static str]| {
            let found = directives(values).seconds("max-age");
            found.map(|found| found.as_secs())
        };
        let cases: [(&[&str], Option<u64>); 10] = [
            (&["max-age=60"], Some(60)),
            (&["Max-Age = \"60\""], Some(60)),
            (&["public,,max-age=60"], Some(60)),
            (&["public", "max-age=60"], Some(60)),
            (&["max-age=60, max-age=30"], Some(30)),
            (&["max-age=99999999999999999999999"], Some(1 << 31)),
            (&["max-age=-1"], Some(0)),
            (&["max-age=1.5"], Some(0)),
            (&["max-age"], Some(0)),
            (&["ext=\"a, max-age=60, \\\" , max-age=60\""], None),
        ];
        for (values, expected) in cases {
            assert_eq!(seconds(values), expected, "{values:?}");
        }
        assert!(directives(&["No-Store"]).has("no-store"));
        assert!(directives(&["private=\"x-user, set-cookie\""]).has("private"));
    }

    #[test]
    fn pragma_counts_where_there_is_nothing_else() {
        let mut headers = HeaderMap::new();
        headers.insert(header::PRAGMA, HeaderValue::from_static("No-Cache"));
        assert!(Directives::of(&headers).has("no-cache"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=1"));
        assert!(!Directives::of(&headers).has("no-cache"));
    }

    #[test]
    fn a_line_has_them_in_one_spelling() {
        let directives = directives(&["Public, MAX-AGE=\"7\", max-stale, s-maxage, x=1"]);
        let line = directives.line(&["max-age", "s-maxage", "public", "no-store", "max-stale"]);
        assert_eq!(line, "max-age=7, s-maxage=0, public, max-stale");
    }
}
