//! `@skip` and `@include`, settled.

use super::prepare;
use crate::kit;
use graphway::operation::{Field, Selections};
use serde_json::{Value, json};

/// The response keys that are left, nested as in the operation.
fn folded(text: &str, variables: Value) -> String {
    let document = prepare(text).unwrap();
    let variables = variables.as_object().unwrap().clone();
    let variables = document.coerce(kit::sample(), variables).unwrap();
    let operation = document
        .fold(kit::sample(), &document.conditions(&variables))
        .unwrap();
    keys(&operation.selections)
}

fn keys(selections: &Selections) -> String {
    let one = |field: &Field| {
        let key = field.key.to_string();
        match field.selections.fields.is_empty() {
            true => key,
            false => format!("{key} {{ {} }}", keys(&field.selections)),
        }
    };
    let all: Vec<String> = selections.fields.iter().map(one).collect();
    all.join(" ")
}

#[test]
fn both_directives_must_agree() {
    let text =
        "query ($a: Boolean!, $b: Boolean!) { me { id name @include(if: $a) @skip(if: $b) } }";
    let left = |a, b| folded(text, json!({ "a": a, "b": b }));
    assert_eq!(left(true, false), "me { id name }");
    assert_eq!(left(true, true), "me { id }");
    assert_eq!(left(false, false), "me { id }");
    assert_eq!(left(false, true), "me { id }");
}

#[test]
fn a_field_stays_where_one_of_its_selections_does() {
    let text =
        "query ($a: Boolean!) { me { name @skip(if: $a) } me @include(if: $a) { email name } }";
    assert_eq!(folded(text, json!({ "a": true })), "me { email name }");
    assert_eq!(folded(text, json!({ "a": false })), "me { name }");
}

#[test]
fn fragments_have_conditions_too() {
    let text = "query ($a: Boolean!) { me { ...N @include(if: $a) ... @skip(if: $a) { email } ...N @skip(if: $a) } } \
        fragment N on User { name }";
    assert_eq!(folded(text, json!({ "a": true })), "me { name }");
    assert_eq!(folded(text, json!({ "a": false })), "me { email name }");
}

#[test]
fn a_spread_that_is_skipped_does_not_hide_a_later_one() {
    let text = "{ me { ...N @skip(if: true) id ...N } } fragment N on User { name }";
    assert_eq!(folded(text, json!({})), "me { id name }");
}

#[test]
fn values_are_literals_defaults_or_given() {
    assert_eq!(
        folded("{ me @include(if: true) { id } }", json!({})),
        "me { id }"
    );
    assert_eq!(
        folded(
            "{ me { id } users @include(if: false) { total } }",
            json!({})
        ),
        "me { id }"
    );
    let text = "query ($a: Boolean = true) { me { id name @include(if: $a) } }";
    assert_eq!(folded(text, json!({})), "me { id name }");
    assert_eq!(folded(text, json!({ "a": false })), "me { id }");
}

#[test]
fn only_variables_of_conditions_tell_plans_apart() {
    let text = "query ($a: Boolean!, $b: Boolean!, $n: Int!) { users(first: $n) @skip(if: $b) { nodes { ...N } } } \
        fragment N on User { id name @include(if: $a) }";
    let document = prepare(text).unwrap();
    let names: Vec<&str> = document
        .condition_variables()
        .iter()
        .map(|name| name.as_str())
        .collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn types_with_the_same_selections_are_one_field() {
    let text = "{ featured { name ... on Product { n: name } ... on Bundle { n: name } ... on Product { sku } } }";
    assert_eq!(folded(text, json!({})), "featured { name n sku }");
}
