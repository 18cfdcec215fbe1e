//! A place in JSON: names with dots between them.

use serde::Deserialize;
use serde_json::Value;
use std::fmt;

/// A place in JSON, as `me.orders`; `.` is all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Dotted(Vec<String>);

impl Dotted {
    /// The names, from the outside in.
    pub(in crate::gateway::rest) fn steps(&self) -> &[String] {
        &self.0
    }

    /// What is there, if anything is.
    pub(super) fn find<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(value, |value, step| value.get(step))
    }
}

impl TryFrom<String> for Dotted {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        if written == "." {
            return Ok(Self::default());
        }
        let steps: Vec<String> = written.split('.').map(str::to_owned).collect();
        if steps.iter().any(String::is_empty) {
            return Err(format!(
                "`{written}` is not a place; write names with dots between them (`me.orders`), or `.` for all"
            ));
        }
        Ok(Self(steps))
    }
}

impl fmt::Display for Dotted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("."),
            steps => f.write_str(&steps.join(".")),
        }
    }
}
