//! Large operations and supergraphs: planning takes time in proportion, or refuses.

use super::{compose, plan};
use crate::kit;
use graphway::schema::Supergraph;
use serde_json::Map;
use std::{fmt::Write, time::Duration};

/// CPU time for everything from text to plan, in a debug build.
const ENOUGH: Duration = Duration::from_millis(400);

/// Plans `text`; returns the number of fetches.
fn fetches(supergraph: &Supergraph, text: &str) -> usize {
    let (planned, took) = kit::on_small_stack(|| plan(supergraph, text, Map::new()));
    if std::env::var_os("SHOW").is_some() { eprintln!("{took:?}"); return planned.map_or(0, |p| p.fetches.len()); }
    assert!(took < ENOUGH, "it took {took:?}");
    planned.unwrap().fetches.len()
}

fn numbered(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(|index| one(index) + " ").collect()
}

#[test]
fn many_aliases_of_a_root_field() {
    let fields = numbered(3000, |index| format!("a{index}: me {{ name }}"));
    assert_eq!(fetches(kit::sample(), &format!("{{ {fields} }}")), 1);
}

#[test]
fn many_aliases_of_a_leaf() {
    let fields = numbered(5000, |index| format!("a{index}: name"));
    assert_eq!(fetches(kit::sample(), &format!("{{ me {{ {fields} }} }}")), 1);
}

#[test]
fn many_aliases_of_a_field_with_hops() {
    let fields = numbered(600, |index| format!("a{index}: user(id: \"{index}\") {{ totalSpent {{ amount }} }}"));
    assert_eq!(fetches(kit::sample(), &format!("{{ {fields} }}")), 2);
}

#[test]
fn many_mutations() {
    let fields = numbered(300, |index| {
        let name = if index % 2 == 0 { "advanceOrder(id: 1) { status }" } else { "renameUser(id: 1, name: \"a\") { name }" };
        format!("a{index}: {name}")
    });
    assert_eq!(fetches(kit::sample(), &format!("mutation {{ {fields} }}")), 300);
}

#[test]
fn a_field_selected_again_and_again() {
    let fields = numbered(5000, |_| "me { name }".to_owned());
    assert_eq!(fetches(kit::sample(), &format!("{{ {fields} }}")), 1);
}

/// An interface that many types implement, some of whose fields are elsewhere.
fn wide() -> Supergraph {
    let fields = |from: usize, to: usize| -> String {
        (from..to).map(|index| format!("f{index}: Int ")).collect()
    };
    let (mut here, mut there) = (String::new(), String::new());
    write!(here, "type Query {{ nodes: [Node] }}\ninterface Node {{ id: ID! {} }}\n", fields(0, 25)).unwrap();
    for ty in 0..70 {
        writeln!(here, "type T{ty} implements Node @key(fields: \"id\") {{ id: ID! {} }}", fields(0, 25)).unwrap();
        writeln!(there, "type T{ty} @key(fields: \"id\") {{ id: ID! {} }}", fields(25, 50)).unwrap();
    }
    Supergraph::parse(&compose([("here", here.as_str()), ("there", &there)])).unwrap()
}

#[test]
fn an_interface_with_many_implementations() {
    let supergraph = wide();
    let shared = numbered(25, |field| format!("f{field}"));
    assert_eq!(fetches(&supergraph, &format!("{{ nodes {{ {shared} }} }}")), 1);
    let all = numbered(70, |ty| format!("... on T{ty} {{ {} }}", numbered(50, |field| format!("f{field}"))));
    assert_eq!(fetches(&supergraph, &format!("{{ nodes {{ {shared} {all} }} }}")), 2);
}

/// Subgraphs in a ring: each knows the next one's key, and all share the type.
fn ring(count: usize) -> Supergraph {
    let subgraphs: Vec<(String, String)> = (0..count)
        .map(|index| {
            let next = (index + 1) % count;
            let root = if index == 0 { "type Query { start: T }\n" } else { "" };
            let sdl = format!(
                "{root}type T @key(fields: \"k{index}\") @key(fields: \"k{next}\") {{ k{index}: ID! @shareable \
                 k{next}: ID! @shareable own{index}: Int all: Int @shareable child{index}: T }}"
            );
            (format!("s{index}"), sdl)
        })
        .collect();
    let subgraphs = subgraphs.iter().map(|(name, sdl)| (name.as_str(), sdl.as_str()));
    Supergraph::parse(&compose(subgraphs)).unwrap()
}

#[test]
fn many_subgraphs_that_share_a_type() {
    let supergraph = ring(30);
    let own = numbered(30, |index| format!("own{index}"));
    fetches(&supergraph, &format!("{{ start {{ all {own} }} }}"));
    fetches(&supergraph, &format!("{{ start {{ own1 child0 {{ own2 child1 {{ own3 child2 {{ {own} }} }} }} }} }}"));
}

#[test]
fn many_subgraphs_that_share_a_type_by_one_key() {
    let subgraphs: Vec<(String, String)> = (0..30)
        .map(|index| {
            let root = if index == 0 { "type Query { start: T }\n" } else { "" };
            let keys = numbered(6, |key| format!("@key(fields: \"k{key}\")"));
            let fields = numbered(6, |key| format!("k{key}: ID! @shareable"));
            (format!("s{index}"), format!("{root}type T {keys} {{ {fields} own{index}: Int all: Int @shareable child: T @shareable }}"))
        })
        .collect();
    let subgraphs = subgraphs.iter().map(|(name, sdl)| (name.as_str(), sdl.as_str()));
    let supergraph = Supergraph::parse(&compose(subgraphs)).unwrap();
    let own = numbered(30, |index| format!("own{index}"));
    assert_eq!(fetches(&supergraph, &format!("{{ start {{ all {own} }} }}")), 30);
    let deep = (0..20).fold(own, |inner, _| format!("all child {{ {inner} }}"));
    fetches(&supergraph, &format!("{{ start {{ {deep} }} }}"));
}

#[test]
fn a_long_way_down() {
    let deep = (0..100).fold("name".to_owned(), |inner, _| format!("parent {{ {inner} }}"));
    assert_eq!(fetches(kit::sample(), &format!("{{ categories {{ {deep} }} }}")), 1);
    let zigzag = (0..40).fold("name".to_owned(), |inner, _| {
        format!("orders {{ nodes {{ customer {{ name {inner} }} }} }}")
    });
    fetches(kit::sample(), &format!("{{ me {{ {zigzag} }} }}"));
}
