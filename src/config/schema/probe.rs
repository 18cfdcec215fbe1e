//! Asks the code that reads the configuration what it wants to read.
//!
//! serde's derived code tells a deserializer at each place what it expects there. The one here walks down one path,
//! offering the step after next each time, and at its end notes what is asked for instead of answering.

use crate::config::Config;
use serde::{
    Deserialize,
    de::{
        self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess,
        Visitor,
        value::{Error, StrDeserializer},
    },
};
use std::cell::Cell;

/// One step down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A key that the code knows.
    Field(&'static str),
    /// A key that the file makes up.
    Key,
    Item,
    /// One of a choice of words, or what belongs to it.
    Word(&'static str),
}

impl Step {
    /// As it is written.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Field(name) | Self::Word(name) => name,
            Self::Key => "*",
            Self::Item => "[]",
        }
    }
}

/// What is expected at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Boolean,
    Integer,
    Number,
    Text,
    Duration,
    Bytes,
    /// These keys.
    Fields(&'static [&'static str]),
    /// Any keys.
    Keys,
    Items,
    /// One of these words, or one of them as a key.
    Words(&'static [&'static str]),
    /// The word alone.
    Word,
    Any,
}

/// What was found out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub shape: Shape,
    /// Whether nothing may stand there, too.
    pub optional: bool,
}

/// What is expected at a path; none if nothing is ever read there.
pub(super) fn probe(path: &[Step]) -> Option<Found> {
    let note = Note::default();
    // It always fails: the values it would need are not there. What was noted on the way is what counts.
    let _ = Config::deserialize(Probe { path, note: &note });
    let shape = note.shape.get()?;
    let optional = note.optional.get();
    Some(Found { shape, optional })
}

#[derive(Default)]
struct Note {
    shape: Cell<Option<Shape>>,
    optional: Cell<bool>,
}

#[derive(Clone, Copy)]
struct Probe<'a> {
    path: &'a [Step],
    note: &'a Note,
}

impl Probe<'_> {
    fn is_at_end(&self) -> bool {
        self.path.is_empty()
    }

    /// Ends the probe, with an answer if this is the place.
    fn note<T>(self, shape: Shape) -> Result<T, Error> {
        if self.is_at_end() {
            self.note.shape.set(Some(shape));
        }
        Err(de::Error::custom("a probe"))
    }
}

/// Scalars: nothing is below them.
macro_rules! scalars {
    ($($method:ident => $shape:ident,)*) => {$(
        fn $method<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
            self.note(Shape::$shape)
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    scalars! {
        deserialize_any => Any,
        deserialize_ignored_any => Any,
        deserialize_unit => Any,
        deserialize_bytes => Any,
        deserialize_byte_buf => Any,
        deserialize_bool => Boolean,
        deserialize_i8 => Integer,
        deserialize_i16 => Integer,
        deserialize_i32 => Integer,
        deserialize_i64 => Integer,
        deserialize_u8 => Integer,
        deserialize_u16 => Integer,
        deserialize_u32 => Integer,
        deserialize_u64 => Integer,
        deserialize_f32 => Number,
        deserialize_f64 => Number,
        deserialize_char => Text,
        deserialize_str => Text,
        deserialize_string => Text,
        deserialize_identifier => Text,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_at_end() {
            self.note.optional.set(true);
        }
        visitor.visit_some(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _visitor: V,
    ) -> Result<V::Value, Error> {
        self.note(Shape::Any)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match name {
            "ByteSize" => self.note(Shape::Bytes),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.path {
            [] if name == "Duration" => self.note(Shape::Duration),
            [] => self.note(Shape::Fields(fields)),
            [Step::Field(_), ..] => visitor.visit_map(Only(Some(self))),
            _ => self.note(Shape::Any),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.path {
            [Step::Key, ..] => visitor.visit_map(Only(Some(self))),
            _ => self.note(Shape::Keys),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.path {
            [Step::Item, ..] => visitor.visit_seq(Only(Some(self))),
            _ => self.note(Shape::Items),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.path {
            [Step::Word(_), ..] => visitor.visit_enum(self),
            _ => self.note(Shape::Words(variants)),
        }
    }
}

/// A map or a list with one entry: the next step.
struct Only<'a>(Option<Probe<'a>>);

impl<'a> Only<'a> {
    fn below(&mut self) -> Option<Probe<'a>> {
        let Probe { path, note } = self.0.take()?;
        let path = path.split_first()?.1;
        Some(Probe { path, note })
    }
}

impl<'de> MapAccess<'de> for Only<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let next = self.0.as_ref().and_then(|probe| probe.path.first());
        let key = next.map(|step| seed.deserialize(StrDeserializer::new(step.name())));
        key.transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        match self.below() {
            Some(probe) => seed.deserialize(probe),
            None => Err(de::Error::custom("a value is read before its key")),
        }
    }
}

impl<'de> SeqAccess<'de> for Only<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.below()
            .map(|probe| seed.deserialize(probe))
            .transpose()
    }
}

impl<'de, 'a> EnumAccess<'de> for Probe<'a> {
    type Error = Error;
    type Variant = Probe<'a>;

    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<(T::Value, Probe<'a>), Error> {
        let (word, path) = match self.path {
            [word, path @ ..] => (word.name(), path),
            [] => ("", self.path),
        };
        let variant = seed.deserialize(StrDeserializer::new(word))?;
        Ok((variant, Probe { path, ..self }))
    }
}

impl<'de> VariantAccess<'de> for Probe<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.note(Shape::Word)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_struct("", fields, visitor)
    }
}
