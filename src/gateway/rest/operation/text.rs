//! From the text of a parameter to a value of the variable's type.

use apollo_compiler::{Name, Schema, ast::Type, schema::ExtendedType};
use serde_json::{Number, Value};
use std::borrow::Borrow;

/// How the texts of a parameter are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    Int,
    Float,
    Boolean,
    /// Text as it is: strings, ids, and scalars that only subgraphs understand.
    Text,
    Enum(Vec<Name>),
    /// Objects, and lists of lists.
    Json,
    /// One text for each item.
    List(Box<Reader>),
}

impl Reader {
    /// How values of this type are read.
    pub(super) fn of(schema: &Schema, ty: &Type) -> Self {
        let name = match ty {
            Type::Named(name) | Type::NonNullNamed(name) => name,
            Type::List(item) | Type::NonNullList(item) => {
                return match Self::of(schema, item) {
                    Self::List(_) => Self::List(Box::new(Self::Json)),
                    item => Self::List(Box::new(item)),
                };
            }
        };
        match (name.as_str(), schema.types.get(name)) {
            ("Int", _) => Self::Int,
            ("Float", _) => Self::Float,
            ("Boolean", _) => Self::Boolean,
            (_, Some(ExtendedType::Enum(definition))) => {
                Self::Enum(definition.values.keys().cloned().collect())
            }
            (_, Some(ExtendedType::InputObject(_))) => Self::Json,
            _ => Self::Text,
        }
    }

    /// Whether several texts have a meaning.
    pub(super) fn takes_several(&self) -> bool {
        matches!(self, Self::List(_))
    }

    /// The value of these texts, of which there is at least one; or what it must be.
    pub(super) fn read<T: Borrow<str>>(&self, texts: &[T]) -> Result<Value, String> {
        match (self, texts) {
            (Self::List(item), texts) => texts
                .iter()
                .map(|text| item.read_one(text.borrow()))
                .collect(),
            (_, [only]) => self.read_one(only.borrow()),
            _ => Err("must be given once".to_owned()),
        }
    }

    fn read_one(&self, text: &str) -> Result<Value, String> {
        match self {
            Self::Int => {
                let number = text.parse::<i32>().ok();
                // Other spellings of a number (`+5`, `007`) are none in JSON.
                let number = number.filter(|number| number.to_string() == text);
                number
                    .map(Value::from)
                    .ok_or_else(|| "must be a whole number of 32 bits".to_owned())
            }
            Self::Float => {
                let is_tight = !text.contains(|c: char| c.is_ascii_whitespace());
                let number = serde_json::from_str::<Number>(text).ok();
                number
                    .filter(|_| is_tight)
                    .map(Value::Number)
                    .ok_or_else(|| "must be a number".to_owned())
            }
            Self::Boolean => match text {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                _ => Err("must be true or false".to_owned()),
            },
            Self::Text => Ok(text.into()),
            Self::Enum(values) => {
                let names: Vec<&str> = values.iter().map(Name::as_str).collect();
                match names.contains(&text) {
                    true => Ok(text.into()),
                    false => Err(format!("must be one of {}", names.join(", "))),
                }
            }
            Self::Json | Self::List(_) => {
                serde_json::from_str(text).map_err(|_| "must be JSON".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_reader() -> impl Strategy<Value = Reader> {
        let one = prop_oneof![
            Just(Reader::Int),
            Just(Reader::Float),
            Just(Reader::Boolean),
            Just(Reader::Text),
            Just(Reader::Enum(vec![
                Name::new_unchecked("RED"),
                Name::new_unchecked("BLUE")
            ])),
            Just(Reader::Json),
        ];
        prop_oneof![
            one.clone(),
            one.prop_map(|item| Reader::List(Box::new(item)))
        ]
    }

    proptest! {
        #[test]
        fn numbers_come_back_as_they_were_written(int: i32, float in any::<f64>().prop_filter("JSON", |f| f.is_finite())) {
            prop_assert_eq!(Reader::Int.read(&[int.to_string()]), Ok(Value::from(int)));
            let written = serde_json::to_string(&float).unwrap();
            prop_assert_eq!(Reader::Float.read(&[written]).unwrap().as_f64(), Some(float));
        }

        #[test]
        fn text_comes_back_as_it_is(texts in prop::collection::vec(".*", 1..4)) {
            let list = Reader::List(Box::new(Reader::Text));
            prop_assert_eq!(list.read(&texts), Ok(Value::from(texts.clone())));
            prop_assert_eq!(Reader::Text.read(&texts[..1]), Ok(Value::from(texts[0].clone())));
        }

        /// Whatever is sent, what is read says the same when it is written again, or it is refused.
        #[test]
        fn hostile_text_is_read_as_what_it_is_or_refused(
            reader in any_reader(),
            texts in prop::collection::vec(r#"[-+0-9.eE_ \t\[\]{}",:tfrunalse]{0,12}|RED|.{0,6}|[0-9]{1,400}"#, 1..4),
        ) {
            let Ok(value) = reader.read(&texts) else { return Ok(()) };
            let (item, items) = match (&reader, &value) {
                (Reader::List(item), Value::Array(items)) => (item.as_ref(), items.clone()),
                (Reader::List(_), _) => return Err(TestCaseError::fail("not a list")),
                _ => (&reader, vec![value.clone()]),
            };
            prop_assert_eq!(items.len(), texts.len());
            for (text, value) in texts.iter().zip(&items) {
                let fits = match item {
                    Reader::Int => value.as_i64() == text.parse().ok() && !text.starts_with(['+', '0']) || text == "0",
                    Reader::Float => value.as_f64() == text.parse().ok(),
                    Reader::Boolean => value.as_bool() == text.parse().ok(),
                    Reader::Enum(names) => names.iter().any(|name| value == name.as_str()),
                    Reader::Text => value == text.as_str(),
                    Reader::Json | Reader::List(_) => serde_json::from_str::<Value>(text).ok().as_ref() == Some(value),
                };
                prop_assert!(fits, "{text:?} as {item:?} is {value}");
            }
        }
    }

    #[test]
    fn what_is_no_number_in_json_is_none_here() {
        for text in [
            "",
            " 1",
            "1 ",
            "+1",
            "01",
            "-0",
            "1.0",
            "0x1",
            "1e3",
            "2147483648",
            "\u{0661}",
        ] {
            assert!(Reader::Int.read(&[text]).is_err(), "{text:?}");
        }
        for text in [
            "", " 1", "1\n", "+1", "01", ".5", "5.", "nan", "inf", "Infinity", "1e999",
        ] {
            assert!(Reader::Float.read(&[text]).is_err(), "{text:?}");
        }
    }
}
