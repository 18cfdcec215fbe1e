//! Fetches that fail: one error for each path, the rest of the data kept.

use super::draft::{Draft, at};
use super::fakes::{Fakes, answer, exchange, respond};
use crate::executor::{CallError, Program};
use std::sync::Arc;

fn me_and_count() -> Arc<Program> {
    Draft::query()
        .root("a", &[], "{ m: me { name } }")
        .root("b", &[], "{ c: count thing { __typename } }")
        .output("{ user: me { name } count }")
}

/// What becomes of `count` when its subgraph answers like this.
#[track_caller]
fn fails(fakes: Fakes, error: &str) {
    let fakes = fakes.answer("a", r#"{"data":{"m":{"name":"N"}}}"#);
    let text = exchange(&me_and_count(), &fakes);
    assert_eq!(
        text,
        format!("{{\"user\":{{\"name\":\"N\"}},\"count\":null}}\n{error}")
    );
}

#[test]
fn an_answer_that_is_no_graphql_response() {
    let b = |status, body: &str| Fakes::default().status("b", status, body);
    fails(
        b(503, "<html>busy</html>"),
        "Http(503) at count (b): HTTP status 503 Service Unavailable",
    );
    fails(
        b(404, r#"{"message":"?"}"#),
        "Http(404) at count (b): HTTP status 404 Not Found",
    );
    fails(
        b(200, r#"{"message":"?"}"#),
        "Malformed at count (b): neither data nor errors",
    );
    fails(
        b(200, r#"{"data":null}"#),
        "Malformed at count (b): neither data nor errors",
    );
    fails(
        b(200, r#"{"data":null,"errors":[ ]}"#),
        "Malformed at count (b): neither data nor errors",
    );
    fails(
        b(200, r#"{"data":[1]}"#),
        "Malformed at count (b): data is not an object",
    );
    fails(
        b(200, r#"{"errors":{}}"#),
        "Malformed at count (b): errors is not a list",
    );
    fails(
        b(200, r#"{"errors":[1]}"#),
        "Malformed at count (b): an error is not an object",
    );
}

#[test]
fn a_body_that_breaks_off_gives_nothing() {
    let whole = r#"{"data":{"c":1,"thing":null}}"#;
    for end in 0..whole.len() {
        let fakes = Fakes::default()
            .answer("a", r#"{"data":{"m":{"name":"N"}}}"#)
            .answer("b", &whole[..end]);
        let text = exchange(&me_and_count(), &fakes);
        let expected = "{\"user\":{\"name\":\"N\"},\"count\":null}\nMalformed at count (b): not a GraphQL response: ";
        assert!(text.starts_with(expected), "{text}");
    }
}

#[test]
fn a_body_that_is_not_text() {
    let mut broken = answer(200, "");
    broken.body = b"{\"data\":{\"c\":\"\xff\"}}".as_slice().into();
    let fakes = Fakes::default().outcome("b", Ok(broken));
    fails(
        fakes,
        "Malformed at count (b): not UTF-8: invalid utf-8 sequence of 1 bytes from index 14",
    );
}

#[test]
fn no_answer() {
    let b = |error| Fakes::default().outcome("b", Err(error));
    fails(
        b(CallError::Timeout { milliseconds: 30 }),
        "Timeout at count (b): no answer within 30 ms",
    );
    fails(
        b(CallError::Connect("refused".into())),
        "Connection at count (b): cannot connect: refused",
    );
    fails(
        b(CallError::Broken("reset".into())),
        "Connection at count (b): the connection broke: reset",
    );
    fails(
        b(CallError::TooLarge { limit: 9 }),
        "Malformed at count (b): the answer is larger than 9 bytes",
    );
}

#[test]
fn a_graphql_response_counts_whatever_its_status() {
    let fakes = Fakes::default()
        .answer("a", r#"{"data":{"m":{"name":"N"}}}"#)
        .status(
            "b",
            500,
            r#"{"data":{"c":1},"errors":[{"message":"boom","path":["thing"]}]}"#,
        );
    assert_eq!(
        exchange(&me_and_count(), &fakes),
        "{\"user\":{\"name\":\"N\"},\"count\":1}\nSubgraph at the top (b): boom"
    );
}

#[test]
fn a_failure_has_an_error_for_each_field_that_clients_see() {
    let program = Draft::query()
        .root(
            "a",
            &[],
            "{ me { name } best: me { id } boss { id } hidden: film { id } }",
        )
        .output("{ user: me { name } boss { id } }");
    let text = exchange(&program, &Fakes::default().answer("a", "no"));
    let why = "(a): not a GraphQL response: an object expected at byte 0";
    assert_eq!(
        text,
        format!("null\nMalformed at user {why}\nMalformed at boss {why}")
    );
}

#[test]
fn a_failure_that_fills_nothing_visible_stands_at_what_is_around() {
    let program = Draft::query()
        .root("a", &[], "{ count }")
        .root("b", &[], "{ film { id } }")
        .output("{ count }");
    let fakes = Fakes::default()
        .answer("a", r#"{"data":{"count":1}}"#)
        .status("b", 500, "");
    let error = "Http(500) at the top (b): HTTP status 500 Internal Server Error";
    assert_eq!(
        exchange(&program, &fakes),
        format!("{{\"count\":1}}\n{error}")
    );
}

#[test]
fn a_failed_entity_fetch_is_one_error_for_each_path_up_to_its_first_list() {
    let program = Draft::query()
        .root("a", &[], "{ me { best { id friends { best { id } } } } users { id } strict { id } }")
        .entities(
            "b",
            &[0],
            vec![
                at("me.best", "{ id }", "{ name }"),
                at("me.best.friends.best", "{ id }", "{ name }"),
                at("users", "{ id }", "{ name }"),
                at("users", "{ id }", "{ age }").only("User"),
                at("strict", "{ id }", "{ name }"),
            ],
        )
        .output("{ me { best { name f: friends { best { name } } } } all: users { name age } strict { name } }");
    let fakes = Fakes::default()
        .answer(
            "a",
            r#"{"data":{"me":{"best":{"id":"1","friends":[{"best":{"id":"2"}}]}},"users":[{"id":"3"}],"strict":[]}}"#,
        )
        .status("b", 502, "");
    let why = "(b): HTTP status 502 Bad Gateway";
    let data = r#"{"me":{"best":{"name":null,"f":[{"best":{"name":null}}]}},"all":[{"name":null,"age":null}],"strict":[]}"#;
    assert_eq!(
        exchange(&program, &fakes),
        format!(
            "{data}\nHttp(502) at me.best {why}\nHttp(502) at me.best.f {why}\nHttp(502) at all {why}"
        )
    );
}

#[test]
fn siblings_go_on_and_what_waits_finds_nothing_to_ask() {
    let program = Draft::query()
        .root("a", &[], "{ me { id } }")
        .entities("b", &[0], vec![at("me", "{ id }", "{ name best { id } }")])
        .entities("c", &[0], vec![at("me", "{ id }", "{ age }")])
        .entities("c", &[1, 2], vec![at("me.best", "{ id }", "{ email }")])
        .output("{ me { name age best { email } } }");
    let fakes = Fakes::default()
        .answer("a", r#"{"data":{"me":{"id":"1"}}}"#)
        .status("b", 500, "")
        .answer("c", r#"{"data":{"_entities":[{"age":3}]}}"#);
    assert_eq!(
        exchange(&program, &fakes),
        "{\"me\":{\"name\":null,\"age\":3,\"best\":null}}
Http(500) at me (b): HTTP status 500 Internal Server Error"
    );
    assert_eq!(fakes.calls().len(), 3);
}

#[test]
fn too_few_entities() {
    let program = Draft::query()
        .root("a", &[], "{ users { id } }")
        .entities("b", &[0], vec![at("users", "{ id }", "{ name }")])
        .output("{ users { name } }");
    let with = |entities: &str| {
        let users = r#"{"data":{"users":[{"id":"1"},{"id":"2"},{"id":"3"},{"id":"2"}]}}"#;
        exchange(
            &program,
            &Fakes::default().answer("a", users).answer("b", entities),
        )
    };
    let few = "(b): the subgraph sent too few entities";
    assert_eq!(
        with(r#"{"data":{"_entities":[{"name":"N"}]}}"#),
        format!(
            "{}\nMalformed at users.1 {few}\nMalformed at users.3 {few}\nMalformed at users.2 {few}",
            r#"{"users":[{"name":"N"},{"name":null},{"name":null},{"name":null}]}"#
        )
    );
    let none = r#"{"users":[{"name":null},{"name":null},{"name":null},{"name":null}]}"#;
    let no_list = "Malformed at users (b): there is no list `_entities`";
    assert_eq!(
        with(r#"{"data":{"_entities":null}}"#),
        format!("{none}\n{no_list}")
    );
    assert_eq!(with(r#"{"data":{}}"#), format!("{none}\n{no_list}"));
    assert_eq!(
        with(r#"{"data":{"_entities":null},"errors":[{"message":"boom"}]}"#),
        format!("{none}\nSubgraph at users (b): boom")
    );
    let odd = with(r#"{"data":{"_entities":[{"name":"N"},5]}}"#);
    let expected = format!(
        "{}\nMalformed at users.1 (b): the subgraph sent something else than an entity\n\
        Malformed at users.3 (b): the subgraph sent something else than an entity\n\
        Malformed at users.2 {few}",
        r#"{"users":[{"name":"N"},{"name":null},{"name":null},{"name":null}]}"#
    );
    assert_eq!(odd, expected);
    assert_eq!(
        with(r#"{"data":{"_entities":[{"name":"N"},null,null,{"name":"surplus"}]}}"#),
        r#"{"users":[{"name":"N"},{"name":null},{"name":null},{"name":null}]}"#
    );
}

#[test]
fn headers_come_in_the_order_of_the_plan() {
    let with_header = |value: &'static str, status, body: &str| {
        let mut answer = answer(status, body);
        answer
            .headers
            .insert("x-from", http::HeaderValue::from_static(value));
        Ok(answer)
    };
    let fakes = Fakes::default()
        .outcome("a", with_header("first", 200, r#"{"data":{"m":null}}"#))
        .outcome("b", with_header("second", 500, ""));
    let headers = respond(&me_and_count(), &fakes).headers;
    let values: Vec<&str> = headers
        .iter()
        .map(|(_, headers)| headers["x-from"].to_str().unwrap())
        .collect();
    assert_eq!(values, ["first", "second"]);
}
