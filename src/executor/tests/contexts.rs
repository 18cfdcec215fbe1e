//! Arguments that rows take from the objects they are inside of.

use super::draft::{Draft, at};
use super::fakes::{Fakes, exchange, respond, text};
use serde_json::{Value, json};

const REVIEWS: &str = r#"{"data":{"users":[
    {"age":1,"reviews":[{"id":"x"},{"id":"y"}]},
    {"age":2,"reviews":[{"id":"x"}]},
    {"age":1,"reviews":[{"id":"z"},{"id":"x"}]}
]}}"#;

fn reviews(ty: &str) -> Draft {
    Draft::query()
        .root("a", &[], "{ users { age reviews { id } } }")
        .entities("b", &[0], vec![at("users.reviews", "{ id }", "{ body }")])
        .set_by(ty, &[("users", None, "{ age }")])
}

#[test]
fn rows_are_asked_for_by_what_contexts_set() {
    let program = reviews("Int!").output("{ users { reviews { body } } }");
    let fakes = Fakes::default().answer("a", REVIEWS).answer(
        "b",
        r#"{"data":{"_entities":[{"body":"x1"},{"body":"y1"},{"body":"z1"}],"_entities_1":[{"body":"x2"}]}}"#,
    );
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"users":[{"reviews":[{"body":"x1"},{"body":"y1"}]},{"reviews":[{"body":"x2"}]},{"reviews":[{"body":"z1"},{"body":"x1"}]}]}"#
    );
    assert_eq!(
        fakes.calls()[1],
        r#"b {"query":"query($representations: [_Any!]!, $c0: Int!, $representations_1: [_Any!]!, $c0_1: Int!) { _entities(representations: $representations) { of(it: $c0) } _entities_1: _entities(representations: $representations_1) { of(it: $c0_1) } }","variables":{"representations":[{"__typename":"Review","id":"x"},{"__typename":"Review","id":"y"},{"__typename":"Review","id":"z"}],"c0":1,"representations_1":[{"__typename":"Review","id":"x"}],"c0_1":2}}"#
    );
}

#[test]
fn one_set_of_values_makes_the_planned_document() {
    let program = reviews("Int").output("{ users { reviews { body } } }");
    let fakes = Fakes::default()
        .answer(
            "a",
            r#"{"data":{"users":[{"age":7,"reviews":[{"id":"x"}]}]}}"#,
        )
        .answer("b", r#"{"data":{"_entities":[{"body":"x"}]}}"#);
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"users":[{"reviews":[{"body":"x"}]}]}"#
    );
    assert_eq!(
        fakes.calls()[1],
        r#"b {"query":"query($representations: [_Any!]!, $c0: Int) { _entities(representations: $representations) { of(it: $c0) } }","variables":{"representations":[{"__typename":"Review","id":"x"}],"c0":7}}"#
    );
}

#[test]
fn what_is_null_or_missing_is_sent_as_null() {
    let program = reviews("Int").output("{ users { reviews { body } } }");
    let fakes = Fakes::default()
        .answer(
            "a",
            r#"{"data":{"users":[{"age":null,"reviews":[{"id":"x"}]},{"reviews":[{"id":"y"}]}]}}"#,
        )
        .answer("b", r#"{"data":{"_entities":[{"body":"x"},{"body":"y"}]}}"#);
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"users":[{"reviews":[{"body":"x"}]},{"reviews":[{"body":"y"}]}]}"#
    );
    assert_eq!(
        fakes.variables()[1],
        r#"b {"representations":[{"__typename":"Review","id":"x"},{"__typename":"Review","id":"y"}],"c0":null}"#
    );
}

#[test]
fn a_row_whose_argument_must_not_be_null_is_not_asked_for() {
    let program = reviews("Int!").output("{ users { reviews { id body } } }");
    let fakes = Fakes::default()
        .answer(
            "a",
            r#"{"data":{"users":[{"age":null,"reviews":[{"id":"x"}]},{"age":3,"reviews":[{"id":"y"}]}]}}"#,
        )
        .answer("b", r#"{"data":{"_entities":[{"body":"y"}]}}"#);
    insta::assert_snapshot!(exchange(&program, &fakes), @r#"
    {"users":[{"reviews":null},{"reviews":[{"id":"y","body":"y"}]}]}
    UnexpectedNull at users.0.reviews.0 (b): an argument of type `Int!` is set by a context, and that is null
    "#);
    assert_eq!(
        fakes.variables()[1],
        r#"b {"representations":[{"__typename":"Review","id":"y"}],"c0":3}"#
    );
}

#[test]
fn nothing_is_sent_where_no_argument_is_set() {
    let program = reviews("Int!").output("{ users { reviews { id body } } }");
    let fakes = Fakes::default().answer("a", r#"{"data":{"users":[{"reviews":[{"id":"x"}]}]}}"#);
    insta::assert_snapshot!(exchange(&program, &fakes), @r#"
    {"users":[{"reviews":null}]}
    UnexpectedNull at users.0.reviews.0 (b): an argument of type `Int!` is set by a context, and that is null
    "#);
    assert_eq!(fakes.calls().len(), 1);
}

#[test]
fn the_nearest_object_that_sets_a_context_counts() {
    let program = Draft::query()
        .root(
            "a",
            &[],
            "{ users { age favourite { __typename title author { id } } } }",
        )
        .entities(
            "b",
            &[0],
            vec![at("users.favourite.author", "{ id }", "{ name }")],
        )
        .set_by(
            "JSON",
            &[
                ("users.favourite", Some("Book"), "{ title }"),
                ("users", None, "{ age }"),
            ],
        )
        .output("{ users { favourite { author { name } } } }");
    let fakes = Fakes::default()
        .answer(
            "a",
            r#"{"data":{"users":[
                {"age":1,"favourite":{"__typename":"Film","title":"F","author":{"id":"x"}}},
                {"age":2,"favourite":{"__typename":"Book","title":"B","author":{"id":"x"}}}
            ]}}"#,
        )
        .answer(
            "b",
            r#"{"data":{"_entities_1":[{"name":"of B"}],"_entities":[{"name":"of 1"}]}}"#,
        );
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"users":[{"favourite":{"author":{"name":"of 1"}}},{"favourite":{"author":{"name":"of B"}}}]}"#
    );
    assert_eq!(
        fakes.variables()[1],
        r#"b {"representations":[{"__typename":"User","id":"x"}],"c0":1,"representations_1":[{"__typename":"User","id":"x"}],"c0_1":"B"}"#
    );
}

#[test]
fn the_leaf_may_be_deep_and_in_lists() {
    let program = Draft::query()
        .root(
            "a",
            &[],
            "{ users { address { zips { code } } reviews { id } } }",
        )
        .entities("b", &[0], vec![at("users.reviews", "{ id }", "{ body }")])
        .set_by(
            "[String]",
            &[("users", None, "{ address { zips { code } } }")],
        )
        .output("{ users { reviews { body } } }");
    let fakes = Fakes::default()
        .answer(
            "a",
            r#"{"data":{"users":[{"address":{"zips":[{"code":"1"},null,{"code":null}]},"reviews":[{"id":"x"}]}]}}"#,
        )
        .answer("b", r#"{"data":{"_entities":[{"body":"x"}]}}"#);
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"users":[{"reviews":[{"body":"x"}]}]}"#
    );
    assert_eq!(
        fakes.variables()[1],
        r#"b {"representations":[{"__typename":"Review","id":"x"}],"c0":["1",null,null]}"#
    );
}

#[test]
fn errors_in_a_copy_stand_where_its_rows_are() {
    let program = reviews("Int!").output("{ users { reviews { id body } } }");
    let fakes = Fakes::default().answer("a", REVIEWS).answer(
        "b",
        r#"{"data":{"_entities":[{"body":"x1"},{"body":"y1"},{"body":"z1"}],"_entities_1":[null]},
            "errors":[{"message":"sold out","path":["_entities_1",0,"of"]}]}"#,
    );
    insta::assert_snapshot!(exchange(&program, &fakes), @r#"
    {"users":[{"reviews":[{"id":"x","body":"x1"},{"id":"y","body":"y1"}]},{"reviews":null},{"reviews":[{"id":"z","body":"z1"},{"id":"x","body":"x1"}]}]}
    Subgraph at users.1.reviews.0 (b): sold out
    "#);
}

#[test]
fn many_values_go_out_in_several_requests() {
    let program = reviews("Int!").output("{ users { reviews { body } } }");
    let users: Vec<Value> = (0..250)
        .map(|age| json!({ "age": age, "reviews": [{ "id": "x" }] }))
        .collect();
    let mut fakes = Fakes::default().answer("a", json!({ "data": { "users": users } }).to_string());
    for (start, end) in [(0, 100), (100, 200), (200, 250)] {
        let entities = (start..end).map(|age: usize| {
            let key = match age - start {
                0 => "_entities".to_owned(),
                copy => format!("_entities_{copy}"),
            };
            (key, json!([{ "body": age.to_string() }]))
        });
        let data: serde_json::Map<String, Value> = entities.collect();
        fakes = fakes.answer("b", json!({ "data": data }).to_string());
    }
    let response = respond(&program, &fakes);
    let expected: Vec<Value> = (0..250)
        .map(|age: usize| json!({ "reviews": [{ "body": age.to_string() }] }))
        .collect();
    assert_eq!(text(&response), json!({ "users": expected }).to_string());
    assert_eq!(fakes.calls().len(), 4);
    assert_eq!(response.headers.len(), 4);
}
