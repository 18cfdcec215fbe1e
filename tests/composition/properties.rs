//! What holds for every composition.

use graphway::composition::{Style, SubgraphSdl, compose};

fn subgraph(name: &str, sdl: impl Into<String>) -> SubgraphSdl {
    SubgraphSdl {
        name: name.to_owned(),
        routing_url: format!("http://{name}.test"),
        sdl: sdl.into(),
        origin: format!("{name}.graphql"),
    }
}

/// Subgraphs that share enums, unions, interfaces, inputs and directives, so that much has to be merged.
fn shop() -> Vec<SubgraphSdl> {
    ["a", "b", "c", "d"]
        .map(|name| {
            let extend = if name == "b" { "" } else { "extend" };
            subgraph(
                name,
                format!(
                    r#"
                    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
                                        import: ["@key", "@shareable", "@tag", "@inaccessible"])
                    type Query {{ {name}Things: [Thing!]!  node(id: ID!, kind: Kind): Node @shareable }}
                    interface Node {{ id: ID! }}
                    type Thing implements Node @key(fields: "id") @key(fields: "{name}Id") {{
                        id: ID! {name}Id: ID! {name}: Hit @tag(name: "{name}") shared: String @shareable
                    }}
                    type {name}Only implements Node @key(fields: "id") {{ id: ID! }}
                    {extend} union Hit = Thing | {name}Only
                    enum Kind {{ {name}_KIND OTHER }}
                    input Filter {{ kind: String {name}: Int }}
                    scalar Date @specifiedBy(url: "https://{name}.test/date")
                    "#
                ),
            )
        })
        .to_vec()
}

#[test]
fn the_same_subgraphs_give_the_same_bytes() {
    let mut subgraphs = shop();
    let first = compose(&subgraphs).unwrap_or_else(|errors| panic!("{}", errors[0]));
    for _ in 0..subgraphs.len() {
        subgraphs.rotate_left(1);
        let again = compose(&subgraphs).unwrap();
        assert_eq!(again.supergraph, first.supergraph);
        assert_eq!(again.hints, first.hints);
    }
}

#[test]
fn no_extension_is_left() {
    let composition = compose(&shop()).unwrap();
    assert!(composition.supergraph.contains("union Hit"));
    let extended: Vec<&str> = composition
        .supergraph
        .lines()
        .filter(|line| line.starts_with("extend"))
        .collect();
    assert_eq!(extended, [""; 0]);
}

#[test]
fn a_byte_order_mark_is_not_a_fault() {
    let sdl = "\u{feff}type Query { a: Int }";
    assert!(compose(&[subgraph("a", sdl)]).is_ok());
}

#[test]
fn depth_is_refused_or_composed_but_survived() {
    let nested = format!(
        "type Query {{ a: {}Int{} }}",
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    assert!(compose(&[subgraph("lists", nested)]).is_err());
    let selection = format!("{}id{}", "a { ".repeat(2_000), " }".repeat(2_000));
    let keyed = format!(
        r#"extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
           type Query {{ a: A }}
           type A @key(fields: "{selection}") {{ id: ID! a: A! }}"#
    );
    assert!(compose(&[subgraph("keys", keyed)]).is_err());
    let chain: String = (0..1_000)
        .map(|index| format!("type T{index} {{ next: T{} }}\n", index + 1))
        .collect();
    let chained = format!("type Query {{ first: T0 }}\n{chain} type T1000 {{ end: Int }}");
    assert!(compose(&[subgraph("chain", chained)]).is_ok());
}

#[test]
fn nothing_to_compose_is_an_error() {
    assert!(compose(&[]).is_err());
    assert!(compose(&[subgraph("empty", "")]).is_err());
}

#[test]
fn the_terminal_is_safe_from_the_sdl() {
    let errors = compose(&[subgraph("a", "type Query { a: Int \x1b[2J \u{9b}31m }")]).unwrap_err();
    let plain = errors[0].render(Style::Plain).to_string();
    assert!(
        !plain.contains(|c: char| c.is_control() && c != '\n'),
        "{plain:?}"
    );
    let coloured = errors[0].render(Style::Ansi).to_string();
    assert!(coloured.starts_with("\x1b[1;31merror[INVALID_GRAPHQL]\x1b[0m: "));
    assert!(!coloured.contains("\x1b[2J"));
}

#[test]
fn a_line_of_many_kilobytes_is_cut_around_the_fault() {
    let fields: String = (0..2_000).map(|index| format!("f{index}: Int ")).collect();
    let errors =
        compose(&[subgraph("a", format!("type Query {{ {fields} bad Int }}"))]).unwrap_err();
    let longest = errors[0].to_string().lines().map(str::len).max();
    assert!(longest < Some(250), "{}", errors[0]);
    assert!(errors[0].to_string().contains("bad Int"), "{}", errors[0]);
}
