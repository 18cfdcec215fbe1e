//! Regular expressions of a configuration. They are matched in linear time, so that no request can make one hang.
//!
//! What they look at are bytes of a request: `.` is any byte, classes such as `\w` are those of ASCII.

use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

/// A regular expression. As it is read from the configuration, it may match anywhere in a text.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Expression(Regex);

impl Expression {
    /// One that must match the whole of a text, whether or not it says so itself.
    pub(super) fn whole(written: &str) -> Result<Self, String> {
        // Alone first: brackets that do not fit could otherwise pair with those around it.
        build(written)?;
        build(&format!("^(?:{written})$")).map(Self)
    }

    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        self.0.is_match(text)
    }

    /// The names of its groups; those without one have their number.
    pub(super) fn groups(&self) -> impl Iterator<Item = String> {
        let names = self.0.capture_names().enumerate().skip(1);
        names.map(|(index, name)| name.map_or_else(|| index.to_string(), str::to_owned))
    }

    /// What its groups match in a text, in the order of [`Expression::groups`]. None if it does not match.
    pub(super) fn captures<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        let captures = self.0.captures(text.as_bytes())?;
        let texts = captures.iter().skip(1).map(|group| {
            let range = group.map_or(0..0, |group| group.range());
            text.get(range).unwrap_or_default()
        });
        Some(texts.collect())
    }
}

fn build(written: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(written).unicode(false).build();
    built.map_err(|error| format!("`{written}` is not a regular expression: {error}"))
}

impl TryFrom<String> for Expression {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        build(&written).map(Self)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Expression {}
