//! Supergraphs that are wrong: each is refused with its place, none panics.

use super::{linked, with};
use crate::kit::{self, SAMPLE_SDL};
use graphway::schema::Supergraph;
use proptest::prelude::*;

/// What is said of a supergraph with these types beside a query type.
fn said(types: &str) -> String {
    let sdl = with(&format!(
        "type Query @join__type(graph: A) {{ t: T }} {types}"
    ));
    Supergraph::parse(&sdl).unwrap_err().to_string()
}

#[test]
fn field_sets_that_are_wrong_say_where() {
    insta::assert_snapshot!(said("type T @join__type(graph: A, key: \"nope\") { id: ID }"), @r#"T: bad field set "nope": type `T` does not have a field `nope`"#);
    insta::assert_snapshot!(said("type T @join__type(graph: A, key: \"id {\") { id: ID }"), @r#"T: bad field set "id {": syntax error: expected at least one Selection in Selection Set; syntax error: expected R_CURLY, got EOF"#);
    insta::assert_snapshot!(said("type T @join__type(graph: A) { id: ID @join__field(graph: A, requires: \"other\") }"), @r#"T.id: bad field set "other": type `T` does not have a field `other`"#);
    insta::assert_snapshot!(said("type T @join__type(graph: A) { id: ID u: U @join__field(graph: A, provides: \"other\") } type U @join__type(graph: A) { id: ID }"), @r#"T.u: bad field set "other": type `U` does not have a field `other`"#);
    insta::assert_snapshot!(said("type T @join__type(graph: A) { id: ID @join__field(graph: A, type: \"[ID\") }"), @"T.id: @join__field(type:) is not a type");
}

#[test]
fn contexts_that_are_wrong_say_where() {
    let link = "@link(url: \"https://specs.apollo.dev/context/v0.1\", for: SECURITY)";
    let said = |argument: &str| {
        let types = format!(
            "directive @context(name: String!) repeatable on OBJECT
            type Query @join__type(graph: A) {{ t: T }}
            type T @join__type(graph: A) @context(name: \"a__c\") {{ id: ID u: U v: V }}
            type V @join__type(graph: A) {{ a: Int b: Int }}
            type U @join__type(graph: A, key: \"id\") {{
              id: ID
              f: Int @join__field(graph: A, contextArguments: [{{{argument}}}])
            }}"
        );
        Supergraph::parse(&linked(link, &types))
            .unwrap_err()
            .to_string()
    };
    let of = |context: &str, selection: &str| {
        said(&format!(
            "context: \"{context}\", name: \"x\", type: \"ID\", selection: \"{selection}\""
        ))
    };
    insta::assert_snapshot!(of("a__other", "{ id }"), @r#"U.f: context argument `x`: no type sets `a__other`"#);
    insta::assert_snapshot!(of("a__c", "{ nope }"), @r#"U.f: bad field set "nope ": type `T` does not have a field `nope`"#);
    insta::assert_snapshot!(of("a__c", "{ id"), @r#"U.f: context selection "{ id": it is not a selection set"#);
    insta::assert_snapshot!(of("a__c", "{ id u { id } }"), @r#"U.f: context selection "{ id u { id } }": it must select one leaf"#);
    insta::assert_snapshot!(of("a__c", "{ v { a b } }"), @r#"U.f: context selection "{ v { a b } }": it must select one leaf"#);
    insta::assert_snapshot!(of("a__c", "{ v { __typename } }"), @r#"U.f: context selection "{ v { __typename } }": it must select one leaf"#);
    insta::assert_snapshot!(said("context: \"a__c\", name: \"x-y\", type: \"ID\", selection: \"{ id }\""), @"U.f: context argument `x-y`: not a name");
    insta::assert_snapshot!(said("context: \"a__c\", name: \"x\", type: \"[ID\", selection: \"{ id }\""), @"U.f: context argument `x`: not a type");
}

#[test]
fn types_that_are_wrong_say_where() {
    assert!(said("type T @join__type(graph: C) { id: ID }").contains('C'));
    let nested = |levels: usize| {
        let ty = format!("{}Int{}", "[".repeat(levels), "]".repeat(levels));
        let sdl = with(&format!("type Query @join__type(graph: A) {{ a: {ty} }}"));
        let (parsed, _) = kit::on_small_stack(|| Supergraph::parse(&sdl).map(|_| ()));
        parsed.map_err(|error| error.to_string())
    };
    assert_eq!(nested(200), Ok(()));
    insta::assert_snapshot!(nested(300).unwrap_err(), @"Query.a: more than 255 lists in a list");
    assert!(nested(5000).is_err());
}

#[test]
fn deep_field_sets_are_no_danger() {
    let nested = |levels: usize| {
        let key = format!("{}id{}", "t { ".repeat(levels), " }".repeat(levels));
        let sdl = with(&format!(
            "type Query @join__type(graph: A) {{ t: T }} type T @join__type(graph: A, key: \"{key}\") {{ id: ID t: T }}"
        ));
        kit::on_small_stack(|| Supergraph::parse(&sdl).is_ok()).0
    };
    assert!(nested(20));
    assert!(!nested(3000));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Pieces of the sample taken out, doubled or put elsewhere: read or refused, and never a panic.
    #[test]
    fn a_mangled_sample_never_panics(cuts in prop::collection::vec((0usize..30_000, 0usize..60, 0usize..30_000, 0u8..4), 1..6)) {
        let mut text: Vec<char> = SAMPLE_SDL.chars().collect();
        for (at, length, to, how) in cuts {
            let at = at % text.len();
            let end = (at + length).min(text.len());
            let piece: Vec<char> = text[at..end].to_vec();
            if how != 0 {
                text.drain(at..end);
            }
            if how != 1 {
                let to = to % text.len();
                text.splice(to..to, piece);
            }
        }
        let text: String = text.into_iter().collect();
        let _ = Supergraph::parse(&text);
    }

    /// Words of the sample exchanged, so that most of it stays a schema.
    #[test]
    fn a_sample_with_exchanged_words_never_panics(pairs in prop::collection::vec((0usize..2_000, 0usize..2_000), 1..3)) {
        let words: Vec<&str> = SAMPLE_SDL.split_inclusive([' ', '\n']).collect();
        let mut words = words;
        for (a, b) in pairs {
            let (a, b) = (a % words.len(), b % words.len());
            words.swap(a, b);
        }
        let _ = Supergraph::parse(&words.concat());
    }
}
