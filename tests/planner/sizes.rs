//! Large operations and supergraphs: planning takes time in proportion, or refuses.

use super::{compose, plan};
use crate::kit;
use graphway::schema::Supergraph;
use serde_json::Map;
use std::{fmt::Write, time::Duration};

/// CPU time for everything from text to plan, in a debug build.
const ENOUGH: Duration = Duration::from_secs(3);

/// Plans `text`; returns the number of fetches.
fn fetches(supergraph: &Supergraph, text: &str) -> usize {
    let (planned, took) = kit::on_small_stack(|| plan(supergraph, text, Map::new()));
    assert!(took < ENOUGH, "it took {took:?}");
    planned.unwrap().fetches.len()
}

fn numbered(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(|index| one(index) + " ").collect()
}

#[test]
fn many_aliases_of_a_root_field() {
    let fields = numbered(2000, |index| format!("a{index}:me{{name}}"));
    assert_eq!(fetches(kit::sample(), &format!("{{ {fields} }}")), 1);
}

#[test]
fn many_aliases_of_a_leaf() {
    let fields = numbered(3500, |index| format!("a{index}:name"));
    assert_eq!(
        fetches(kit::sample(), &format!("{{ me {{ {fields} }} }}")),
        1
    );
}

#[test]
fn many_aliases_of_a_field_with_hops() {
    let fields = numbered(600, |index| {
        format!("a{index}:user(id:\"{index}\"){{totalSpent{{amount}}}}")
    });
    assert_eq!(fetches(kit::sample(), &format!("{{ {fields} }}")), 2);
}

#[test]
fn many_mutations() {
    let fields = numbered(900, |index| {
        let name = if index % 2 == 0 {
            "advanceOrder(id:1){status}"
        } else {
            "renameUser(id:1,name:\"a\"){name}"
        };
        format!("a{index}:{name}")
    });
    assert_eq!(
        fetches(kit::sample(), &format!("mutation {{ {fields} }}")),
        900
    );
}

#[test]
fn a_field_selected_again_and_again() {
    let fields = numbered(2500, |_| "me{name}".to_owned());
    assert_eq!(fetches(kit::sample(), &format!("{{ {fields} }}")), 1);
}

/// An interface that many types implement, some of whose fields are elsewhere.
fn wide() -> Supergraph {
    let fields = |from: usize, to: usize| -> String {
        (from..to).map(|index| format!("f{index}: Int ")).collect()
    };
    let (mut here, mut there) = (String::new(), String::new());
    write!(
        here,
        "type Query {{ nodes: [Node] }}\ninterface Node {{ id: ID! {} }}\n",
        fields(0, 25)
    )
    .unwrap();
    for ty in 0..70 {
        writeln!(
            here,
            "type T{ty} implements Node @key(fields: \"id\") {{ id: ID! {} }}",
            fields(0, 25)
        )
        .unwrap();
        writeln!(
            there,
            "type T{ty} @key(fields: \"id\") {{ id: ID! {} }}",
            fields(25, 50)
        )
        .unwrap();
    }
    Supergraph::parse(&compose([("here", here.as_str()), ("there", &there)])).unwrap()
}

#[test]
fn an_interface_with_many_implementations() {
    let supergraph = wide();
    let shared = numbered(25, |field| format!("f{field}"));
    assert_eq!(
        fetches(&supergraph, &format!("{{ nodes {{ {shared} }} }}")),
        1
    );
    let all = numbered(70, |ty| {
        format!(
            "... on T{ty} {{ {} }}",
            numbered(50, |field| format!("f{field}"))
        )
    });
    assert_eq!(
        fetches(&supergraph, &format!("{{ nodes {{ {shared} {all} }} }}")),
        2
    );
}

/// A supergraph, not composed, of `count` subgraphs that share an entity: each by its own keys of it. Composing it takes
/// longer than planning.
fn shared(count: usize, keys_of: impl Fn(usize) -> Vec<usize>) -> Supergraph {
    let (mut graphs, mut known, mut fields) = (String::new(), String::new(), String::new());
    let mut keys: Vec<Vec<usize>> = vec![Vec::new(); count];
    for graph in 0..count {
        writeln!(
            graphs,
            "G{graph} @join__graph(name: \"g{graph}\", url: \"http://g{graph}.test\")"
        )
        .unwrap();
        for key in keys_of(graph) {
            write!(known, " @join__type(graph: G{graph}, key: \"k{key}\")").unwrap();
            keys[key].push(graph);
        }
        writeln!(fields, "own{graph}: Int @join__field(graph: G{graph})").unwrap();
        writeln!(fields, "child{graph}: T @join__field(graph: G{graph})").unwrap();
    }
    for (key, graphs) in keys
        .iter()
        .enumerate()
        .filter(|(_, graphs)| !graphs.is_empty())
    {
        let at = graphs
            .iter()
            .map(|graph| format!(" @join__field(graph: G{graph})"));
        writeln!(fields, "k{key}: ID! {}", at.collect::<String>()).unwrap();
    }
    let sdl = format!(
        "{}enum join__Graph {{ {graphs} }}\ntype Query @join__type(graph: G0) {{ start: T }}\n\
         type T {known} {{ {fields} all: Int }}",
        kit::JOIN
    );
    Supergraph::parse(&sdl).unwrap()
}

#[test]
fn subgraphs_in_a_ring_of_keys() {
    // Each knows the key of the next one.
    let supergraph = shared(30, |graph| vec![graph, (graph + 1) % 30]);
    let own = numbered(7, |index| format!("own{index}"));
    assert!(fetches(&supergraph, &format!("{{ start {{ all {own} }} }}")) >= 7);
    let deep = (0..10).fold(own, |inner, at| format!("child{at} {{ {inner} }}"));
    assert!(fetches(&supergraph, &format!("{{ start {{ {deep} }} }}")) >= 10);
}

#[test]
fn many_subgraphs_with_many_keys_each() {
    let supergraph = shared(30, |_| (0..6).collect());
    let own = numbered(30, |index| format!("own{index}"));
    assert_eq!(
        fetches(&supergraph, &format!("{{ start {{ all {own} }} }}")),
        30
    );
    let deep = (0..20).fold(own, |inner, at| format!("child{at} {{ all {inner} }}"));
    assert!(fetches(&supergraph, &format!("{{ start {{ {deep} }} }}")) >= 30);
}

#[test]
fn many_aliases_of_a_field_that_requires() {
    let fields = numbered(1200, |index| format!("a{index}:shippingEstimate{{amount}}"));
    let fetched = fetches(
        kit::sample(),
        &format!("{{ product(upc: \"1\") {{ {fields} }} }}"),
    );
    assert_eq!(fetched, 2);
    let fields = numbered(1500, |index| format!("a{index}:discountPercent"));
    assert_eq!(
        fetches(kit::sample(), &format!("{{ me {{ {fields} }} }}")),
        4
    );
}

#[test]
fn many_aliases_on_each_type_of_a_union() {
    let fields = numbered(600, |index| format!("a{index}:name b{index}:timesOrdered"));
    let text = format!(
        "{{ search(text: \"\") {{ ... on Product {{ {fields} }} ... on Bundle {{ {fields} }} }} }}"
    );
    assert_eq!(fetches(kit::sample(), &text), 2);
}

#[test]
fn a_long_way_down() {
    let deep = (0..100).fold("name".to_owned(), |inner, _| {
        format!("parent {{ {inner} }}")
    });
    assert_eq!(
        fetches(kit::sample(), &format!("{{ categories {{ {deep} }} }}")),
        1
    );
    let zigzag = (0..40).fold("name".to_owned(), |inner, _| {
        format!("orders {{ nodes {{ customer {{ name {inner} }} }} }}")
    });
    fetches(kit::sample(), &format!("{{ me {{ {zigzag} }} }}"));
}
