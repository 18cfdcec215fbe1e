//! Joins: representations out of rows, entities into rows.

use super::draft::{Draft, at};
use super::fakes::{Fakes, exchange};

#[test]
fn entities_are_joined_into_every_row_of_their_representation() {
    let program = Draft::query()
        .root("a", &[], "{ users { id } }")
        .entities("b", &[0], vec![at("users", "{ id }", "{ name }")])
        .output("{ users { id name } }");
    let fakes = Fakes::default()
        .answer(
            "a",
            r#"{"data":{"users":[{"id":"1"},{"id":"2"},null,{"id":"1"},{"id":3}]}}"#,
        )
        .answer(
            "b",
            r#"{"data":{"_entities":[{"name":"Ann"},null,{"name":"Cid"}]}}"#,
        );
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"users":[{"id":"1","name":"Ann"},{"id":"2","name":null},null,{"id":"1","name":"Ann"},{"id":"3","name":"Cid"}]}"#
    );
    assert_eq!(
        fakes.calls()[1],
        r#"b {"query":"{ _entities }","variables":{"representations":[{"__typename":"User","id":"1"},{"__typename":"User","id":"2"},{"__typename":"User","id":3}]}}"#
    );
}

#[test]
fn a_row_without_a_key_is_skipped() {
    let program = Draft::query()
        .root("a", &[], "{ users { id name } }")
        .entities("b", &[0], vec![at("users", "{ id name }", "{ age }")])
        .output("{ users { age } }");
    let fakes = Fakes::default()
        .answer(
            "a",
            r#"{"data":{"users":[{"id":"1"},{"id":null,"name":"N"},{"id":"2","name":"B"}]}}"#,
        )
        .answer("b", r#"{"data":{"_entities":[{"age":2}]}}"#);
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"users":[{"age":null},{"age":null},{"age":2}]}"#
    );
    assert_eq!(
        fakes.variables()[1],
        r#"b {"representations":[{"__typename":"User","id":"2","name":"B"}]}"#
    );
}

#[test]
fn nothing_is_sent_where_no_representation_remains() {
    let program = Draft::query()
        .root("a", &[], "{ me { id } }")
        .entities("b", &[0], vec![at("me", "{ id }", "{ name best { id } }")])
        .entities("c", &[1], vec![at("me.best", "{ id }", "{ age }")])
        .output("{ me { name best { age } } }");
    let fakes = Fakes::default().answer("a", r#"{"data":{"me":{"id":null}}}"#);
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"me":{"name":null,"best":null}}"#
    );
    assert_eq!(fakes.calls().len(), 1);
}

#[test]
fn required_fields_are_sent_as_null() {
    let program = Draft::query()
        .root("a", &[], "{ me { id } }")
        .entities(
            "b",
            &[0],
            vec![at(
                "me",
                "{ id age @requires address @requires { city } }",
                "{ name }",
            )],
        )
        .output("{ me { name } }");
    let fakes = Fakes::default()
        .answer("a", r#"{"data":{"me":{"id":"1","age":null}}}"#)
        .answer("b", r#"{"data":{"_entities":[{"name":"N"}]}}"#);
    assert_eq!(exchange(&program, &fakes), r#"{"me":{"name":"N"}}"#);
    assert_eq!(
        fakes.variables()[1],
        r#"b {"representations":[{"__typename":"User","id":"1","age":null,"address":null}]}"#
    );
}

#[test]
fn representations_nest_and_take_types_along() {
    let program = Draft::query()
        .root("a", &[], "{ me { id friends { id } favourite { __typename id ... on Book { pages } } } }")
        .entities(
            "b",
            &[0],
            vec![at(
                "me",
                "{ friends { id } favourite @requires { __typename id ... on Book { pages } ... on Film { minutes } } }",
                "{ name }",
            )],
        )
        .output("{ me { name } }");
    let fakes = Fakes::default()
        .answer(
            "a",
            r#"{"data":{"me":{"id":"1","friends":[{"id":"2"},{"id":"3"}],"favourite":{"pages":7,"__typename":"Book","id":"x"}}}}"#,
        )
        .answer("b", r#"{"data":{"_entities":[{"name":"N"}]}}"#);
    assert_eq!(exchange(&program, &fakes), r#"{"me":{"name":"N"}}"#);
    assert_eq!(
        fakes.variables()[1],
        r#"b {"representations":[{"__typename":"User","friends":[{"id":"2"},{"id":"3"}],"favourite":{"__typename":"Book","id":"x","pages":7}}]}"#
    );
}

#[test]
fn a_missing_key_deep_inside_skips_the_row() {
    let program = Draft::query()
        .root("a", &[], "{ users { friends { id } } }")
        .entities(
            "b",
            &[0],
            vec![at("users", "{ friends { id } }", "{ name }")],
        )
        .output("{ users { name } }");
    let fakes = Fakes::default()
        .answer("a", r#"{"data":{"users":[{"friends":[{"id":"1"},{"id":null}]},{"friends":[null]},{"friends":[{"id":"2"}]},{"friends":[]}]}}"#)
        .answer("b", r#"{"data":{"_entities":[{"name":"A"},{"name":"B"}]}}"#);
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"users":[{"name":null},{"name":null},{"name":"A"},{"name":"B"}]}"#
    );
    assert_eq!(
        fakes.variables()[1],
        r#"b {"representations":[{"__typename":"User","friends":[{"id":"2"}]},{"__typename":"User","friends":[]}]}"#
    );
}

#[test]
fn targets_take_the_rows_of_their_types() {
    let program = Draft::query()
        .root("a", &[], "{ media { __typename id } }")
        .entities(
            "b",
            &[0],
            vec![
                at("media", "{ id }", "{ pages }").only("Book"),
                at("media", "{ id }", "{ minutes }").only("Film"),
            ],
        )
        .output("{ media { id ... on Book { pages } ... on Film { minutes } } }");
    let fakes = Fakes::default()
        .answer(
            "a",
            r#"{"data":{"media":[{"__typename":"Film","id":"1"},{"__typename":"Book","id":"1"},{"__typename":"Nonsense","id":"1"}]}}"#,
        )
        .answer("b", r#"{"data":{"_entities":[{"pages":7},{"minutes":90}]}}"#);
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"media":[{"id":"1","minutes":90},{"id":"1","pages":7},{"id":"1"}]}"#
    );
    assert_eq!(
        fakes.variables()[1],
        r#"b {"representations":[{"__typename":"Book","id":"1"},{"__typename":"Film","id":"1"}]}"#
    );
}

#[test]
fn rows_of_unknown_type_can_be_asked_for_by_an_interface() {
    let program = Draft::query()
        .root("a", &[], "{ media { id } }")
        .entities(
            "b",
            &[0],
            vec![at("media", "{ id }", "{ __typename title }").known_as("Media")],
        )
        .entities(
            "c",
            &[1],
            vec![at("media", "{ id }", "{ author { name } }")],
        )
        .output("{ media { __typename title author { name } } }");
    let fakes = Fakes::default()
        .answer("a", r#"{"data":{"media":[{"id":"1"},{"id":"2"}]}}"#)
        .answer("b", r#"{"data":{"_entities":[{"__typename":"Film","title":"F"},{"title":"?","__typename":"Media"}]}}"#)
        .answer("c", r#"{"data":{"_entities":[{"author":{"name":"N"}}]}}"#);
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"media":[{"__typename":"Film","title":"F","author":{"name":"N"}},null]}
WrongType at media.1.__typename: the type of this object is not known"#
    );
    assert_eq!(
        fakes.variables()[1..],
        [
            r#"b {"representations":[{"__typename":"Media","id":"1"},{"__typename":"Media","id":"2"}]}"#,
            r#"c {"representations":[{"__typename":"Film","id":"1"}]}"#
        ]
    );
}

#[test]
fn several_entity_fields_go_in_one_request() {
    let program = Draft::query()
        .root(
            "a",
            &[],
            "{ me { id } users { id } media { __typename id } }",
        )
        .batch(
            "b",
            &[0],
            vec![
                at("me", "{ id }", "{ name }"),
                at("media", "{ id }", "{ title }"),
                at("users", "{ id }", "{ age }"),
            ],
        )
        .output("{ me { name } users { age } media { title } }");
    let fakes = Fakes::default()
        .answer(
            "a",
            r#"{"data":{"me":{"id":"1"},"users":[{"id":"1"}],"media":[]}}"#,
        )
        .answer(
            "b",
            r#"{"data":{"_e2":[{"age":5}],"_e1":[],"_e0":[{"name":"N"}]}}"#,
        );
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"me":{"name":"N"},"users":[{"age":5}],"media":[]}"#
    );
    assert_eq!(
        fakes.variables()[1],
        r#"b {"r0":[{"__typename":"User","id":"1"}],"r1":[],"r2":[{"__typename":"User","id":"1"}]}"#
    );
}

#[test]
fn one_entity_field_serves_several_places() {
    let program = Draft::query()
        .root("a", &[], "{ me { id } users { id best { id } } }")
        .entities(
            "b",
            &[0],
            vec![
                at("me", "{ id }", "{ n: name }"),
                at("users", "{ id }", "{ g: age }"),
                at("users.best", "{ id }", "{ n: name g: age }"),
            ],
        )
        .output("{ me { name } users { age best { name age } } }");
    let fakes = Fakes::default()
        .answer("a", r#"{"data":{"me":{"id":"1"},"users":[{"id":"1","best":{"id":"2"}},{"id":"2","best":null}]}}"#)
        .answer("b", r#"{"data":{"_entities":[{"n":"Ann","g":1},{"g":2,"n":"Bob"}]}}"#);
    assert_eq!(
        exchange(&program, &fakes),
        r#"{"me":{"name":"Ann"},"users":[{"age":1,"best":{"name":"Bob","age":2}},{"age":2,"best":null}]}"#
    );
}

#[test]
fn entities_with_objects_of_their_own_stay_apart() {
    let program = Draft::query()
        .root("a", &[], "{ users { id } }")
        .entities("b", &[0], vec![at("users", "{ id }", "{ reviews { id } }")])
        .entities("c", &[1], vec![at("users.reviews", "{ id }", "{ body }")])
        .output("{ users { reviews { id body } } }");
    let fakes = Fakes::default()
        .answer("a", r#"{"data":{"users":[{"id":"1"},{"id":"1"}]}}"#)
        .answer(
            "b",
            r#"{"data":{"_entities":[{"reviews":[{"id":"r1"},{"id":"r2"}]}]}}"#,
        )
        .answer("c", r#"{"data":{"_entities":[{"body":"x"},{"body":"y"}]}}"#);
    let reviews = r#"{"reviews":[{"id":"r1","body":"x"},{"id":"r2","body":"y"}]}"#;
    assert_eq!(
        exchange(&program, &fakes),
        format!(r#"{{"users":[{reviews},{reviews}]}}"#)
    );
    assert_eq!(
        fakes.variables()[2],
        r#"c {"representations":[{"__typename":"Review","id":"r1"},{"__typename":"Review","id":"r2"}]}"#
    );
}

#[test]
fn uneven_lists_in_a_shared_entity_are_reported_once_at_each_place() {
    let program = Draft::query()
        .root("a", &[], "{ users { id } }")
        .entities(
            "b",
            &[0],
            vec![at("users", "{ id }", "{ address { zips { code } } }")],
        )
        .entities(
            "c",
            &[1],
            vec![at("users", "{ id }", "{ address { zips { area } } }")],
        )
        .output("{ users { address { zips { code area } } } }");
    let fakes = Fakes::default()
        .answer("a", r#"{"data":{"users":[{"id":"1"},{"id":"1"}]}}"#)
        .answer(
            "b",
            r#"{"data":{"_entities":[{"address":{"zips":[{"code":"x"}]}}]}}"#,
        )
        .answer(
            "c",
            r#"{"data":{"_entities":[{"address":{"zips":[{"area":"y"},{"area":"z"}]}}]}}"#,
        );
    let address = r#"{"address":{"zips":[{"code":"x","area":"y"}]}}"#;
    let error = |index| {
        format!(
            "Malformed at users.{index}.address.zips (c): subgraphs disagree on the length of the list `zips`"
        )
    };
    assert_eq!(
        exchange(&program, &fakes),
        format!(
            "{{\"users\":[{address},{address}]}}\n{}\n{}",
            error(0),
            error(1)
        )
    );
}
