//! YAML as a tree in which every key and value knows its place.

use super::error::{Place, Problem};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_yaml::Spanned;
use std::fmt;

/// A value and where it is written.
#[derive(Debug)]
pub(super) struct Node {
    pub place: Place,
    pub value: Value,
    /// Whether it may be a secret, or have one below.
    pub is_private: bool,
}

#[derive(Debug)]
pub(super) enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    /// Text that came out of `${…}`: it may turn out to be a number or a boolean, as if it had been written there.
    Expanded(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug)]
pub(super) struct Entry {
    pub key: String,
    pub place: Place,
    pub value: Node,
}

impl Node {
    /// Where a value is written, or the deepest one above it that is: keys and numbers in lists lead to it.
    pub(super) fn place_of(&self, path: &[String]) -> Place {
        let [step, below @ ..] = path else {
            return self.place;
        };
        let next = match &self.value {
            Value::List(items) => step.parse().ok().and_then(|index: usize| items.get(index)),
            Value::Map(entries) => {
                let entry = entries.iter().find(|entry| entry.key == *step);
                entry.map(|entry| &entry.value)
            }
            _ => None,
        };
        next.map_or(self.place, |node| node.place_of(below))
    }
}

/// Reads YAML.
pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    let empty = text
        .lines()
        .all(|line| line.trim_start().is_empty() || line.trim_start().starts_with('#'));
    if empty {
        return Ok(Node {
            place: Place { line: 1, column: 1 },
            value: Value::Null,
            is_private: false,
        });
    }
    // Comments are nothing to us, and the parser has a limit for how many stand in a row.
    let options = serde_yaml::options! { emit_comments: false };
    serde_yaml::from_str_with_options(text, options).map_err(|error| {
        let place = error.location().map(place);
        Problem::new(place, explain(error.without_snippet()))
    })
}

/// The parser's message, without the place that ours has anyway.
fn explain(error: &serde_yaml::Error) -> String {
    if let serde_yaml::Error::DuplicateMappingKey { key: Some(key), .. } = error {
        return format!("the key `{key}` is written twice");
    }
    let message = error.to_string();
    let end = message.rfind(" at line ").unwrap_or(message.len());
    format!("this is not YAML: {}", &message[..end])
}

fn place(location: serde_yaml::Location) -> Place {
    Place {
        line: location.line() as usize,
        column: location.column() as usize,
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self {
            place: place(spanned.referenced),
            value: spanned.value,
            is_private: false,
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Unsigned(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            let place = place(key.referenced);
            map.push(Entry {
                key: key.value,
                place,
                value: entries.next_value()?,
            });
        }
        Ok(Value::Map(map))
    }
}
