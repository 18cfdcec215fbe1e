//! Where a subgraph's own errors stand in the client's response.

use super::draft::{Draft, at};
use super::fakes::{Fakes, exchange, respond};
use crate::executor::{ErrorCode, Program};
use serde_json::json;
use std::sync::Arc;

/// The lines of the errors.
fn errors(program: &Arc<Program>, fakes: Fakes) -> Vec<String> {
    exchange(program, &fakes)
        .lines()
        .skip(1)
        .map(str::to_owned)
        .collect()
}

fn users() -> Arc<Program> {
    Draft::query()
        .root(
            "a",
            &[],
            "{ u: users { n: name hidden: age g: grid b: best { n: name } } count }",
        )
        .output("{ all: users { title: name grid friend: best { title: name } } count }")
}

/// The places of an error with this path in a subgraph's response.
fn places(path: &str) -> Vec<String> {
    let data = r#"{"u":[{"n":"A","b":null},{"n":"B","b":{"n":"C"}}],"count":1}"#;
    let body = format!(r#"{{"data":{data},"errors":[{{"message":"boom","path":{path}}}]}}"#);
    errors(&users(), Fakes::default().answer("a", body))
}

#[test]
fn a_wire_path_becomes_the_clients() {
    assert_eq!(places(r#"["count"]"#), ["Subgraph at count (a): boom"]);
    assert_eq!(places(r#"["u"]"#), ["Subgraph at all (a): boom"]);
    assert_eq!(places(r#"["u",1]"#), ["Subgraph at all.1 (a): boom"]);
    assert_eq!(
        places(r#"["u",0,"n"]"#),
        ["Subgraph at all.0.title (a): boom"]
    );
    assert_eq!(
        places(r#"["u",1,"b","n"]"#),
        ["Subgraph at all.1.friend.title (a): boom"]
    );
    assert_eq!(
        places(r#"["u",0,"b","n"]"#),
        ["Subgraph at all.0.friend.title (a): boom"]
    );
    assert_eq!(
        places(r#"["u",0,"g",2,7]"#),
        ["Subgraph at all.0.grid.2.7 (a): boom"]
    );
}

#[test]
fn what_clients_do_not_see_stands_at_what_is_around() {
    assert_eq!(
        places(r#"["u",1,"hidden"]"#),
        ["Subgraph at all.1 (a): boom"]
    );
    assert_eq!(
        places(r#"["nobody","knows"]"#),
        ["Subgraph at the top (a): boom"]
    );
    assert_eq!(
        places(r#"["u",0,"n","deeper"]"#),
        ["Subgraph at all.0.title (a): boom"]
    );
    assert_eq!(places(r#"["u",-1,{}]"#), ["Subgraph at all (a): boom"]);
    assert_eq!(places("[]"), ["Subgraph at the top (a): boom"]);
    assert_eq!(places("null"), ["Subgraph at the top (a): boom"]);
}

#[test]
fn the_type_of_an_object_tells_its_keys_apart() {
    let program = Draft::query()
        .root(
            "a",
            &[],
            "{ media { __typename ... on Book { x: pages } ... on Film { x: minutes } } }",
        )
        .output("{ media { ... on Book { pages } ... on Film { minutes } } }");
    let media = r#"[{"__typename":"Book"},{"__typename":"Film"}]"#;
    let body = format!(
        r#"{{"data":{{"media":{media}}},"errors":[{{"message":"0","path":["media",0,"x"]}},{{"message":"1","path":["media",1,"x"]}}]}}"#
    );
    assert_eq!(
        errors(&program, Fakes::default().answer("a", body)),
        [
            "Subgraph at media.0.pages (a): 0",
            "Subgraph at media.1.minutes (a): 1"
        ]
    );
}

#[test]
fn an_error_in_an_entity_stands_at_every_place_that_shows_it() {
    let program = Draft::query()
        .root("a", &[], "{ me { id } users { id best { id } } }")
        .batch(
            "b",
            &[0],
            vec![
                at("users.best", "{ id }", "{ n: name }"),
                at("users", "{ id }", "{ n: name f: friends { n: name } }"),
            ],
        )
        .output("{ list: users { x: name friends { y: name } best { z: name } } }");
    let with = |path: &str| {
        let users = r#"{"data":{"users":[{"id":"1","best":{"id":"7"}},{"id":"2","best":{"id":"7"}},{"id":"1","best":null}]}}"#;
        let entities = r#"{"_e0":[{"n":null}],"_e1":[{"f":[{"n":"A"}]},{}]}"#;
        let body =
            format!(r#"{{"data":{entities},"errors":[{{"message":"boom","path":{path}}}]}}"#);
        errors(
            &program,
            Fakes::default().answer("a", users).answer("b", body),
        )
    };
    let at = |places: &[&str]| {
        places
            .iter()
            .map(|place| format!("Subgraph at {place} (b): boom"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        with(r#"["_e0",0,"n"]"#),
        at(&["list.0.best.z", "list.1.best.z"])
    );
    assert_eq!(
        with(r#"["_e1",0,"f",0,"n"]"#),
        at(&["list.0.friends.0.y", "list.2.friends.0.y"])
    );
    assert_eq!(with(r#"["_e1",1]"#), at(&["list.1"]));
    assert_eq!(with(r#"["_e1",99]"#), at(&["list"]));
    assert_eq!(with(r#"["_e1"]"#), at(&["list"]));
    assert_eq!(with("[]"), at(&["list"]));
}

#[test]
fn an_entity_at_countless_places_is_counted() {
    let program = Draft::query()
        .root("a", &[], "{ users { id } }")
        .entities("b", &[0], vec![at("users", "{ id }", "{ name }")])
        .output("{ users { name } }");
    let users = vec![r#"{"id":"1"}"#; 150].join(",");
    let fakes = Fakes::default()
        .answer("a", format!(r#"{{"data":{{"users":[{users}]}}}}"#))
        .answer(
            "b",
            r#"{"data":{"_entities":[null]},"errors":[{"message":"boom","path":["_entities",0]}]}"#,
        );
    let errors = errors(&program, fakes);
    assert_eq!(errors.len(), 101);
    assert_eq!(errors[99], "Subgraph at users.99 (b): boom");
    assert_eq!(
        errors[100],
        "Subgraph at the top (b): 50 more errors like this: boom"
    );
}

#[test]
fn extensions_come_along() {
    let program = Draft::query()
        .root("a", &[], "{ count }")
        .output("{ count }");
    let fakes = Fakes::default().answer(
        "a",
        r#"{"errors":[{"message":"no","extensions":{"code":"FORBIDDEN","n":1}},{"extensions":5},{"message":7,"path":"x"}]}"#,
    );
    let errors = respond(&program, &fakes).errors;
    assert_eq!(errors.len(), 3);
    assert_eq!(errors[0].code, ErrorCode::Subgraph);
    assert_eq!(
        json!(errors[0].extensions),
        json!({"code": "FORBIDDEN", "n": 1})
    );
    assert_eq!(errors[1].message, "an error without a message");
    assert!(errors[1].extensions.is_empty());
    assert_eq!(errors[2].message, "an error without a message");
}
