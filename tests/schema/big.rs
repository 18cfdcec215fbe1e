//! Supergraphs of megabytes: reading them takes time in proportion to what they say.
//!
//! `BIG=supergraph.graphql cargo test --test graphway-tests schema::big` writes the one of 9 MB there, to measure with:
//! `/usr/bin/time -v graphway plan --supergraph supergraph.graphql query.graphql`.

use super::plan;
use crate::kit;
use graphway::schema::Supergraph;
use std::{env, fmt::Write, fs, time::Duration};

/// How large a supergraph is.
#[derive(Clone, Copy)]
struct Size {
    subgraphs: usize,
    entities: usize,
}

/// What 60 teams may end up with.
const LARGEST: Size = Size {
    subgraphs: 60,
    entities: 1700,
};

/// How many subgraphs know an entity.
const HOMES: usize = 5;
/// How many entities implement an interface beside `Node`.
const FAMILY: usize = 40;

const TAG: &str = r#"
extend schema @link(url: "https://specs.apollo.dev/tag/v0.3")
directive @tag(name: String!) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE
"#;

/// A supergraph of this size.
fn generate(size: Size) -> String {
    let Size {
        subgraphs,
        entities,
    } = size;
    let mut sdl = format!("{}{TAG}", kit::JOIN);
    sdl.push_str("enum join__Graph {\n");
    for graph in 0..subgraphs {
        let _ = writeln!(
            sdl,
            "  TEAM{graph} @join__graph(name: \"team{graph}\", url: \"http://team{graph}.test/graphql\")"
        );
    }
    sdl.push_str("}\n\ntype Query\n");
    everywhere(&mut sdl, subgraphs, "");
    sdl.push_str("{\n");
    for entity in (0..entities).step_by(3) {
        let home = entity % subgraphs;
        let _ = writeln!(
            sdl,
            "  entity{entity}(id: ID!, filter: Filter{entity}): Entity{entity} @join__field(graph: TEAM{home})"
        );
    }
    sdl.push_str("  node(id: ID!): Node @join__field(graph: TEAM0)\n}\n\ninterface Node\n");
    everywhere(&mut sdl, subgraphs, ", key: \"id\"");
    sdl.push_str("{\n  id: ID!\n}\n");
    for family in 0..entities.div_ceil(FAMILY) {
        write_family(&mut sdl, size, family);
    }
    for entity in 0..entities {
        write_entity(&mut sdl, size, entity);
    }
    sdl
}

fn everywhere(sdl: &mut String, subgraphs: usize, key: &str) {
    for graph in 0..subgraphs {
        let _ = writeln!(sdl, "  @join__type(graph: TEAM{graph}{key})");
    }
}

/// The subgraphs that know an entity.
fn homes(size: Size, entity: usize) -> impl Iterator<Item = usize> {
    (0..HOMES).map(move |nth| (entity + nth * (1 + entity % 7)) % size.subgraphs)
}

/// An interface and a union over some entities.
fn write_family(sdl: &mut String, size: Size, family: usize) {
    let members = family * FAMILY..((family + 1) * FAMILY).min(size.entities);
    let _ = writeln!(sdl, "\ninterface Family{family}");
    everywhere(sdl, size.subgraphs, "");
    sdl.push_str("{\n  id: ID!\n  name: String\n}\n");
    let _ = writeln!(sdl, "\nunion Any{family}");
    everywhere(sdl, size.subgraphs, "");
    for entity in members.clone() {
        for home in homes(size, entity) {
            let _ = writeln!(
                sdl,
                "  @join__unionMember(graph: TEAM{home}, member: \"Entity{entity}\")"
            );
        }
    }
    let members: Vec<String> = members.map(|entity| format!("Entity{entity}")).collect();
    let _ = writeln!(sdl, " = {}", members.join(" | "));
}

/// An entity with keys in several subgraphs, and the enum and the input that go with it.
fn write_entity(sdl: &mut String, size: Size, entity: usize) {
    let homes: Vec<usize> = homes(size, entity).collect();
    let family = entity / FAMILY;
    // Another entity that this subgraph knows.
    let other = |home: usize| {
        let (step, least) = (size.subgraphs, size.entities / size.subgraphs);
        home + step * ((entity * 31 + home) % least)
    };
    let _ = writeln!(
        sdl,
        "\n\"\"\"Whatever the teams call entity {entity}.\"\"\"\ntype Entity{entity} implements Node & Family{family}"
    );
    for (nth, home) in homes.iter().enumerate() {
        let key = ["id", "id", "sku", "id", "details { code }"][nth];
        let _ = write!(
            sdl,
            "  @join__implements(graph: TEAM{home}, interface: \"Node\")\n  \
             @join__implements(graph: TEAM{home}, interface: \"Family{family}\")\n  \
             @join__type(graph: TEAM{home}, key: \"{key}\")\n"
        );
    }
    let _ = writeln!(sdl, "{{\n  id: ID!\n  sku: String!\n  name: String");
    for (nth, home) in homes.iter().enumerate() {
        for field in 0..4 {
            let _ = writeln!(
                sdl,
                "  \"\"\"Told by team {home}.\"\"\"\n  own{nth}x{field}(first: Int = 10, state: State{entity}): [String!] @join__field(graph: TEAM{home}) @tag(name: \"internal\")"
            );
        }
        let _ = writeln!(
            sdl,
            "  to{nth}(first: Int): Entity{} @join__field(graph: TEAM{home}, provides: \"name\")",
            other(*home)
        );
    }
    let (first, second) = (homes[0], homes[1]);
    let _ = write!(
        sdl,
        "  worth: Int @join__field(graph: TEAM{first}, requires: \"own1x0 to1 {{ sku }}\") @join__field(graph: TEAM{second}, external: true)\n  \
         family: [Family{family}!]! @join__field(graph: TEAM{first})\n  \
         details: Details{entity}\n}}\n"
    );
    let at: String = homes
        .iter()
        .map(|home| format!(" @join__type(graph: TEAM{home})"))
        .collect();
    let values: String = homes
        .iter()
        .map(|home| format!(" @join__enumValue(graph: TEAM{home})"))
        .collect();
    let _ = write!(
        sdl,
        "\ntype Details{entity}{at} {{\n  code: String!\n  note: String @join__field(graph: TEAM{first})\n}}\n\
         \nenum State{entity}{at} {{\n  OPEN{values}\n  CLOSED{values}\n  SECRET{values} @inaccessible\n}}\n\
         \ninput Filter{entity} @join__type(graph: TEAM{first}) {{\n  states: [State{entity}!]\n  text: String\n}}\n"
    );
}

/// The CPU time that reading a supergraph takes.
fn reading(sdl: &str) -> Duration {
    kit::on_small_stack(|| Supergraph::parse(sdl).unwrap()).1
}

#[test]
fn reading_takes_time_in_proportion() {
    if let Some(path) = env::var_os("BIG") {
        fs::write(path, generate(LARGEST)).unwrap();
    }
    let of = |entities| {
        generate(Size {
            subgraphs: 50,
            entities,
        })
    };
    let (small, large) = (of(60), of(240));
    let (few, many) = (reading(&small), reading(&large));
    let growth = large.len() as f64 / small.len() as f64;
    let took = many.as_secs_f64() / few.as_secs_f64();
    assert!(
        took < 2.0 * growth,
        "{growth:.1} times the text takes {took:.1} times as long: {few:?}, {many:?}"
    );
}

#[test]
fn it_is_planned_over() {
    let size = Size {
        subgraphs: 50,
        entities: 120,
    };
    let supergraph = Supergraph::parse(&generate(size)).unwrap();
    let text = "{ entity0(id: 1) { worth own4x0 } node(id: 1) { id ... on Entity7 { own0x0 } ... on Family1 { name } } }";
    insta::assert_snapshot!(plan(&supergraph, text), @r#"
    fetch 0 from team0
      { entity0(id: 1) { id } node(id: 1) { __typename id ... on Family1 { name } } }

    fetch 1 from team1 after 0
      $representations at entity0 { __typename id }
      query($representations: [_Any!]!) { _entities(representations: $representations) { ... on Entity0 { own1x0 to1 { sku } } } }

    fetch 2 from team4 after 0
      $representations at entity0 { __typename: Node id }
      query($representations: [_Any!]!) { _entities(representations: $representations) { __typename ... on Entity0 { own4x0 } } }

    fetch 3 from team0 after 1
      $representations at entity0 { __typename id own1x0 to1 { sku } }
      query($representations: [_Any!]!) { _entities(representations: $representations) { ... on Entity0 { worth } } }
    "#);
}
