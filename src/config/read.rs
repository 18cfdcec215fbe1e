//! From the tree to typed settings, by serde.
//!
//! The layers below write plain `#[derive(Deserialize)]`; what is special about configuration files is known here
//! alone: errors carry places, unknown keys the nearest known one, durations are `30s` and sizes `2MB`, and expanded
//! text takes the type that is asked for.

use super::{
    error::{Place, Problem},
    nearest::nearest,
    tree::{Entry, Node, Value},
};
use serde::{
    Deserialize,
    de::{
        self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
        VariantAccess, Visitor,
        value::{MapDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};
use std::{fmt, time::Duration};

/// Reads a tree as a `T`.
pub(super) fn read<'de, T: Deserialize<'de>>(node: &'de Node) -> Result<T, Problem> {
    T::deserialize(node).map_err(|failure| Problem::new(failure.place, failure.message))
}

/// What serde reports, until it has passed the node it is about.
#[derive(Debug)]
pub(super) struct Failure {
    message: String,
    place: Option<Place>,
}

impl Failure {
    fn at(mut self, place: Place) -> Self {
        self.place.get_or_insert(place);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// What the standard library says of a value that is no `SocketAddr`.
const NO_ADDRESS: &str = "invalid socket address syntax";

impl de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        Self {
            message: match message.as_str() {
                NO_ADDRESS => "write an IP address and a port, such as 127.0.0.1:4000".to_owned(),
                _ => message,
            },
            place: None,
        }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(unknown("key", field, expected))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(unknown("value", variant, expected))
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format!(
            "expected {}, found {}",
            plainly(expected),
            shown(found)
        ))
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format!("the key `{field}` is missing"))
    }
}

/// What serde expects, in words for people who do not write Rust.
fn plainly(expected: &dyn de::Expected) -> String {
    let words = expected.to_string();
    match words.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number".to_owned(),
        "a nonzero usize" | "a nonzero u32" => "a whole number from 1".to_owned(),
        "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" => "text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "keys and values".to_owned(),
        _ if words.starts_with("struct ") => "keys and values".to_owned(),
        _ => words,
    }
}

/// What is there instead.
fn shown(found: de::Unexpected<'_>) -> String {
    match found {
        de::Unexpected::Bool(value) => format!("`{value}`"),
        de::Unexpected::Signed(value) => format!("`{value}`"),
        de::Unexpected::Unsigned(value) => format!("`{value}`"),
        de::Unexpected::Float(value) => format!("`{value}`"),
        de::Unexpected::Str(text) => format!("the text `{text}`"),
        de::Unexpected::Seq => "a list".to_owned(),
        de::Unexpected::Map => "keys and values".to_owned(),
        de::Unexpected::Unit => "nothing".to_owned(),
        other => other.to_string(),
    }
}

fn unknown(what: &str, word: &str, expected: &'static [&'static str]) -> String {
    match nearest(word, expected) {
        Some(near) => format!("unknown {what} `{word}`; did you mean `{near}`?"),
        None => format!(
            "unknown {what} `{word}`; there are: {}",
            expected.join(", ")
        ),
    }
}

impl Node {
    fn kind(&self) -> de::Unexpected<'_> {
        match &self.value {
            Value::Null => de::Unexpected::Other("nothing"),
            Value::Boolean(value) => de::Unexpected::Bool(*value),
            Value::Integer(value) => de::Unexpected::Signed(*value),
            Value::Unsigned(value) => de::Unexpected::Unsigned(*value),
            Value::Float(value) => de::Unexpected::Float(*value),
            // It may be a secret.
            Value::Expanded(_) => de::Unexpected::Other("what `${…}` stands for"),
            Value::Text(text) => de::Unexpected::Str(text),
            Value::List(_) => de::Unexpected::Other("a list"),
            Value::Map(_) => de::Unexpected::Other("a map"),
        }
    }

    fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Expanded(text) => Some(text),
            _ => None,
        }
    }

    fn located<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        result.map_err(|mut failure| {
            if failure.place.is_none() {
                self.censor(&mut failure.message);
            }
            failure.at(self.place)
        })
    }

    /// Takes out of a message what may be a secret: whoever refuses a value, or values, likes to quote it.
    fn censor(&self, message: &mut String) {
        let (text, instead) = match &self.value {
            Value::List(items) => return items.iter().for_each(|item| item.censor(message)),
            Value::Map(entries) => {
                return entries.iter().for_each(|entry| entry.value.censor(message));
            }
            Value::Expanded(text) => (text.clone(), "`${…}`"),
            _ if !self.is_private => return,
            Value::Text(text) => (text.clone(), "`…`"),
            Value::Integer(number) => (number.to_string(), "`…`"),
            Value::Unsigned(number) => (number.to_string(), "`…`"),
            Value::Float(number) => (number.to_string(), "`…`"),
            Value::Boolean(_) | Value::Null => return,
        };
        *message = message.replace(&format!("`{text}`"), instead);
    }

    fn fails<T>(&self, message: impl fmt::Display) -> Result<T, Failure> {
        self.located(Err(de::Error::custom(message)))
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.located(match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Boolean(value) => visitor.visit_bool(*value),
            Value::Integer(value) => visitor.visit_i64(*value),
            Value::Unsigned(value) => visitor.visit_u64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(text) | Value::Expanded(text) => visitor.visit_borrowed_str(text),
            Value::List(items) => visitor.visit_seq(Items(items.iter())),
            Value::Map(entries) => visitor.visit_map(Entries {
                rest: entries.iter(),
                value: None,
            }),
        })
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.value {
            Value::Expanded(text) => match text.parse() {
                Ok(value) => self.located(visitor.visit_bool(value)),
                Err(_) => self.located(Err(de::Error::invalid_type(self.kind(), &"true or false"))),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.value {
            Value::Expanded(text) => match text.parse() {
                Ok(value) => self.located(visitor.visit_u64(value)),
                Err(_) => self.located(Err(de::Error::invalid_type(self.kind(), &visitor))),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.located(match &self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match (name, self.text()) {
            ("ByteSize", Some(text)) => match bytes(text) {
                Some(bytes) => {
                    self.located(visitor.visit_newtype_struct(bytes.into_deserializer()))
                }
                None => self.fails(format!(
                    "`{text}` is not a size; write 2MB, 64KiB or a number of bytes"
                )),
            },
            _ => self.located(visitor.visit_newtype_struct(self)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match (name, &self.value) {
            ("Duration", _) => match self.text().and_then(duration) {
                Some(duration) => {
                    let parts = [
                        ("secs", duration.as_secs()),
                        ("nanos", u64::from(duration.subsec_nanos())),
                    ];
                    self.located(visitor.visit_map(MapDeserializer::new(parts.into_iter())))
                }
                None => self.fails("this is not a duration; write 30s, 500ms, 1m or 1h"),
            },
            // A section whose keys are all commented out.
            (_, Value::Null) => self.located(visitor.visit_map(Entries {
                rest: [].iter(),
                value: None,
            })),
            // serde would take a list as the values of the fields in their order.
            (_, Value::List(_)) => {
                self.located(Err(de::Error::invalid_type(self.kind(), &visitor)))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_struct("", &[], visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match &self.value {
            Value::Map(entries) => match entries.as_slice() {
                [only] => self.located(visitor.visit_enum(Variant(only))),
                _ => self.fails("expected exactly one key here"),
            },
            // What YAML makes of these words.
            Value::Boolean(is_on) => {
                let word = if *is_on { "on" } else { "off" };
                self.located(visitor.visit_enum(StrDeserializer::<Failure>::new(word)))
            }
            _ => match self.text() {
                Some(text) => {
                    self.located(visitor.visit_enum(StrDeserializer::<Failure>::new(text)))
                }
                None => self.fails("expected a word, or a map with one key"),
            },
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        identifier ignored_any
    }
}

struct Items<'de>(std::slice::Iter<'de, Node>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Failure> {
        self.0
            .next()
            .map(|node| node.located(seed.deserialize(node)))
            .transpose()
    }
}

struct Entries<'de> {
    rest: std::slice::Iter<'de, Entry>,
    value: Option<&'de Node>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        let Some(entry) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(&entry.value);
        let key = seed.deserialize(StrDeserializer::<Failure>::new(&entry.key));
        key.map(Some).map_err(|failure| failure.at(entry.place))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Failure> {
        let node = self
            .value
            .take()
            .ok_or_else(|| de::Error::custom("a value is read before its key"))?;
        node.located(seed.deserialize(node))
    }
}

/// `key: value` as an enum's variant and its contents.
struct Variant<'de>(&'de Entry);

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Failure;
    type Variant = &'de Node;

    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<(T::Value, &'de Node), Failure> {
        let variant = seed.deserialize(StrDeserializer::<Failure>::new(&self.0.key));
        Ok((
            variant.map_err(|failure| failure.at(self.0.place))?,
            &self.0.value,
        ))
    }
}

impl<'de> VariantAccess<'de> for &'de Node {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        self.fails("nothing is expected here")
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failure> {
        self.located(seed.deserialize(self))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_struct("", fields, visitor)
    }
}

/// Longer than anybody waits, and short enough to be added to any clock without overflow.
const DURATION_MAX: Duration = Duration::from_secs(100 * 365 * 86_400);

/// `30s`, `500ms`, `1m`, `1h`, `1.5s`.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(digits);
    let seconds = match unit.trim() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let duration = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
    (duration <= DURATION_MAX).then_some(duration)
}

/// `2MB`, `64KiB`, `512B`, `1000`.
fn bytes(text: &str) -> Option<u64> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1000 * 1000,
        "gb" => 1000 * 1000 * 1000,
        "kib" => 1024,
        "mib" => 1024 * 1024,
        "gib" => 1024 * 1024 * 1024,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}
