//! What a subgraph answers → what the client sees, without joins.

use super::draft::supergraph;
use super::draft::{Draft, at};
use super::fakes::{Fakes, exchange, respond_with};
use crate::executor::{Limits, Rules, compile_by};
use serde_json::json;

fn user(read: &str, output: &str, data: &str) -> String {
    let program = Draft::query()
        .root("a", &[], &format!("{{ me {read} }}"))
        .output(&format!("{{ me {output} }}"));
    exchange(
        &program,
        &Fakes::default().answer("a", format!(r#"{{"data":{{"me":{data}}}}}"#)),
    )
}

#[test]
fn response_keys_are_independent_of_wire_keys() {
    let program = Draft::query()
        .root("a", &[], "{ x: me { y: name z: name_2 } }")
        .output("{ first: me { b: name_2 name } }");
    let fakes = Fakes::default().answer("a", r#"{"data":{"x":{"y":"Ann","z":"Bob"}}}"#);
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"first":{"b":"Bob","name":"Ann"}}"#
    );
}

#[test]
fn the_client_decides_on_the_order() {
    let data = r#"{ "unknown" : [{"a":{}}, 1], "name" : "Ann" , "id":"1" }"#;
    assert_eq!(
        user("{ id name }", "{ id name }", data),
        r#"{"me":{"id":"1","name":"Ann"}}"#
    );
}

#[test]
fn texts_are_kept_as_they_are() {
    let data = r#"{"name":"\u0041 \"quoted\" \\ é","score":1.50e+400,"meta":{"a":[1.0,12345678901234567890]}}"#;
    assert_eq!(
        user("{ name score meta }", "{ name score meta }", data),
        r#"{"me":{"name":"\u0041 \"quoted\" \\ é","score":1.50e+400,"meta":{"a":[1.0,12345678901234567890]}}}"#
    );
}

#[test]
fn keys_may_be_escaped() {
    assert_eq!(
        user("{ name }", "{ name }", r#"{"n\u0061me":"Ann"}"#),
        r#"{"me":{"name":"Ann"}}"#
    );
}

#[test]
fn of_duplicate_keys_the_last_wins() {
    assert_eq!(
        user("{ name }", "{ name }", r#"{"name":"Ann","name":"Bob"}"#),
        r#"{"me":{"name":"Bob"}}"#
    );
    assert_eq!(
        user("{ name }", "{ name }", r#"{"name":"Ann","name":null}"#),
        r#"{"me":{"name":null}}"#
    );
}

#[test]
fn of_duplicate_keys_the_last_wins_on_both_sides_of_the_type() {
    let program = Draft::query()
        .root("a", &[], "{ media { __typename ... on Book { pages } } }")
        .output("{ media { ... on Book { pages } } }");
    let fakes = Fakes::default().answer(
        "a",
        r#"{"data":{"media":[{"pages":1,"__typename":"Book","pages":2}]}}"#,
    );
    assert_eq!(exchange(&program, &fakes), r#"{"media":[{"pages":2}]}"#);
}

#[test]
fn of_duplicate_lists_of_entities_the_last_counts() {
    let program = Draft::query()
        .root("a", &[], "{ me { id } }")
        .entities("b", &[0], vec![at("me", "{ id }", "{ name age }")])
        .output("{ me { name age } }");
    let fakes = Fakes::default()
        .answer("a", r#"{"data":{"me":{"id":"1"}}}"#)
        .answer(
            "b",
            r#"{"data":{"_entities":[{"name":"Ann"}],"_entities":[{"age":7}]}}"#,
        );
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"me":{"name":null,"age":7}}"#
    );
}

#[test]
fn white_space_in_lists_of_leaves_is_not_copied() {
    assert_eq!(
        user(
            "{ tags metas }",
            "{ tags metas }",
            r#"{"tags":[ "a" , "b"],"metas":[ ]}"#
        ),
        r#"{"me":{"tags":["a","b"],"metas":[]}}"#
    );
}

#[test]
fn lists_nest() {
    let program = Draft::query()
        .root("a", &[], "{ matrix { id } }")
        .output("{ matrix { id } }");
    let fakes = Fakes::default().answer(
        "a",
        r#"{"data":{"matrix":[[{"id":"1"},null],[],null,[{"id":"2"}]]}}"#,
    );
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"matrix":[[{"id":"1"},null],[],null,[{"id":"2"}]]}"#
    );
}

#[test]
fn leaves_may_nest_deep_and_what_nobody_asked_for_deeper() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let (deep, deeper) = (nested(128), nested(100_000));
    let with = |meta: &str| {
        let data = format!(r#"{{"meta":{meta},"unknown":{deeper}}}"#);
        user("{ meta }", "{ meta }", &data)
    };
    assert_eq!(with(&deep), format!(r#"{{"me":{{"meta":{deep}}}}}"#));
    let null = "{\"me\":{\"meta\":null}}\nWrongType at me.meta: ";
    let too_deep = "the value of `meta` is not one of at most 128 levels";
    assert_eq!(with(&deeper), format!("{null}{too_deep}"));
}

#[test]
fn white_space_in_lists_of_numbers_is_not_copied() {
    for grid in [
        "[[ 0,-12],[1 ,2],[3, 4],[5,6 ] , [7]]",
        "[ [0,-12],[1,2],\t[3,4],[5,6],[\n7]]",
    ] {
        let data = user("{ grid }", "{ grid }", &format!(r#"{{"grid":{grid}}}"#));
        assert_eq!(data, r#"{"me":{"grid":[[0,-12],[1,2],[3,4],[5,6],[7]]}}"#);
    }
}

#[test]
fn lists_of_too_many_items_are_errors_where_they_stand() {
    let plan = || {
        Draft::query()
            .root(
                "a",
                &[],
                "{ me { id name tags metas } users { id } matrix { id } }",
            )
            .plan("{ me { id tags metas } users { id } matrix { id } }")
    };
    let limits = Limits {
        list_items: 3,
        ..Limits::default()
    };
    let with = |me: &str, users: &str, matrix: &str| {
        let program = compile_by(
            supergraph(),
            plan(),
            &Rules {
                limits,
                list_sizes: None,
            },
        );
        let data =
            format!(r#"{{"data":{{"me":{{"id":"1",{me}}},"users":{users},"matrix":{matrix}}}}}"#);
        exchange(&program, &Fakes::default().answer("a", &data))
    };
    let user = r#"{"id":"2"}"#;
    let users = |number: usize| format!("[{}]", vec![user; number].join(","));
    let all = with(
        r#""tags":["a","b","c"],"metas":[1,2,[3,4,5,6]]"#,
        &users(3),
        "[[],null,[]]",
    );
    assert_eq!(
        all,
        format!(
            r#"{{"me":{{"id":"1","tags":["a","b","c"],"metas":[1,2,[3,4,5,6]]}},"users":{},"matrix":[[],null,[]]}}"#,
            users(3)
        )
    );
    let none = with(
        r#""tags":["a","b","c","d"],"metas":[1,2,3,4]"#,
        &users(4),
        &format!("[[],{},[]]", users(5)),
    );
    let long = "is not a list of at most 3 items";
    assert_eq!(
        none,
        format!(
            "{{\"me\":{{\"id\":\"1\",\"tags\":null,\"metas\":null}},\"users\":null,\"matrix\":[[],null,[]]}}\n\
             WrongType at me.tags: the value of `tags` {long}\n\
             WrongType at me.metas: the value of `metas` {long}\n\
             WrongType at users: the value of `users` {long}\n\
             WrongType at matrix.1: the value of `matrix` {long}"
        )
    );
}

#[test]
fn two_fetches_of_a_value_type_are_merged() {
    let program = Draft::query()
        .root("a", &[], "{ me { address { street zips { code } } } }")
        .root("b", &[], "{ me { address { city zips { area } } } }")
        .output("{ me { address { street city zips { code area } } } }");
    let fakes = Fakes::default()
        .answer(
            "a",
            r#"{"data":{"me":{"address":{"street":"S","zips":[{"code":"1"},{"code":"2"}]}}}}"#,
        )
        .answer(
            "b",
            r#"{"data":{"me":{"address":{"city":"C","zips":[{"area":"x"},null]}}}}"#,
        );
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"me":{"address":{"street":"S","city":"C","zips":[{"code":"1","area":"x"},{"code":"2","area":null}]}}}"#
    );
}

#[test]
fn lists_of_different_lengths_share_their_common_prefix() {
    let program = Draft::query()
        .root("a", &[], "{ me { address { zips { code } } } }")
        .root("b", &[], "{ me { address { zips { area } } } }")
        .output("{ me { address { all: zips { code area } } } }");
    let long =
        r#"{"data":{"me":{"address":{"zips":[{"code":"1","area":"x"},{"code":"2","area":"y"}]}}}}"#;
    let short = r#"{"data":{"me":{"address":{"zips":[{"code":"1","area":"x"}]}}}}"#;
    for (a, b) in [(long, short), (short, long)] {
        let fakes = Fakes::default().answer("a", a).answer("b", b);
        assert_eq!(
            exchange(&program, &fakes),
            r#"{"me":{"address":{"all":[{"code":"1","area":"x"}]}}}
Malformed at me.address.all (b): subgraphs disagree on the length of the list `zips`"#
        );
    }
}

#[test]
fn a_null_never_replaces_a_value() {
    let program = Draft::query()
        .root("a", &[], "{ me { name address { city } friends { id } } }")
        .root("b", &[], "{ me { name address { city } friends { id } } }")
        .output("{ me { name address { city } friends { id } } }");
    let full = r#"{"data":{"me":{"name":"Ann","address":{"city":"C"},"friends":[{"id":"1"}]}}}"#;
    let nulls = r#"{"data":{"me":{"name":null,"address":null,"friends":null}}}"#;
    for (a, b) in [(full, nulls), (nulls, full)] {
        let fakes = Fakes::default().answer("a", a).answer("b", b);
        let expected = r#"{"me":{"name":"Ann","address":{"city":"C"},"friends":[{"id":"1"}]}}"#;
        assert_eq!(exchange(&program, &fakes), expected);
    }
}

#[test]
fn only_variables_that_the_fetch_declares_and_the_request_has_are_sent() {
    let program = Draft::query()
        .root("a", &[], "{ me { name } }")
        .variables(&["first", "absent", "text"])
        .output("{ me { name } }");
    let fakes = Fakes::default().answer("a", r#"{"data":{"me":null}}"#);
    let variables = json!({"first": 3, "other": 1, "text": "a\"\n", "nothing": null});
    respond_with(&program, &fakes, variables.as_object().unwrap());
    assert_eq!(
        fakes.calls(),
        [r#"a {"query":"{ me { name } }","variables":{"first":3,"text":"a\"\n"}}"#]
    );
}

#[test]
fn a_document_is_escaped_and_goes_without_variables_where_there_are_none() {
    let program = Draft::query()
        .root("a", &[], "{\n  me { name }\n}")
        .output("{ me { name } }");
    let fakes = Fakes::default().answer("a", r#"{"data":{"me":null}}"#);
    exchange(&program, &fakes);
    assert_eq!(fakes.calls(), [r#"a {"query":"{\n  me { name }\n}"}"#]);
}

#[test]
fn root_fields_at_a_deeper_position_go_into_every_row_there() {
    let program = Draft::query()
        .root("a", &[], "{ users { best { id } } }")
        .root_at("users.best", "b", &[0], "{ name tags }")
        .output("{ users { best { id name tags } } }");
    let fakes = Fakes::default()
        .answer(
            "a",
            r#"{"data":{"users":[{"best":{"id":"1"}},{"best":null},{"best":{"id":"2"}}]}}"#,
        )
        .answer("b", r#"{"data":{"name":"N","tags":["t"]}}"#);
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"users":[{"best":{"id":"1","name":"N","tags":["t"]}},{"best":null},{"best":{"id":"2","name":"N","tags":["t"]}}]}"#
    );
}

#[test]
fn root_fields_at_a_position_without_rows_are_not_asked_for() {
    let program = Draft::query()
        .root("a", &[], "{ users { best { id } } }")
        .root_at("users.best", "b", &[0], "{ name }")
        .output("{ users { best { id name } } }");
    let fakes = Fakes::default().answer("a", r#"{"data":{"users":[{"best":null}]}}"#);
    assert_eq!(exchange(&program, &fakes), r#"{"users":[{"best":null}]}"#);
    assert_eq!(fakes.calls().len(), 1);
}
