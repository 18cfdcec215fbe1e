//! When the policies of `@policy` hold: conditions written in the configuration, or what another service says.

use super::{
    case::Case,
    condition::{self, Condition, all, any},
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Policies by name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Policies(BTreeMap<String, Policy>);

/// When a policy holds: when all that is given does.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
struct Policy {
    own: Condition,
    any: Option<Vec<Condition>>,
    all: Vec<Condition>,
    none: Vec<Condition>,
    external: bool,
}

/// A policy as it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    #[serde(deserialize_with = "condition::given")]
    claim: Option<String>,
    #[serde(deserialize_with = "condition::given")]
    argument: Option<String>,
    #[serde(deserialize_with = "condition::given")]
    is: Option<Value>,
    #[serde(deserialize_with = "condition::given")]
    one_of: Option<Vec<Value>>,
    #[serde(deserialize_with = "condition::given")]
    is_claim: Option<String>,
    #[serde(deserialize_with = "condition::given")]
    scope: Option<String>,
    /// One of these must hold.
    #[serde(deserialize_with = "condition::given")]
    any: Option<Vec<Condition>>,
    /// Each of these must.
    all: Vec<Condition>,
    /// None of these may.
    none: Vec<Condition>,
    /// The service of `authorization.external` must say so.
    external: bool,
}

impl TryFrom<Written> for Policy {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let own = condition::Written {
            claim: written.claim,
            argument: written.argument,
            is: written.is,
            one_of: written.one_of,
            is_claim: written.is_claim,
            scope: written.scope,
        };
        Ok(Self {
            own: own.try_into()?,
            any: written.any,
            all: written.all,
            none: written.none,
            external: written.external,
        })
    }
}

impl Policies {
    /// Whether a policy is decided here.
    pub(super) fn has(&self, policy: &str) -> bool {
        self.0.contains_key(policy)
    }

    /// Whether another service has a say in a policy.
    pub(super) fn is_external(&self, policy: &str) -> bool {
        self.0.get(policy).is_some_and(|policy| policy.external)
    }

    /// The first policy in which another service has a say.
    pub(super) fn first_external(&self) -> Option<&str> {
        let mut policies = self.0.iter();
        let first = policies.find(|(_, policy)| policy.external);
        first.map(|(name, _)| name.as_str())
    }

    /// The arguments that a policy looks at.
    pub(super) fn arguments(&self, policy: &str) -> Vec<&str> {
        let policy = self.0.get(policy);
        let conditions = policy.into_iter().flat_map(Policy::conditions);
        conditions.filter_map(Condition::argument).collect()
    }

    /// Whether a policy holds; one that is not known does for nobody.
    pub(super) fn hold(&self, policy: &str, case: &Case<'_>) -> bool {
        let known = self.0.get(policy);
        known.is_some_and(|known| known.holds(policy, case) == Some(true))
    }
}

impl Policy {
    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let any = self.any.iter().flatten();
        let others = any.chain(&self.all).chain(&self.none);
        others.chain([&self.own])
    }

    /// Whether it holds. None: that cannot be told.
    fn holds(&self, name: &str, case: &Case<'_>) -> Option<bool> {
        // One that says nothing was forgotten, not meant for everybody.
        let is_met = |condition: &Condition| match condition.is_empty() {
            true => Some(false),
            false => condition.holds(case),
        };
        let any_of = self.any.as_ref();
        let is_decided = case.decided.is_some_and(|held| held.contains(name));
        let parts = [
            Some(*self != Self::default()),
            self.own.holds(case),
            any_of.map_or(Some(true), |conditions| any(conditions.iter().map(is_met))),
            all(self.all.iter().map(is_met)),
            any(self.none.iter().map(is_met)).map(|is| !is),
            Some(!self.external || is_decided),
        ];
        all(parts.into_iter())
    }
}

#[cfg(test)]
mod tests;
