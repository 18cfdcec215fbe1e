//! When the policies of `@policy` hold for a caller: conditions on claims, written in the configuration.

use super::has_scope;
use crate::gateway::authentication::Caller;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Policies by name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Policies(BTreeMap<String, Policy>);

/// When a policy holds: when all that is given does.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Policy {
    claim: Option<String>,
    is: Option<Value>,
    one_of: Option<Vec<Value>>,
    scope: Option<String>,
    /// One of these must hold.
    any: Option<Vec<Condition>>,
    /// Each of these must.
    all: Option<Vec<Condition>>,
    /// None of these may.
    none: Option<Vec<Condition>>,
}

/// What must be so of a caller: all that is given.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Condition {
    /// The name of a claim that they have, or a path in it: `realm_access.roles`.
    claim: Option<String>,
    /// What the claim is, or one of its items.
    is: Option<Value>,
    /// One of which the claim, or one of its items, is.
    one_of: Option<Vec<Value>>,
    /// A scope that they have.
    scope: Option<String>,
}

impl Policies {
    /// Whether a policy is decided here.
    pub(super) fn has(&self, policy: &str) -> bool {
        self.0.contains_key(policy)
    }

    /// Whether a policy holds; one that is not known does for nobody.
    pub(super) fn hold(&self, policy: &str, caller: &Caller) -> bool {
        let policy = self.0.get(policy);
        policy.is_some_and(|policy| policy.holds(caller))
    }
}

impl Policy {
    fn holds(&self, caller: &Caller) -> bool {
        let Self {
            claim,
            is,
            one_of,
            scope,
            any,
            all,
            none,
        } = self;
        let own = Said {
            claim,
            is,
            one_of,
            scope,
        };
        let holds = |condition: &Condition| condition.holds(caller);
        // One that says nothing was forgotten, not meant for everybody.
        *self != Self::default()
            && own.holds(caller)
            && any.as_ref().is_none_or(|any| any.iter().any(holds))
            && all.iter().flatten().all(holds)
            && !none.iter().flatten().any(holds)
    }
}

impl Condition {
    fn holds(&self, caller: &Caller) -> bool {
        let Self {
            claim,
            is,
            one_of,
            scope,
        } = self;
        let said = Said {
            claim,
            is,
            one_of,
            scope,
        };
        *self != Self::default() && said.holds(caller)
    }
}

/// What a policy and a condition may both say.
struct Said<'a> {
    claim: &'a Option<String>,
    is: &'a Option<Value>,
    one_of: &'a Option<Vec<Value>>,
    scope: &'a Option<String>,
}

impl Said<'_> {
    fn holds(&self, caller: &Caller) -> bool {
        let is_met = |found: &Value| {
            let is = self.is.as_ref();
            let mut wanted = self.one_of.iter().flatten();
            is.is_none_or(|wanted| matches(found, wanted))
                && (self.one_of.is_none() || wanted.any(|wanted| matches(found, wanted)))
        };
        let (claim, scope) = (self.claim.as_ref(), self.scope.as_ref());
        claim.is_none_or(|path| found(caller, path).is_some_and(is_met))
            && scope.is_none_or(|scope| has_scope(caller, scope))
    }
}

fn found<'a>(caller: &'a Caller, path: &str) -> Option<&'a Value> {
    // Names of claims are often URLs, with dots.
    if let Some(value) = caller.claim(path) {
        return Some(value);
    }
    let mut steps = path.split('.');
    let first = caller.claim(steps.next()?)?;
    steps.try_fold(first, |value, step| value.get(step))
}

fn matches(found: &Value, wanted: &Value) -> bool {
    found == wanted || found.as_array().is_some_and(|items| items.contains(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::Arc;

    fn holds(condition: Value, claims: Option<Value>) -> bool {
        let condition: Policy = serde_json::from_value(condition).unwrap();
        let caller = claims.map_or_else(Caller::default, |claims| {
            Caller::with_claims(Arc::new(claims.as_object().unwrap().clone()))
        });
        condition.holds(&caller)
    }

    #[test]
    fn conditions() {
        let claims = json!({
            "role": "admin", "groups": ["a", "b"], "realm": {"roles": ["x"]}, "https://e.test/tier": 3, "scope": "read write",
        });
        let yes = [
            json!({"claim": "role", "is": "admin"}),
            json!({"claim": "role"}),
            json!({"claim": "groups", "is": "b"}),
            json!({"claim": "groups", "one_of": ["q", "a"]}),
            json!({"claim": "realm.roles", "is": "x"}),
            json!({"claim": "https://e.test/tier", "is": 3}),
            json!({"scope": "write"}),
            json!({"any": [{"scope": "no"}, {"scope": "read"}]}),
            json!({"all": [{"scope": "write"}, {"scope": "read"}], "claim": "role", "is": "admin"}),
            json!({"none": [{"claim": "role", "is": "guest"}]}),
        ];
        let no = [
            json!({}),
            json!({"claim": "role", "is": "adm"}),
            json!({"claim": "none"}),
            json!({"claim": "role.deeper"}),
            json!({"claim": "groups", "is": "c"}),
            json!({"claim": "groups", "one_of": []}),
            json!({"scope": "rea"}),
            json!({"any": []}),
            json!({"any": [{}]}),
            json!({"all": [{"scope": "write"}, {"scope": "no"}]}),
            json!({"none": [{"claim": "role"}]}),
        ];
        for condition in yes {
            assert!(
                holds(condition.clone(), Some(claims.clone())),
                "{condition}"
            );
        }
        for condition in no {
            assert!(
                !holds(condition.clone(), Some(claims.clone())),
                "{condition}"
            );
            let of_nobody = condition.get("none").is_some();
            assert_eq!(holds(condition.clone(), None), of_nobody, "{condition}");
        }
    }
}
