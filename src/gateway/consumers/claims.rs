//! What tokens say of whose they are.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Whose the token is (RFC 7519 section 4.1.1).
const ISSUER: &str = "iss";

/// Claims by name, and what each must be.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Claims(BTreeMap<String, Value>);

impl Claims {
    /// Whether nothing is demanded, which no token is enough for.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether they say who has issued the token.
    pub(super) fn name_issuer(&self) -> bool {
        self.0.contains_key(ISSUER)
    }

    /// Whether a token says all of this. A list does if it has the value, but for the issuer, of whom there is one.
    pub(super) fn are_in(&self, said: &Map<String, Value>) -> bool {
        !self.is_empty()
            && self.0.iter().all(|(name, wanted)| {
                let found = said.get(name);
                found.is_some_and(|found| {
                    let has = |items: &Vec<Value>| name != ISSUER && items.contains(wanted);
                    found == wanted || found.as_array().is_some_and(has)
                })
            })
    }
}
