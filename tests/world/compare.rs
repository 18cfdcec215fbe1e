//! Where two answers part.

use serde_json::Value;

/// The first place where `actual` is not `expected`, in words. Objects must have the same keys
/// in the same order, which is the order the specification asks for.
pub fn difference(expected: &Value, actual: &Value) -> Option<String> {
    at("data", expected, actual)
}

fn at(path: &str, expected: &Value, actual: &Value) -> Option<String> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            let missing = expected.keys().find(|key| !actual.contains_key(*key));
            if let Some(key) = missing {
                return Some(format!(
                    "{path}.{key}: expected {}, got nothing",
                    expected[key]
                ));
            }
            let extra = actual.keys().find(|key| !expected.contains_key(*key));
            if let Some(key) = extra {
                return Some(format!(
                    "{path}.{key}: expected nothing, got {}",
                    actual[key]
                ));
            }
            let mut pairs = expected.iter();
            let inside =
                pairs.find_map(|(key, value)| at(&format!("{path}.{key}"), value, &actual[key]));
            inside.or_else(|| {
                let keys = |fields: &serde_json::Map<String, Value>| {
                    fields.keys().cloned().collect::<Vec<_>>().join(", ")
                };
                let (expected, actual) = (keys(expected), keys(actual));
                (expected != actual)
                    .then(|| format!("{path}: expected keys in order {expected}, got {actual}"))
            })
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            let mut pairs = expected.iter().zip(actual).enumerate();
            pairs.find_map(|(index, (expected, actual))| {
                at(&format!("{path}[{index}]"), expected, actual)
            })
        }
        (expected, actual) => {
            (expected != actual).then(|| format!("{path}: expected {expected}, got {actual}"))
        }
    }
}
