//! Header names, values and patterns as configuration writes them: checked where they are read, so that an error can
//! point at its line.

use http::{HeaderName, HeaderValue};
use regex::Regex;
use serde::Deserialize;

/// The name of a header.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(pub HeaderName);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        let name = HeaderName::from_bytes(written.as_bytes());
        name.map(Self)
            .map_err(|_| format!("`{written}` cannot be the name of a header"))
    }
}

/// The value of a header.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Value(pub HeaderValue);

impl TryFrom<String> for Value {
    type Error = String;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        // The value may be a secret: the message does not repeat it.
        let value = HeaderValue::from_str(&written);
        value
            .map(Self)
            .map_err(|_| "the value of a header must be visible ASCII characters".to_owned())
    }
}

/// A regular expression over header names, which are lower case. It need not match the whole name.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(pub Regex);

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        let pattern = regex::RegexBuilder::new(&written)
            .case_insensitive(true)
            .build();
        pattern.map(Self).map_err(|error| error.to_string())
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}
