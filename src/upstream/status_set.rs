//! Sets of HTTP statuses as configuration files write them.

use http::StatusCode;
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};
use std::fmt;

/// A status, or a range of them: `200`, `200-299`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusSet {
    first: u16,
    last: u16,
}

impl StatusSet {
    /// All from one to another.
    pub(super) const fn new(first: u16, last: u16) -> Self {
        Self { first, last }
    }

    pub(super) fn contains(self, status: StatusCode) -> bool {
        (self.first..=self.last).contains(&status.as_u16())
    }

    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let read = |text: &str| {
            text.trim()
                .parse()
                .ok()
                .filter(|status| (100..=999).contains(status))
        };
        let (first, last) = (read(first)?, read(last)?);
        (first <= last).then_some(Self { first, last })
    }
}

impl<'de> Deserialize<'de> for StatusSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StatusSetVisitor)
    }
}

struct StatusSetVisitor;

impl Visitor<'_> for StatusSetVisitor {
    type Value = StatusSet;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a status such as 200, or a range such as 200-299")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<StatusSet, E> {
        let invalid = || E::invalid_value(de::Unexpected::Str(text), &self);
        StatusSet::parse(text).ok_or_else(invalid)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<StatusSet, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<StatusSet, E> {
        self.visit_str(&number.to_string())
    }
}
