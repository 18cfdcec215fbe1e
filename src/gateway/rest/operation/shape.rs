//! From the data of an answer to the body that the configuration wants. Values are copied as they stand.

use super::{config::Shape, dotted::Dotted};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The members of a JSON object whose names need no escapes: those that a response has are such.
type Members<'a> = BTreeMap<&'a str, &'a RawValue>;

/// Writes what a shape makes of data. Fails if it is not the JSON of an answer.
pub(super) fn write(data: &str, shape: &Shape, out: &mut Vec<u8>) -> serde_json::Result<()> {
    match shape {
        Shape::At(place) => write_below(data, place.steps(), out),
        Shape::Object(members) => {
            out.push(b'{');
            for (index, (name, shape)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, name)?;
                out.push(b':');
                write(data, shape, out)?;
            }
            out.push(b'}');
            Ok(())
        }
    }
}

/// Whether there is nothing at a place that no list is before.
pub(super) fn is_null(data: &str, place: &Dotted) -> serde_json::Result<bool> {
    let mut value = data;
    for step in place.steps() {
        if value.starts_with('{') {
            let members: Members<'_> = serde_json::from_str(value)?;
            value = members
                .get(step.as_str())
                .map_or("null", |value| value.get());
        }
    }
    Ok(value == "null")
}

fn write_below(value: &str, steps: &[String], out: &mut Vec<u8>) -> serde_json::Result<()> {
    let [step, rest @ ..] = steps else {
        out.extend_from_slice(value.as_bytes());
        return Ok(());
    };
    match value.as_bytes().first() {
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(value)?;
            out.push(b'[');
            for (index, item) in items.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_below(item.get(), steps, out)?;
            }
            out.push(b']');
            Ok(())
        }
        Some(b'{') => {
            let members: Members<'_> = serde_json::from_str(value)?;
            match members.get(step.as_str()) {
                Some(member) => write_below(member.get(), rest, out),
                None => write_below("null", &[], out),
            }
        }
        // There is nothing, so there is nothing in it.
        _ => write_below("null", &[], out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shaped(shape: &str) -> String {
        let shape: Shape = serde_json::from_str(shape).unwrap();
        let data = r#"{"me":{"name":"Ada","age":1e2,"orders":[{"id":"1","lines":[{"n":1},{"n":2}]},null,{"id":"2","lines":[]}]},"none":null}"#;
        let mut out = Vec::new();
        write(data, &shape, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn places_are_picked_and_lists_are_gone_through() {
        assert_eq!(shaped(r#""me.name""#), r#""Ada""#);
        assert_eq!(shaped(r#""none.name""#), "null");
        assert_eq!(shaped(r#""me.orders.id""#), r#"["1",null,"2"]"#);
        assert_eq!(shaped(r#""me.orders.lines.n""#), "[[1,2],null,[]]");
        assert_eq!(
            shaped(r#"{"\"q\"":"me.age","in":{"ids":"me.orders.id","nothing":"none"}}"#),
            r#"{"\"q\"":1e2,"in":{"ids":["1",null,"2"],"nothing":null}}"#
        );
        assert!(shaped(r#"".""#).starts_with(r#"{"me":{"#));
    }

    #[test]
    fn what_is_null_is_told() {
        let data = r#"{"me":{"name":null},"none":null,"list":[]}"#;
        for (place, expected) in [
            ("me.name", true),
            ("none.name", true),
            ("me", false),
            ("list", false),
        ] {
            let place = Dotted::try_from(place.to_owned()).unwrap();
            assert_eq!(is_null(data, &place).unwrap(), expected, "{place}");
        }
    }
}
