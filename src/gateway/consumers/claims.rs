//! What tokens say of whose they are.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Claims by name, and what each must be.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Claims(BTreeMap<String, Value>);

impl Claims {
    /// Whether nothing is demanded, which no token is enough for.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a token says all of this. A list does if it has the value.
    pub(super) fn are_in(&self, said: &Map<String, Value>) -> bool {
        !self.is_empty()
            && self.0.iter().all(|(name, wanted)| {
                let found = said.get(name);
                found.is_some_and(|found| {
                    found == wanted || found.as_array().is_some_and(|items| items.contains(wanted))
                })
            })
    }
}
