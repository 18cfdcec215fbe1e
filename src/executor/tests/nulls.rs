//! Nulls and what they take with them.

use super::draft::{Draft, at};
use super::fakes::{Fakes, exchange};

const NO_VALUE: &str = "there is no value for a non-null field";

/// A fetch of what the client asks for, and the subgraph's whole answer.
fn answered(selection: &str, answer: &str) -> String {
    let program = Draft::query().root("a", &[], selection).output(selection);
    exchange(&program, &Fakes::default().answer("a", answer))
}

#[test]
fn a_nullable_field_may_be_null_or_missing() {
    let text = answered(
        "{ me { name age best { id } } }",
        r#"{"data":{"me":{"name":null}}}"#,
    );
    assert_eq!(text, r#"{"me":{"name":null,"age":null,"best":null}}"#);
}

#[test]
fn a_null_goes_up_to_the_nearest_nullable_parent() {
    let text = answered(
        "{ me { name best { friend { name email } } } }",
        r#"{"data":{"me":{"name":"N","best":{"friend":{"name":"M","email":null}}}}}"#,
    );
    assert_eq!(
        text,
        format!(
            "{}\nUnexpectedNull at me.best.friend.email: {NO_VALUE}",
            r#"{"me":{"name":"N","best":null}}"#
        )
    );
}

#[test]
fn a_nullable_item_is_null_alone() {
    let text = answered(
        "{ users { email } }",
        r#"{"data":{"users":[{"email":"a"},{},{"email":"c"}]}}"#,
    );
    assert_eq!(
        text,
        format!(
            "{}\nUnexpectedNull at users.1.email: {NO_VALUE}",
            r#"{"users":[{"email":"a"},null,{"email":"c"}]}"#
        )
    );
}

#[test]
fn a_non_null_item_takes_its_list_along() {
    let text = answered(
        "{ me { reviews { id } name } }",
        r#"{"data":{"me":{"reviews":[{"id":"1"},null],"name":"N"}}}"#,
    );
    assert_eq!(
        text,
        format!(
            "{}\nUnexpectedNull at me.reviews.1: {NO_VALUE}",
            r#"{"me":{"reviews":null,"name":"N"}}"#
        )
    );
}

#[test]
fn a_null_that_nothing_stops_makes_data_null() {
    for answer in [
        r#"{"data":{"strict":[{"id":"1"},{"id":null}]}}"#,
        r#"{"data":{"strict":[{"id":"1"},{}]}}"#,
    ] {
        let text = answered("{ strict { id } }", answer);
        assert_eq!(
            text,
            format!("null\nUnexpectedNull at strict.1.id: {NO_VALUE}")
        );
    }
    assert_eq!(
        answered(
            "{ count boss { name } }",
            r#"{"data":{"count":1,"boss":null}}"#
        ),
        format!("null\nUnexpectedNull at boss: {NO_VALUE}")
    );
}

#[test]
fn every_null_is_reported_once() {
    let text = answered(
        "{ users { friend { friend { email } } } }",
        r#"{"data":{"users":[{"friend":{"friend":{}}},{"friend":null}]}}"#,
    );
    assert_eq!(
        text,
        format!(
            "{}\nUnexpectedNull at users.0.friend.friend.email: {NO_VALUE}\nUnexpectedNull at users.1.friend: {NO_VALUE}",
            r#"{"users":[null,null]}"#
        )
    );
}

#[test]
fn the_subgraphs_own_error_explains_its_null() {
    let text = answered(
        "{ me { friend { name } } count }",
        r#"{"data":{"me":null,"count":1},"errors":[{"message":"boom","path":["me","friend","name"]}]}"#,
    );
    assert_eq!(
        text,
        "{\"me\":null,\"count\":1}\nSubgraph at me.friend.name (a): boom"
    );
    let text = answered(
        "{ users { email } }",
        r#"{"data":{"users":[{"email":null},{"email":null}]},"errors":[{"message":"boom","path":["users",0,"email"]}]}"#,
    );
    assert_eq!(
        text,
        format!(
            "{{\"users\":[null,null]}}\nSubgraph at users.0.email (a): boom\nUnexpectedNull at users.1.email: {NO_VALUE}"
        )
    );
}

#[test]
fn a_failed_fetch_explains_what_it_was_to_fill() {
    let program = Draft::query()
        .root("a", &[], "{ users { id name } }")
        .entities("b", &[0], vec![at("users", "{ id }", "{ email }")])
        .output("{ users { name email } }");
    let fakes = Fakes::default()
        .answer(
            "a",
            r#"{"data":{"users":[{"id":"1","name":"A"},{"id":"2","name":"B"}]}}"#,
        )
        .status("b", 500, "");
    assert_eq!(
        exchange(&program, &fakes),
        "{\"users\":[null,null]}\nHttp(500) at users (b): HTTP status 500 Internal Server Error"
    );
}

#[test]
fn a_null_entity_is_no_error_by_itself() {
    let program = Draft::query()
        .root("a", &[], "{ users { id } }")
        .entities("b", &[0], vec![at("users", "{ id }", "{ name }")])
        .output("{ users { id name } }");
    let fakes = Fakes::default()
        .answer("a", r#"{"data":{"users":[{"id":"1"}]}}"#)
        .answer("b", r#"{"data":{"_entities":[null]}}"#);
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"users":[{"id":"1","name":null}]}"#
    );
}

#[test]
fn data_of_a_null_is_taken_back_with_its_brackets() {
    let text = answered(
        "{ users { tags best { strictTags } name } }",
        r#"{"data":{"users":[{"tags":["a"],"best":{"strictTags":["x",null]},"name":"N"}]}}"#,
    );
    assert_eq!(
        text,
        format!(
            "{}\nUnexpectedNull at users.0.best.strictTags.1: {NO_VALUE}",
            r#"{"users":[{"tags":["a"],"best":null,"name":"N"}]}"#
        )
    );
}

#[test]
fn countless_nulls_are_counted() {
    let users = vec!["{}"; 1500].join(",");
    let text = answered(
        "{ users { email } }",
        &format!(r#"{{"data":{{"users":[{users}]}}}}"#),
    );
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1002);
    assert_eq!(
        lines[1001],
        format!("UnexpectedNull at the top: 500 more errors like this: {NO_VALUE}")
    );
}
