//! Runtime types: how they are learnt, and what they decide.

use super::draft::{Draft, at};
use super::fakes::{Fakes, exchange};

#[test]
fn the_type_chooses_the_fields() {
    let program = Draft::query()
        .root("a", &[], "{ media { t: __typename id ... on Book { x: pages } ... on Film { x: minutes } } }")
        .output("{ media { kind: __typename ... on Book { size: pages } ... on Film { size: minutes } id } }");
    let fakes = Fakes::default().answer(
        "a",
        r#"{"data":{"media":[{"t":"Book","id":"1","x":7},{"x":90,"id":"2","t":"Film"},null]}}"#,
    );
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"media":[{"kind":"Book","size":7,"id":"1"},{"kind":"Film","size":90,"id":"2"},null]}"#
    );
}

#[test]
fn an_object_of_unknown_type_takes_every_field_that_is_there() {
    let program = Draft::query()
        .root(
            "a",
            &[],
            "{ media { id ... on Book { x: pages } ... on Film { x: minutes } } }",
        )
        .entities(
            "b",
            &[0],
            vec![at("media", "{ id }", "{ __typename }").known_as("Media")],
        )
        .output("{ media { ... on Book { pages } ... on Film { minutes } } }");
    let fakes = Fakes::default()
        .answer("a", r#"{"data":{"media":[{"id":"1","x":7}]}}"#)
        .answer("b", r#"{"data":{"_entities":[{"__typename":"Film"}]}}"#);
    assert_eq!(exchange(&program, &fakes), r#"{"media":[{"minutes":7}]}"#);
}

#[test]
fn a_type_once_known_stays() {
    let program = Draft::query()
        .root("a", &[], "{ media { __typename id } }")
        .entities(
            "b",
            &[0],
            vec![at(
                "media",
                "{ id }",
                "{ __typename ... on Book { pages } }",
            )],
        )
        .output("{ media { __typename ... on Book { pages } } }");
    let fakes = Fakes::default()
        .answer(
            "a",
            r#"{"data":{"media":[{"__typename":"Book","id":"1"}]}}"#,
        )
        .answer(
            "b",
            r#"{"data":{"_entities":[{"__typename":"Film","pages":7}]}}"#,
        );
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"media":[{"__typename":"Book","pages":7}]}"#
    );
}

#[test]
fn where_only_one_type_is_possible_nothing_is_asked() {
    let program = Draft::query()
        .root("a", &[], "{ me { id } }")
        .output("{ __typename me { __typename } }");
    let fakes = Fakes::default().answer("a", r#"{"data":{"me":{"id":"1"}}}"#);
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"__typename":"Query","me":{"__typename":"User"}}"#
    );
}

#[test]
fn an_object_whose_type_clients_may_not_see_is_null() {
    let program = Draft::query()
        .root(
            "a",
            &[],
            "{ media { __typename id } thing { __typename ... on Book { id } } }",
        )
        .output("{ media { id } thing { __typename } }");
    let fakes = Fakes::default().answer(
        "a",
        r#"{"data":{"media":[{"__typename":"Draft","id":"1"},{"__typename":"Book","id":"2"}],"thing":{"__typename":"Film"}}}"#,
    );
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"media":[null,{"id":"2"}],"thing":null}"#
    );
}

#[test]
fn an_unknown_type_matters_only_to_those_who_ask() {
    let media = r#"{"data":{"media":[{"__typename":"Media","id":"1"},{"__typename":5,"id":"2"}]}}"#;
    let read = "{ media { __typename id } }";
    let program = Draft::query()
        .root("a", &[], read)
        .output("{ media { id ... on Book { pages } } }");
    let text = exchange(&program, &Fakes::default().answer("a", media));
    assert_eq!(text, r#"{"media":[{"id":"1"},{"id":"2"}]}"#);
    let program = Draft::query()
        .root("a", &[], read)
        .output("{ media { id kind: __typename } }");
    let text = exchange(&program, &Fakes::default().answer("a", media));
    assert_eq!(
        text,
        "{\"media\":[null,null]}
WrongType at media.0.kind: the type of this object is not known
WrongType at media.1.kind: the type of this object is not known"
    );
}

#[test]
fn something_else_than_an_object_or_a_list_is_an_error() {
    let program = Draft::query()
        .root(
            "a",
            &[],
            "{ me { best { id } friends { id } address { zips { code } } } matrix { id } }",
        )
        .output("{ me { best { id } friends { id } address { zips { code } } } matrix { id } }");
    let fakes = Fakes::default().answer(
        "a",
        r#"{"data":{"me":{"best":[{"id":"1"}],"friends":{"id":"2"},"address":"x"},"matrix":[{"id":"1"},[3,true],[[]]]}}"#,
    );
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"me":{"best":null,"friends":null,"address":null},"matrix":[null,[null,null],[null]]}
WrongType at me.best: the value of `best` is not an object
WrongType at me.friends: the value of `friends` is not a list
WrongType at me.address: the value of `address` is not an object
WrongType at matrix.0: the value of `matrix` is not a list
WrongType at matrix.1.0: the value of `matrix` is not an object
WrongType at matrix.1.1: the value of `matrix` is not an object
WrongType at matrix.2.0: the value of `matrix` is not an object"#
    );
}
