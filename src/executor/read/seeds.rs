//! The pieces of reading, as serde wants them: each knows what to expect and where to put it.

use super::Reader;
use crate::executor::entities::{Join, Joins};
use crate::executor::rows::{Datum, RowId};
use crate::executor::shape::{Composite, Key, Shape, Use};
use crate::planner::PositionId;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;
use smallvec::SmallVec;
use std::fmt;

/// An object, read into a row.
pub(super) struct ObjectSeed<'s, 'a> {
    pub reader: &'s mut Reader<'a>,
    pub shape: &'s Shape,
    pub row: RowId,
}

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { reader, shape, row } = self;
        // What came before the type that decides its use.
        let mut early = SmallVec::<[(&Key, &'de RawValue); 2]>::new();
        let mut type_to_come = shape.tells_type && reader.rows.object(row).is_none();
        let mut expected = 0;
        while let Some(found) =
            map.next_key_seed(KeySeed(|text: &str| shape.find(text, expected)))?
        {
            let Some(index) = found else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            expected = index + 1;
            let key = &shape.keys[index];
            if key.is_typename {
                let text: &RawValue = map.next_value()?;
                reader.learn_type(row, text);
                type_to_come = false;
                reader.each_use(text, key, row).map_err(A::Error::custom)?;
            } else if type_to_come && key.depends_on_type {
                early.push((key, map.next_value()?));
            } else if let [field] = &*key.uses {
                if field.applies_to(reader.rows.object(row)) {
                    map.next_value_seed(FieldSeed { reader, field, row })?;
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            } else {
                reader
                    .each_use(map.next_value()?, key, row)
                    .map_err(A::Error::custom)?;
            }
        }
        for (key, text) in early {
            reader.each_use(text, key, row).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// A key; the function says what it stands for.
struct KeySeed<F>(F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for KeySeed<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for KeySeed<F> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok(self.0(text))
    }
}

/// The value of a field, stored in a slot of `row`.
pub(super) struct FieldSeed<'s, 'a> {
    pub reader: &'s mut Reader<'a>,
    pub field: &'s Use,
    pub row: RowId,
}

impl<'de> DeserializeSeed<'de> for FieldSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { reader, field, row } = self;
        let there = reader.rows.get(row, field.slot);
        let datum = match &field.composite {
            Some(composite) => {
                let seed = CompositeSeed {
                    reader: &mut *reader,
                    composite,
                    lists: composite.lists,
                    there,
                    place: (row, field.position),
                };
                seed.deserialize(deserializer)?
            }
            None => match (there, reader.leaf(<&RawValue>::deserialize(deserializer)?)) {
                (Datum::Leaf(text), Datum::Null) if !text.shares_body_with(reader.body) => there,
                (_, datum) => datum,
            },
        };
        reader.rows.set(row, field.slot, datum);
        Ok(())
    }
}

/// An object, a list of objects, and so on; merged into what is there.
struct CompositeSeed<'s, 'a> {
    reader: &'s mut Reader<'a>,
    composite: &'s Composite,
    /// How many lists are still to come.
    lists: u8,
    there: Datum,
    /// The object around, and the position in it.
    place: (RowId, PositionId),
}

impl CompositeSeed<'_, '_> {
    /// What to do with a value that is not what is expected.
    fn nothing(self, instead: Datum) -> Datum {
        match self.there {
            Datum::Object(_) | Datum::List(_) => self.there,
            Datum::Absent | Datum::Null | Datum::Leaf(_) | Datum::Misshapen => instead,
        }
    }
}

impl<'de> DeserializeSeed<'de> for CompositeSeed<'_, '_> {
    type Value = Datum;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Datum, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CompositeSeed<'_, '_> {
    type Value = Datum;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Datum, A::Error> {
        if self.lists > 0 {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(self.nothing(Datum::Misshapen));
        }
        let row = match self.there {
            Datum::Object(row) => row,
            _ => self.reader.rows.add(self.composite.rows),
        };
        let seed = ObjectSeed {
            reader: self.reader,
            shape: &self.composite.shape,
            row,
        };
        seed.visit_map(map)?;
        Ok(Datum::Object(row))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Datum, A::Error> {
        if self.lists == 0 {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(self.nothing(Datum::Misshapen));
        }
        let Self {
            reader,
            composite,
            lists,
            there,
            place,
        } = self;
        let there = match there {
            Datum::List(list) => Some(list),
            _ => None,
        };
        let base = reader.stack.len();
        loop {
            let index = reader.stack.len() - base;
            let item = there.and_then(|list| reader.rows.items(list).get(index).copied());
            let seed = CompositeSeed {
                reader: &mut *reader,
                composite,
                lists: lists - 1,
                there: item.unwrap_or(Datum::Absent),
                place,
            };
            let Some(item) = seq.next_element_seed(seed)? else {
                break;
            };
            reader.stack.push(item);
        }
        let Some(list) = there else {
            return Ok(Datum::List(reader.rows.add_list(&mut reader.stack, base)));
        };
        let length = reader.stack.len() - base;
        if length != list.len() {
            reader.findings.uneven.push(place);
        }
        let list = list.truncated(length);
        reader
            .rows
            .items_mut(list)
            .copy_from_slice(&reader.stack[base..base + list.len()]);
        reader.stack.truncate(base);
        Ok(Datum::List(list))
    }

    fn visit_unit<E: Error>(self) -> Result<Datum, E> {
        Ok(self.nothing(Datum::Null))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Datum, E> {
        Ok(self.nothing(Datum::Misshapen))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Datum, E> {
        Ok(self.nothing(Datum::Misshapen))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Datum, E> {
        Ok(self.nothing(Datum::Misshapen))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Datum, E> {
        Ok(self.nothing(Datum::Misshapen))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Datum, E> {
        Ok(self.nothing(Datum::Misshapen))
    }
}

/// The `data` of an entity fetch.
pub(super) struct EntityFieldsSeed<'s, 'a> {
    pub reader: &'s mut Reader<'a>,
    pub joins: &'s [Joins<'s>],
    /// By field: how many entities came, if there was a list.
    pub received: &'s mut [Option<usize>],
}

impl<'de> DeserializeSeed<'de> for EntityFieldsSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EntityFieldsSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let by_key = |text: &str| self.joins.iter().position(|joins| joins.key == text);
        while let Some(found) = map.next_key_seed(KeySeed(by_key))? {
            let Some(index) = found else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let seed = EntityListSeed {
                reader: &mut *self.reader,
                joins: &self.joins[index],
            };
            if let Some(received) = map.next_value_seed(Nullable(seed))? {
                self.received[index] = Some(received);
            }
        }
        Ok(())
    }
}

/// A value or null.
struct Nullable<S>(S);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Nullable<S> {
    type Value = Option<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for Nullable<S> {
    type Value = Option<S::Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value or null")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(deserializer).map(Some)
    }
}

/// The list of an `_entities` field. Its value is how many entities there were.
struct EntityListSeed<'s, 'a> {
    reader: &'s mut Reader<'a>,
    joins: &'s Joins<'s>,
}

impl<'s, 'a> EntityListSeed<'s, 'a> {
    fn entity(&mut self, join: &Join) -> Nullable<ObjectSeed<'_, 'a>> {
        Nullable(ObjectSeed {
            reader: &mut *self.reader,
            shape: &self.joins.target(join).shape,
            row: join.row,
        })
    }
}

impl<'de> DeserializeSeed<'de> for EntityListSeed<'_, '_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for EntityListSeed<'_, '_> {
    type Value = usize;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of entities")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<usize, A::Error> {
        let joins = self.joins;
        let mut received = 0;
        loop {
            if let [only] = joins.of(received) {
                if seq.next_element_seed(self.entity(only))?.is_none() {
                    return Ok(received);
                }
            } else {
                let Some(text) = seq.next_element::<&RawValue>()? else {
                    return Ok(received);
                };
                for join in joins.of(received) {
                    let deserializer = &mut serde_json::Deserializer::from_str(text.get());
                    self.entity(join)
                        .deserialize(deserializer)
                        .map_err(A::Error::custom)?;
                }
            }
            received += 1;
        }
    }
}
