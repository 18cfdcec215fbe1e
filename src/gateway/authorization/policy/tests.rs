//! When policies hold: for claims, and for arguments that the client gives in one way or another.

use super::*;
use crate::{
    gateway::{authentication::Caller, authorization::case::Given},
    operation::{self, ParserLimits},
    schema::{Claim, Supergraph},
};
use serde_json::json;
use std::sync::Arc;

fn caller(claims: Option<Value>) -> Caller {
    claims.map_or_else(Caller::default, |claims| {
        Caller::with_claims(Arc::new(claims.as_object().unwrap().clone()))
    })
}

fn holds(condition: Value, claims: Option<Value>) -> bool {
    let condition: Policy = serde_json::from_value(condition).unwrap();
    let case = Case {
        caller: &caller(claims),
        decided: None,
        given: None,
    };
    condition.holds("p", &case) == Some(true)
}

#[test]
fn conditions() {
    let claims = json!({
        "role": "admin", "groups": ["a", "b"], "realm": {"roles": ["x"]}, "https://e.test/tier": 3, "scope": "read write",
        "nothing": null,
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
        json!({"claim": "nothing"}),
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

#[test]
fn what_cannot_be_meant_is_refused() {
    for (wrong, why) in [
        (json!({"is": 1}), "what is that?"),
        (json!({"one_of": [1]}), "what is that?"),
        (json!({"claim": "a", "argument": "b"}), "two conditions"),
        (json!({"claim": "a", "is_claim": "b"}), "`is_claim` says"),
        (json!({"any": [{"is": 1}]}), "what is that?"),
        (json!({"claim": "a", "is": null}), "null is no value"),
        (
            json!({"none": [{"argument": "a", "is": null}]}),
            "null is no value",
        ),
        (
            json!({"claim": "a", "one_of": [1, null]}),
            "null is no value",
        ),
        (json!({"claim": "a", "scope": null}), "invalid type: null"),
    ] {
        let error = serde_json::from_value::<Policy>(wrong.clone()).unwrap_err();
        assert!(error.to_string().contains(why), "{wrong}: {error}");
    }
}

const SDL: &str = include_str!("../../../../tests/cases/supergraphs/protected_arguments.graphql");

/// Whether a condition holds for the first field of an operation, for somebody whose `sub` is 7.
fn holds_for(condition: &Value, operation: &str, variables: &Value) -> bool {
    let policy: Policy = serde_json::from_value(condition.clone()).unwrap();
    let supergraph = Supergraph::parse(SDL).unwrap();
    let limits = ParserLimits::default();
    let document = operation::prepare(&supergraph, operation, None, &limits).unwrap();
    let variables = variables.as_object().unwrap().clone();
    let variables = document.coerce(&supergraph, variables).unwrap();
    let demanded = document.claims().iter();
    let mut demanded = demanded.filter(|demanded| matches!(demanded.claim, Claim::Policies(_)));
    let arguments = demanded
        .find_map(|demanded| demanded.arguments.as_ref())
        .unwrap();
    let case = Case {
        caller: &caller(Some(
            json!({"sub": "7", "regions": ["eu", "us"], "number": 7}),
        )),
        decided: None,
        given: Some(Given {
            arguments,
            supergraph: &supergraph,
            variables: &variables,
        }),
    };
    policy.holds("p", &case) == Some(true)
}

/// A condition, an operation, variables, and whether it holds.
const CASES: &str = r#"
OWN | { order(id: "7") { id } } | {} | true
OWN | { order(id: 7) { id } } | {} | true
OWN | { order(id: "8") { id } } | {} | false
OWN | query($i: ID!) { order(id: $i) { id } } | {"i": "7"} | true
OWN | query($i: ID!) { order(id: $i) { id } } | {"i": 7} | true
OWN | query($i: ID!) { order(id: $i) { id } } | {"i": "8"} | false
OWN | query($i: ID! = 7) { order(id: $i) { id } } | {} | true
{"argument": "id", "is_claim": "number"} | { order(id: 7) { id } } | {} | true
{"argument": "id", "is_claim": "absent"} | { order(id: 7) { id } } | {} | false
{"none": [{"argument": "id", "is_claim": "absent"}]} | { order(id: 7) { id } } | {} | false
{"argument": "other"} | { order(id: 7) { id } } | {} | false
{"none": [{"argument": "other"}]} | { order(id: 7) { id } } | {} | false
HOME | { orders(regions: ["eu"]) { id } } | {} | true
HOME | { orders(regions: "us") { id } } | {} | true
HOME | { orders(regions: ["eu", "apac"]) { id } } | {} | false
HOME | { orders(regions: []) { id } } | {} | false
HOME | query($r: String) { orders(regions: ["eu", $r]) { id } } | {} | false
ABROAD | { orders(regions: ["eu", "apac"]) { id } } | {} | false
ABROAD | { orders(regions: ["eu"]) { id } } | {} | true
ABROAD | { orders(regions: []) { id } } | {} | false
HOME | { orders { id } } | {} | true
HOME | query($r: [String!]) { orders(regions: $r) { id } } | {} | true
HOME | query($r: [String!] = ["apac"]) { orders(regions: $r) { id } } | {} | false
HOME | query($r: [String!]) { orders(regions: $r) { id } } | {"r": null} | false
OPEN | { orders(filter: {}) { id } } | {} | false
OPEN | { orders(filter: { region: "eu" }) { id } } | {} | true
OPEN | query($f: Filter) { orders(filter: $f) { id } } | {"f": {}} | false
OPEN | query($f: Filter) { orders(filter: $f) { id } } | {"f": {"region": "eu"}} | true
OPEN | query($r: String) { orders(filter: { region: $r }) { id } } | {} | false
OPEN | { orders { id } } | {} | true
{"argument": "filter.least", "is": 5} | { orders(filter: { least: 5 }) { id } } | {} | true
{"argument": "filter.least", "is": 5} | { orders(filter: { least: 6 }) { id } } | {} | false
STATE | { orders(state: SENT) { id } } | {} | true
STATE | { orders(state: CLOSED) { id } } | {} | false
{"argument": "state"} | { orders(state: CLOSED) { id } } | {} | true
{"argument": "state"} | { orders { id } } | {} | false
{"argument": "state"} | { orders(state: null) { id } } | {} | false
"#;

#[test]
fn arguments_as_clients_give_them() {
    let named = [
        ("OWN", r#"{"argument": "id", "is_claim": "sub"}"#),
        ("HOME", r#"{"argument": "regions", "is_claim": "regions"}"#),
        (
            "ABROAD",
            r#"{"none": [{"argument": "regions", "is": "apac"}]}"#,
        ),
        (
            "OPEN",
            r#"{"none": [{"argument": "filter.region", "is": "secret"}]}"#,
        ),
        (
            "STATE",
            r#"{"argument": "state", "one_of": ["OPEN", "SENT"]}"#,
        ),
    ];
    for line in CASES.trim().lines() {
        let parts: Vec<&str> = line.split(" | ").collect();
        let [condition, operation, variables, expected] = parts[..] else {
            panic!("{line}")
        };
        let condition = named.iter().find(|(name, _)| *name == condition);
        let condition = condition.map_or(parts[0], |(_, condition)| condition);
        let condition = serde_json::from_str(condition).unwrap();
        let variables = serde_json::from_str(variables).unwrap();
        let holds = holds_for(&condition, operation, &variables);
        assert_eq!(holds.to_string(), expected, "{line}");
    }
}
