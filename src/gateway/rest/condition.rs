//! What a header, a query parameter or a cookie must be for a route to be taken.
//!
//! One of several values is enough. A route that turns something away cannot be passed by with a second value beside
//! the one it looks for; nor by writing both in one line, for members of a list count as values too.

use super::expression::Expression;
use http::{HeaderMap, HeaderName};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};
use std::fmt;

/// A condition on the values of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// One of them is this.
    Equals(String),
    /// One of them is matched.
    Matches(Expression),
    /// There is one, or there is none.
    Present(bool),
}

impl Condition {
    /// Whether these values fulfil it.
    pub(super) fn holds<T: AsRef<[u8]>>(&self, mut values: impl Iterator<Item = T>) -> bool {
        match self {
            Self::Equals(wanted) => values.any(|value| value.as_ref() == wanted.as_bytes()),
            Self::Matches(expression) => values.any(|value| expression.is_match(value.as_ref())),
            Self::Present(wanted) => values.next().is_some() == *wanted,
        }
    }

    /// Whether a header fulfils it.
    pub(super) fn holds_in(&self, headers: &HeaderMap, name: &HeaderName) -> bool {
        let lines = || headers.get_all(name).iter().map(|line| line.as_bytes());
        let lists = lines().filter(|line| line.contains(&b','));
        let members = lists.flat_map(|line| line.split(|byte| *byte == b','));
        self.holds(lines().chain(members.map(<[u8]>::trim_ascii)))
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `untagged`, which would lose the places of errors.
        deserializer.deserialize_any(ConditionVisitor)
    }
}

struct ConditionVisitor;

impl<'de> Visitor<'de> for ConditionVisitor {
    type Value = Condition;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, `{ matches: … }` or `{ present: true }`")
    }

    fn visit_str<E>(self, value: &str) -> Result<Condition, E> {
        Ok(Condition::Equals(value.to_owned()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Condition, E> {
        Ok(Condition::Equals(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Condition, E> {
        Ok(Condition::Equals(value.to_string()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Condition, E> {
        Ok(Condition::Equals(value.to_string()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Condition, A::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Key {
            Matches,
            Present,
        }
        let condition = match entries.next_key()? {
            Some(Key::Matches) => Condition::Matches(entries.next_value()?),
            Some(Key::Present) => Condition::Present(entries.next_value()?),
            None => return Err(de::Error::custom("a condition says what must be")),
        };
        match entries.next_key::<Key>()? {
            None => Ok(condition),
            Some(_) => Err(de::Error::custom("expected exactly one key here")),
        }
    }
}
