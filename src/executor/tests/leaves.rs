//! Result coercion, one field at a time.

use super::draft::Draft;
use super::fakes::{Fakes, exchange};

/// What the client gets for a field of `me` when the subgraph sends `sent`.
fn sent(field: &str, sent: &str) -> String {
    let selection = format!("{{ me {{ {field} }} }}");
    let program = Draft::query().root("a", &[], &selection).output(&selection);
    let body = format!(r#"{{"data":{{"me":{{"{field}":{sent}}}}}}}"#);
    exchange(&program, &Fakes::default().answer("a", body))
}

#[track_caller]
fn fits(field: &str, text: &str, written: &str) {
    assert_eq!(
        sent(field, text),
        format!(r#"{{"me":{{"{field}":{written}}}}}"#)
    );
}

#[track_caller]
fn does_not_fit(field: &str, text: &str, expected: &str) {
    let error = format!("WrongType at me.{field}: the value of `{field}` is not {expected}");
    assert_eq!(
        sent(field, text),
        format!("{{\"me\":{{\"{field}\":null}}}}\n{error}")
    );
}

#[test]
fn ints_have_32_bits() {
    fits("age", "42", "42");
    fits("age", "-0", "0");
    fits("age", "1.0", "1");
    fits("age", "-2.5e1", "-25");
    fits("age", "2147483647", "2147483647");
    fits("age", "-2147483648.0", "-2147483648");
    for text in [
        "2147483648",
        "-2147483649",
        "1.5",
        "1e400",
        "\"1\"",
        "true",
        "[1]",
        "{}",
    ] {
        does_not_fit("age", text, "an Int");
    }
}

#[test]
fn floats_are_numbers() {
    for text in ["1", "-0.5", "1E-7", "1.7976931348623157e308"] {
        fits("score", text, text);
    }
    for text in ["\"1\"", "false", "{}"] {
        does_not_fit("score", text, "a Float");
    }
}

#[test]
fn strings_are_not_made_of_anything_else() {
    fits("name", r#""a\nb""#, r#""a\nb""#);
    for text in ["1", "true", "[]", r#"{"a":"b"}"#] {
        does_not_fit("name", text, "a String");
    }
}

#[test]
fn booleans_are_true_or_false() {
    fits("active", "true", "true");
    fits("active", "false", "false");
    for text in ["0", "\"true\"", "[true]"] {
        does_not_fit("active", text, "a Boolean");
    }
}

#[test]
fn ids_are_strings_and_integers_become_such() {
    fits("id", r#""a\"1""#, r#""a\"1""#);
    fits("id", "12345678901234567890", r#""12345678901234567890""#);
    fits("id", "-1", r#""-1""#);
    for text in ["1.0", "1e3", "true", "[]"] {
        let error = "WrongType at me.id: the value of `id` is not an ID";
        assert_eq!(sent("id", text), format!("{{\"me\":null}}\n{error}"));
    }
}

#[test]
fn enum_values_are_those_clients_may_see() {
    fits("role", r#""ADMIN""#, r#""ADMIN""#);
    fits("role", r#""\u0041DMIN""#, r#""\u0041DMIN""#);
    for text in [r#""ROOT""#, r#""admin""#, "1", "true"] {
        does_not_fit("role", text, "a value of its enum");
    }
}

#[test]
fn custom_scalars_are_any_json() {
    for text in ["1", "\"a\"", "[null, 1]", r#"{ "a" : {} }"#] {
        fits("meta", text, text);
    }
}

#[test]
fn lists_are_checked_item_by_item() {
    fits("tags", r#"[ "a" , null ]"#, r#"["a",null]"#);
    fits("tags", "[]", "[]");
    fits("metas", r#"[1, {"a": null}]"#, r#"[1,{"a": null}]"#);
    fits("grid", "[[1.0, 2], [], null]", "[[1,2],[],null]");
    does_not_fit("tags", "\"a\"", "a list");
    does_not_fit("metas", "{}", "a list");
    assert_eq!(
        sent("tags", r#"["a", 1]"#),
        r#"{"me":{"tags":["a",null]}}
WrongType at me.tags.1: the value of `tags` is not a String"#
    );
    assert_eq!(
        sent("grid", "[[1, \"2\"], 3, [null], [4]]"),
        r#"{"me":{"grid":[null,null,null,[4]]}}
WrongType at me.grid.0.1: the value of `grid` is not an Int
WrongType at me.grid.1: the value of `grid` is not a list
UnexpectedNull at me.grid.2.0: there is no value for a non-null field"#
    );
    assert_eq!(
        sent("roles", r#"["ADMIN", "ROOT"]"#),
        r#"{"me":{"roles":null}}
WrongType at me.roles.1: the value of `roles` is not a value of its enum"#
    );
}
