//! Whether two routers say the same.

use anyhow::{Context, Result};
use serde_json::Value;
use std::fmt;

/// Where two answers part.
pub(crate) enum Difference {
    /// At a path of the data.
    Data(String),
    /// In the number of errors: routers differ in what they tell of a subgraph's errors.
    Errors(usize, usize),
}

impl Difference {
    pub(crate) fn is_data(&self) -> bool {
        matches!(self, Self::Data(_))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(says) => out.write_str(says),
            Self::Errors(left, right) => write!(out, "{left} errors beside {right}"),
        }
    }
}

/// The first difference between two responses, if there is one.
pub(crate) fn difference(left: &[u8], right: &[u8]) -> Result<Option<Difference>> {
    let (left, right) = (parse(left)?, parse(right)?);
    if let Some(says) = parting(&left["data"], &right["data"], "data") {
        return Ok(Some(Difference::Data(says)));
    }
    let (left, right) = (count(&left), count(&right));
    Ok((left != right).then_some(Difference::Errors(left, right)))
}

/// How many errors a response has.
pub(crate) fn errors(answer: &[u8]) -> Result<usize> {
    Ok(count(&parse(answer)?))
}

fn parse(answer: &[u8]) -> Result<Value> {
    serde_json::from_slice(answer).context("an answer is not JSON")
}

fn count(answer: &Value) -> usize {
    answer["errors"].as_array().map_or(0, Vec::len)
}

fn parting(left: &Value, right: &Value, path: &str) -> Option<String> {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let lone = right.keys().find(|key| !left.contains_key(*key));
            if let Some(key) = lone {
                return Some(format!("{path}.{key} is on one side only"));
            }
            let mut fields = left.iter();
            fields.find_map(|(key, value)| match right.get(key) {
                Some(other) => parting(value, other, &format!("{path}.{key}")),
                None => Some(format!("{path}.{key} is on one side only")),
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let mut pairs = left.iter().zip(right).enumerate();
            pairs
                .find_map(|(index, (left, right))| parting(left, right, &format!("{path}.{index}")))
        }
        // 1 and 1.0 are the same number.
        (Value::Number(left), Value::Number(right)) if left.as_f64() == right.as_f64() => None,
        _ if left == right => None,
        _ => {
            let short = |value: &Value| value.to_string().chars().take(60).collect::<String>();
            Some(format!("{path} is {} and {}", short(left), short(right)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(left: &str, right: &str) -> Option<String> {
        let difference = difference(left.as_bytes(), right.as_bytes()).expect("both are JSON");
        difference.map(|difference| difference.to_string())
    }

    #[test]
    fn the_first_difference_has_its_path() {
        let left = r#"{"data":{"a":[{"b":1},{"b":2}],"c":1}}"#;
        assert_eq!(
            told(left, r#"{"data":{"c":1.0,"a":[{"b":1},{"b":2}]}}"#),
            None
        );
        let right = r#"{"data":{"a":[{"b":1},{"b":3}],"c":1}}"#;
        assert_eq!(told(left, right).as_deref(), Some("data.a.1.b is 2 and 3"));
        let right = r#"{"data":{"a":[{"b":1},{"b":2,"d":4}],"c":1}}"#;
        assert_eq!(
            told(left, right).as_deref(),
            Some("data.a.1.d is on one side only")
        );
        assert_eq!(
            told(right, left).as_deref(),
            Some("data.a.1.d is on one side only")
        );
    }

    #[test]
    fn errors_are_counted() {
        let right = r#"{"data":null,"errors":[{"message":"no"}]}"#;
        assert_eq!(
            told(r#"{"data":null}"#, right).as_deref(),
            Some("0 errors beside 1")
        );
    }
}
