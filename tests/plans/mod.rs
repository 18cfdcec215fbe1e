//! Plans as data: JSON in Apollo's shape, and diagrams.

mod command;

use graphway::{operation, planner, schema::Supergraph};
use serde_json::Value;
use std::{fs, path::Path};

fn supergraph(path: &str) -> Supergraph {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    Supergraph::parse(&fs::read_to_string(path).unwrap()).unwrap()
}

fn shop() -> Supergraph {
    supergraph("tests/cases/supergraphs/shop.graphql")
}

fn plan(supergraph: &Supergraph, text: &str) -> planner::Plan {
    let limits = operation::ParserLimits::default();
    let document = operation::prepare(supergraph, text, None, &limits).unwrap();
    let conditions = document.conditions(&serde_json::Map::new());
    let operation = document.fold(supergraph, &conditions).unwrap();
    planner::plan(supergraph, &operation).unwrap()
}

fn json(supergraph: &Supergraph, text: &str) -> String {
    format!("{:#}", plan(supergraph, text).to_json(supergraph))
}

#[test]
fn one_fetch_needs_no_sequence() {
    insta::assert_snapshot!(json(
        &shop(),
        "query Named($n: Int) { products(first: $n) { title } }"
    ));
}

#[test]
fn fetches_that_wait_for_nothing_are_parallel_and_those_that_wait_come_after() {
    let text = "{ shopName me { name favourites { title maker { age } } } }";
    insta::assert_snapshot!(json(&shop(), text));
}

#[test]
fn a_mutation_keeps_its_order() {
    let text = "mutation { rename(name: \"Ada\") { id favourites { title } } }";
    insta::assert_snapshot!(json(&shop(), text));
}

#[test]
fn what_the_router_answers_has_no_node() {
    insta::assert_snapshot!(json(&shop(), "{ __typename }"));
}

/// The types of an abstract field each say what they send, under one place.
#[test]
fn representations_by_type() {
    let sample = supergraph("supergraph/supergraph.graphql");
    let text = "{ me { orders(first: 1) { nodes { lines { item { name } } } } } }";
    insta::assert_snapshot!(json(&sample, text));
}

/// One request that fills several places is there once for each, and every node of it says which request it is.
#[test]
fn a_request_for_several_places_is_one_request() {
    let shop = shop();
    let text = "{ me { favourites { title } } user(id: 1) { favourites { price } } }";
    let plan = plan(&shop, text);
    assert_eq!(plan.fetches.len(), 2, "{}", plan.display(&shop));
    let json = plan.to_json(&shop);
    let places = json["node"]["nodes"][1]["nodes"].as_array().unwrap();
    let said: Vec<(&Value, &Value, &Value)> = places
        .iter()
        .map(|place| {
            (
                &place["path"][0],
                &place["node"]["id"],
                &place["node"]["operation"],
            )
        })
        .collect();
    assert_eq!(said.len(), 2);
    assert_eq!(said[0].0, "me");
    assert_eq!(said[1].0, "user");
    assert_eq!((said[0].1, said[0].2), (said[1].1, said[1].2));
    assert_eq!(said[0].1, "1");
}

/// Arguments from contexts are said as Apollo's plans do: up from the entities, then down to a leaf.
#[test]
fn arguments_from_contexts_say_where_they_come_from() {
    let bank = supergraph("tests/cases/supergraphs/transfers.graphql");
    let text = "{ users { last { amount } } branch { last { amount } } }";
    let mut said = Vec::new();
    rewrites(&plan(&bank, text).to_json(&bank)["node"], &mut said);
    insta::assert_snapshot!(said.join("\n"), @r#"
    ["branch","last"]: {"kind":"KeyRenamer","path":["..","..","currency","code"],"renameKeyTo":"_c1_0"}
    ["users","@","last"]: {"kind":"KeyRenamer","path":["..","currency","code"],"renameKeyTo":"_c0"}
    "#);
}

/// The places of a tree that take arguments from contexts, and from where.
fn rewrites(node: &Value, said: &mut Vec<String>) {
    let fetch = &node["node"];
    for rewrite in fetch["contextRewrites"].as_array().into_iter().flatten() {
        said.push(format!("{}: {rewrite}", node["path"]));
    }
    for below in node["nodes"].as_array().into_iter().flatten() {
        rewrites(below, said);
    }
}

/// Nothing of the plan's order is lost: `after` is in every fetch, and no fetch comes before one it waits for.
#[test]
fn the_tree_keeps_the_order_of_the_graph() {
    let sample = supergraph("supergraph/supergraph.graphql");
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans/deep.graphql"));
    let plan = plan(&sample, &text.unwrap());
    assert!(plan.fetches.len() >= 4, "{}", plan.display(&sample));
    let mut found = Vec::new();
    collect(&plan.to_json(&sample)["node"], &mut found);
    let mut told: Vec<(String, Vec<String>)> = found.clone();
    told.dedup();
    let mut wanted: Vec<(String, Vec<String>)> = plan
        .fetches
        .iter()
        .map(|fetch| {
            let after = fetch.after.iter().map(|id| id.0.to_string());
            (fetch.id.0.to_string(), after.collect())
        })
        .collect();
    for (index, (id, after)) in told.iter().enumerate() {
        let before: Vec<&String> = told[..index].iter().map(|(id, _)| id).collect();
        assert!(
            after.iter().all(|earlier| before.contains(&earlier)),
            "{id} comes too early"
        );
    }
    told.sort();
    wanted.sort();
    assert_eq!(told, wanted);
}

/// The fetches of a tree: id, and what each waits for.
fn collect(node: &Value, found: &mut Vec<(String, Vec<String>)>) {
    if node["kind"] == "Fetch" {
        let after = node["after"].as_array().unwrap().iter();
        let after = after.map(|id| id.as_str().unwrap().to_owned());
        found.push((node["id"].as_str().unwrap().to_owned(), after.collect()));
    }
    for below in node["nodes"].as_array().into_iter().flatten() {
        collect(below, found);
    }
    if node["node"].is_object() {
        collect(&node["node"], found);
    }
}

#[test]
fn a_diagram_has_a_box_for_each_fetch_and_an_arrow_for_each_wait() {
    let shop = shop();
    let text = "{ shopName me { name favourites { title maker { age } } } }";
    insta::assert_snapshot!(plan(&shop, text).to_mermaid(&shop), @r###"
    flowchart TD
      f0["0: products<br/>query"]
      f1["1: users<br/>query"]
      f2["2: products<br/>me"]
      f3["3: users<br/>me.favourites.@"]
      f1 --> f2
      f2 --> f3
    "###);
    insta::assert_snapshot!(plan(&shop, "{ __typename }").to_mermaid(&shop), @r###"
    flowchart TD
      router["no fetches: answered by the router itself"]
    "###);
}
