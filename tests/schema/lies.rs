//! Supergraphs that lie: what can be served is, the rest is refused with its place, and nothing panics.

use super::with;
use crate::kit::{self, SAMPLE_SDL};
use graphway::{operation, planner, schema::Supergraph};
use proptest::prelude::*;

/// Reads a supergraph with these types and plans an operation.
fn planned(types: &str, text: &str) -> String {
    let supergraph = match Supergraph::parse(&with(types)) {
        Ok(supergraph) => supergraph,
        Err(error) => return format!("refused: {error}"),
    };
    try_plan(&supergraph, text)
}

fn try_plan(supergraph: &Supergraph, text: &str) -> String {
    let planned = kit::prepare(supergraph, text).and_then(|document| {
        let conditions = document.conditions(&Default::default());
        document.fold(supergraph, &conditions)
    });
    match planned {
        Err(operation::Error::Validation(all)) => all
            .into_iter()
            .map(|one| one.message)
            .collect::<Vec<_>>()
            .join("\n"),
        Err(error) => error.to_string(),
        Ok(operation) => match planner::plan(supergraph, &operation) {
            Ok(plan) => plan.display(supergraph).to_string(),
            // What each subgraph lacks is said in brackets.
            Err(error) => {
                let said = error.to_string();
                format!("no plan: {}", said.split(" (").next().unwrap_or_default())
            }
        },
    }
}

/// A query for `t` in A, whose type is `T` with a key in both subgraphs and these fields.
fn entity(fields: &str, asked: &str) -> String {
    let types = format!(
        "type Query @join__type(graph: A) {{ t: T }}
        type T @join__type(graph: A, key: \"id\") @join__type(graph: B, key: \"id\") {{ id: ID! {fields} }}"
    );
    planned(&types, &format!("{{ t {{ {asked} }} }}"))
}

#[test]
fn fields_that_nobody_resolves() {
    insta::assert_snapshot!(entity("f: Int @join__field(graph: B, external: true) g: Int @join__field(graph: B)", "f"), @"no plan: no subgraph can resolve `T.f` at `t.f`");
    insta::assert_snapshot!(entity("f: Int @join__field g: Int @join__field(graph: B)", "f"), @"no plan: no subgraph can resolve `T.f` at `t.f`");
    insta::assert_snapshot!(entity("f: Int @join__field g: Int @join__field(graph: B)", "g"), @r#"
    fetch 0 from a
      { t { id } }

    fetch 1 from b after 0
      $representations at t { __typename id }
      query($representations: [_Any!]!) { _entities(representations: $representations) { ... on T { g } } }
    "#);
}

#[test]
fn typename_in_field_sets() {
    let types = "type Query @join__type(graph: A) { t: T @join__field(graph: A, provides: \"__typename id\") }
        type T @join__type(graph: A, key: \"__typename\") @join__type(graph: B, key: \"__typename id\") @join__type(graph: B, key: \"__typename\", resolvable: false) {
          id: ID! f: Int @join__field(graph: B, requires: \"__typename g\") g: Int @join__field(graph: A) @join__field(graph: B, external: true)
        }";
    insta::assert_snapshot!(planned(types, "{ t { f } }"), @r#"
    fetch 0 from a
      { t { id g } }

    fetch 1 from b after 0
      $representations at t { __typename id g }
      query($representations: [_Any!]!) { _entities(representations: $representations) { ... on T { f } } }
    "#);
    let asked = "f: Int @join__field(graph: B, requires: \"u { __typename }\") u: U @join__field(graph: A) @join__field(graph: B, external: true) }
        union U @join__type(graph: A) @join__type(graph: B) @join__unionMember(graph: A, member: \"T\") @join__unionMember(graph: B, member: \"T\") @join__unionMember(graph: A, member: \"V\") @join__unionMember(graph: B, member: \"V\") = T | V
        type V @join__type(graph: A) @join__type(graph: B) { e: Int";
    insta::assert_snapshot!(entity(asked, "f"), @r#"
    fetch 0 from a
      { t { id u { __typename } } }

    fetch 1 from b after 0
      $representations at t { __typename id u }
      query($representations: [_Any!]!) { _entities(representations: $representations) { ... on T { f } } }
    "#);
}

#[test]
fn requirements_in_a_circle() {
    let fields = "f: Int @join__field(graph: B, requires: \"g\") @join__field(graph: A, external: true)
        g: Int @join__field(graph: A, requires: \"f\") @join__field(graph: B, external: true) h: Int @join__field(graph: B, requires: \"h\")";
    insta::assert_snapshot!(entity(fields, "id"), @r#"
    fetch 0 from a
      { t { id } }
    "#);
    insta::assert_snapshot!(entity(fields, "f"), @"no plan: no subgraph can resolve `T.f` at `t.f`");
    insta::assert_snapshot!(entity(fields, "h"), @"no plan: no subgraph can resolve `T.h` at `t.h`");
}

#[test]
fn requirements_without_a_key() {
    let types = "type Query @join__type(graph: A) { t: T }
        type T @join__type(graph: A) { e: Int f: Int @join__field(graph: A, requires: \"e\") }";
    insta::assert_snapshot!(planned(types, "{ t { e } }"), @r#"
    fetch 0 from a
      { t { e } }
    "#);
    // What it requires is at hand.
    insta::assert_snapshot!(planned(types, "{ t { f } }"), @r#"
    fetch 0 from a
      { t { f } }
    "#);
}

#[test]
fn subgraphs_and_types_that_are_not_there() {
    let refused = |fields: &str| {
        let said = entity(fields, "id");
        said.lines().nth(1).unwrap_or_default().to_owned()
    };
    insta::assert_snapshot!(refused("f: Int @join__field(graph: NOWHERE)"), @"Error: value `NOWHERE` does not exist on `join__Graph`");
    insta::assert_snapshot!(refused("f: Nothing"), @"Error: cannot find type `Nothing` in this document");
    // B has a field of a type that it does not know.
    insta::assert_snapshot!(entity("f: U @join__field(graph: B) } type U @join__type(graph: A) { g: Int", "f { g }"), @"no plan: no subgraph can resolve `T.f` at `t.f`");
    insta::assert_snapshot!(entity("e: U @join__field(graph: B) f: Int @join__field(graph: A, requires: \"e { g }\") } type U @join__type(graph: A) { g: Int", "f"), @"no plan: no subgraph can resolve `T.f` at `t.f`");
    // No subgraph claims U: a value type, as Federation 1 has them.
    let types = "type Query @join__type(graph: A) { t: U } type U { f: Int }";
    insta::assert_snapshot!(planned(types, "{ t { f } }"), @r#"
    fetch 0 from a
      { t { f } }
    "#);
    let types = "type Query @join__type(graph: A) { t: U i: I }
        union U @join__type(graph: A) @join__unionMember(graph: A, member: \"Nothing\") @join__unionMember(graph: B, member: \"T\") = T
        interface I @join__type(graph: A) { f: Int }
        type T implements I @join__type(graph: A) @join__implements(graph: A, interface: \"Nothing\") { f: Int e: E }
        enum E @join__type(graph: A) { NEVER @join__enumValue(graph: B) UNSAID }";
    insta::assert_snapshot!(planned(types, "{ i { f ... on T { e } } }"), @r#"
    fetch 0 from a
      { i { __typename } }
    "#);
    insta::assert_snapshot!(planned(types, "{ t { ... on T { f } } }"), @r#"
    fetch 0 from a
      { t { __typename } }
    "#);
}

#[test]
fn field_sets_that_select_nothing() {
    insta::assert_snapshot!(entity("f: Int @join__field(graph: B, requires: \"\")", "f"), @r#"refused: T.f: bad field set "": syntax error: expected at least one Selection in Selection Set"#);
    insta::assert_snapshot!(entity("f: Int @join__field(graph: B, requires: \" , \")", "f"), @r#"refused: T.f: bad field set " , ": syntax error: expected at least one Selection in Selection Set"#);
    insta::assert_snapshot!(entity("f: U @join__field(graph: B, provides: \"... on U { }\") } type U @join__type(graph: B) { g: Int", "f { g }"), @r#"refused: T.f: bad field set "... on U { }": syntax error: expected at least one Selection in Selection Set"#);
    insta::assert_snapshot!(entity("f: Int @join__field(graph: B, provides: \"g\")", "f"), @r#"refused: T.f: bad field set "g": type `Int` does not have a field `g`"#);
    insta::assert_snapshot!(entity("f: Int @join__field(graph: B, requires: \"id ...X\")", "f"), @r#"refused: T.f: bad field set "id ...X": there is no fragment `X`"#);
    insta::assert_snapshot!(entity("t: T f: Int @join__field(graph: B, requires: \"t { t }\")", "f"), @r#"refused: T.f: bad field set "t { t }": `t` has no selections"#);
}

#[test]
fn names_without_end_and_sets_without_bottom() {
    let name = "n".repeat(100_000);
    let shown = entity(&format!("{name}: Int @join__field(graph: B)"), &name);
    assert!(
        shown.contains(&name) && shown.starts_with("fetch 0"),
        "{}",
        &shown[..100]
    );
    let nested = |levels: usize| {
        let set = format!("{}id{}", "t { ".repeat(levels), " }".repeat(levels));
        let fields = format!(
            "t: T @join__field(graph: A) f: Int @join__field(graph: B, requires: \"{set}\")"
        );
        kit::on_small_stack(|| entity(&fields, "f")).0
    };
    let (few, some, many) = (nested(3), nested(100), nested(450));
    insta::assert_snapshot!(few, @r#"
    fetch 0 from a
      { t { id t { t { t { id } } } } }

    fetch 1 from b after 0
      $representations at t { __typename id t { t { t { id } } } }
      query($representations: [_Any!]!) { _entities(representations: $representations) { ... on T { f } } }
    "#);
    assert!(some.starts_with("fetch 0"), "{some}");
    assert!(
        many.starts_with("fetch 0") || many.starts_with("refused: T.f"),
        "{many}"
    );
}

/// The sample, where nothing says that the subgraph of a root field has the root type.
#[test]
fn a_subgraph_that_has_a_field_has_its_type() {
    let lie = SAMPLE_SDL.replacen(" @join__type(graph: PRODUCTS)", "", 1);
    let supergraph = Supergraph::parse(&lie).unwrap();
    let query = supergraph.roots().query.unwrap();
    let subgraphs = supergraph.subgraphs().iter();
    let products = supergraph.subgraph_ids().zip(subgraphs);
    let (products, _) = products
        .into_iter()
        .find(|(_, known)| known.name == "products")
        .unwrap();
    assert!(supergraph.ty(query).in_subgraph(products).is_some());
    try_plan(&supergraph, "{ featured { name } }");
}

/// Where a directive's arguments are in the text.
fn directives(sdl: &str) -> Vec<(usize, usize)> {
    let starts = sdl.match_indices(" @join__").map(|(at, _)| at);
    starts
        .map(|at| {
            let line = sdl[at..].find('\n').map_or(sdl.len(), |end| at + end);
            let close = sdl[at..line].find(')').map_or(at + 1, |end| at + end + 1);
            (at, close)
        })
        .collect()
}

/// What may stand where something else did.
const WORDS: &[&str] = &[
    "",
    "id",
    "upc",
    "__typename",
    "name { id }",
    "USERS",
    "ORDERS",
    "PRODUCTS",
    "true",
    "false",
    "null",
    "Product",
    "User",
    "[Product!]",
    "\"\"",
    "\"id\"",
    "... on Product { upc }",
];

const ASKED: &[&str] = &[
    "{ me { name tier discountPercent totalSpent { amount } wishlist { upc name price { amount } shippingEstimate { amount } } } }",
    "{ featured { __typename name timesOrdered price { amount } ... on Bundle { code products { upc stock { quantity } } } } }",
    "{ search(text: \"a\") { ... on Product { name stock { warehouse { name city } } } ... on Bundle { code } } }",
    "mutation { renameUser(id: 1, name: \"a\") { name orders { nodes { lines { item { name } } } } } }",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    /// Directives of the sample that lie: dropped, doubled, moved, or with something else for an argument.
    #[test]
    fn lying_directives_never_panic(lies in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), prop::sample::select(WORDS), 0u8..6), 1..6)) {
        let mut sdl = SAMPLE_SDL.to_owned();
        for (at, other, word, how) in lies {
            let all = directives(&sdl);
            let (from, to) = all[at.index(all.len())];
            let text = sdl[from..to].to_owned();
            match how {
                0 => sdl.replace_range(from..to, ""),
                1 => sdl.insert_str(from, &text),
                2 => {
                    let (other, _) = all[other.index(all.len())];
                    sdl.insert_str(other, &text);
                }
                _ => {
                    // The value of one of its arguments.
                    let values: Vec<usize> = text.match_indices(": ").map(|(at, _)| at + 2).collect();
                    if let Some(&value) = values.get(other.index(values.len().max(1))) {
                        let rest = &text[value..];
                        let quoted = rest.starts_with('"');
                        let end = if quoted { rest[1..].find('"').map_or(rest.len(), |end| end + 2) } else { rest.find([',', ')']).unwrap_or(rest.len()) };
                        let new = if quoted { format!("{word:?}") } else { word.to_owned() };
                        sdl.replace_range(from + value..from + value + end, &new);
                    }
                }
            }
        }
        if let Ok(supergraph) = Supergraph::parse(&sdl) {
            for text in ASKED {
                try_plan(&supergraph, text);
            }
        }
    }
}

#[test]
fn what_is_wrong_beside_letters_of_all_kinds() {
    let sdl =
        "directive @link(url: String) repeatable on S\u{fffd}{CHEMA\ntype Query { \u{1F980}: Int }";
    assert!(Supergraph::parse(sdl).is_err());
}
