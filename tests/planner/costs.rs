//! What operations cost, by `@cost` and `@listSize`. The supergraph is `priced.graphql`; lists of which nothing is known have
//! 10 items.

use super::operation;
use crate::kit;
use bytes::Bytes;
use futures_util::FutureExt;
use graphway::{
    executor::{self, Answer, Call, CallError, Reply, Subgraphs},
    planner::{self, Cost, ListSizes, Weight},
    schema::{Labels, Supergraph},
};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};
use std::{
    future::ready,
    pin::Pin,
    sync::{Arc, LazyLock},
};

static PRICED: LazyLock<Supergraph> = LazyLock::new(|| {
    Supergraph::parse(include_str!("../cases/supergraphs/priced.graphql")).unwrap()
});

/// The cost of an operation, and each subgraph's part of it; or why it is not known.
fn cost_with(sizes: &ListSizes, text: &str, variables: Value) -> String {
    let supergraph = &*PRICED;
    let given: Map<String, Value> = serde_json::from_value(variables).unwrap();
    let document = kit::prepare(supergraph, text).unwrap();
    let variables = document.coerce(supergraph, given.clone()).unwrap();
    let operation = operation((supergraph, Labels::default()), text, given).unwrap();
    let plan = planner::plan(supergraph, &operation).unwrap();
    match Cost::new(&plan, supergraph, sizes).estimate(supergraph, &variables) {
        Err(error) => error.to_string(),
        Ok(estimate) => {
            let parts = estimate
                .by_subgraph
                .iter()
                .map(|(subgraph, cost)| format!(" {} {cost}", supergraph.subgraph(*subgraph).name));
            format!("{}:{}", estimate.total, parts.collect::<String>())
        }
    }
}

fn cost(text: &str) -> String {
    cost_of(text, json!({}))
}

fn cost_of(text: &str, variables: Value) -> String {
    let sizes = ListSizes {
        usual: 10,
        by_subgraph: Vec::new(),
    };
    cost_with(&sizes, text, variables)
}

#[test]
fn objects_cost_one_and_leaves_nothing_unless_the_schema_says_otherwise() {
    let costs = [
        ("{ __typename }", "0:"),
        ("{ me { id name } }", "1: people 1"),
        // A weight of a field, of a leaf, and of a list of leaves.
        ("{ book(id: 1) { title } }", "4: books 4"),
        ("{ book(id: 1) { tags } }", "21: books 21"),
        // A type's weight stands for all its fields.
        ("{ book(id: 1) { cover { url } } }", "8: books 8"),
        (
            "{ a: book(id: 1) { id } b: book(id: 2) { id } }",
            "2: books 2",
        ),
        // Each of 10 friends has 10 friends.
        ("{ me { friends { friends { id } } } }", "111: people 111"),
        // The book and its author there, the author as an entity here.
        ("{ book(id: 1) { author { name } } }", "3: books 2 people 1"),
        (
            "{ bestsellers { author { name } } }",
            "15: books 10 people 5",
        ),
        // Through an interface: what its objects' field costs.
        ("{ works { title } }", "40: books 40"),
    ];
    for (text, expected) in costs {
        assert_eq!(cost(text), expected, "{text}");
    }
}

#[test]
fn mutations_cost_ten_besides() {
    // And what the argument does.
    assert_eq!(cost("mutation { print(copies: 3) { id } }"), "13: books 3");
}

#[test]
fn lists_are_as_long_as_the_client_asks() {
    let only_one = "exactly one of the slicing arguments of `strictly` must be given, but";
    let costs = [
        ("{ latest { id } }", "3: books 3"),
        ("{ latest(first: 7) { id } }", "7: books 7"),
        // The largest of them; a negative one is none.
        ("{ latest(first: 7, last: 9) { id } }", "9: books 9"),
        ("{ latest(first: -7) { id } }", "0: books 0"),
        ("{ latest(first: null) { id } }", "10: books 10"),
        ("{ strictly(last: 2) { id } }", "2: books 2"),
        ("{ strictly { id } }", &format!("{only_one} 0 are")),
        (
            "{ strictly(first: 1, last: 2) { id } }",
            &format!("{only_one} 2 are"),
        ),
        // The size is that of one of the fields inside.
        (
            "{ search(first: 4) { total hits { id } related { id } } }",
            "19: books 19",
        ),
    ];
    for (text, expected) in costs {
        assert_eq!(cost(text), expected, "{text}");
    }
    let text = "query($n: Int = 6) { latest(first: $n) { id } }";
    for (variables, expected) in [
        (json!({}), "6: books 6"),
        (json!({ "n": 100_000 }), "100000: books 100000"),
        (json!({ "n": null }), "10: books 10"),
    ] {
        assert_eq!(cost_of(text, variables.clone()), expected, "{variables}");
    }
}

#[test]
fn input_objects_cost_by_what_is_in_them() {
    let costs = [
        ("{ text: \"a\" }", "2: books 2"),
        ("{ fuzzy: \"a\" }", "22: books 22"),
        (
            "{ any: [{ fuzzy: \"a\" }, { text: null }] }",
            "24: books 24",
        ),
        ("null", "1: books 1"),
    ];
    for (filter, expected) in costs {
        let text = format!("{{ search(first: 1, filter: {filter}) {{ __typename }} }}");
        assert_eq!(cost(&text), expected, "{text}");
    }
    let text = "query($f: Filter, $g: String) { search(first: 1, filter: $f) { __typename } b: search(first: 1, filter: { fuzzy: $g }) { __typename } }";
    let cost = |variables| cost_of(text, variables);
    assert_eq!(cost(json!({})), "3: books 3");
    assert_eq!(
        cost(json!({ "f": { "fuzzy": "a", "any": { "text": "b" } }, "g": "x" })),
        "45: books 45"
    );
}

#[test]
fn subgraphs_may_have_lists_of_their_own_length() {
    let people = PRICED
        .subgraphs()
        .iter()
        .position(|subgraph| subgraph.name == "people")
        .unwrap();
    let mut sizes = ListSizes {
        usual: 10,
        by_subgraph: vec![None; 2],
    };
    sizes.by_subgraph[people] = Some(2);
    let text = "{ me { friends { id } } works { __typename } }";
    assert_eq!(cost_with(&sizes, text, json!({})), "13: books 10 people 3");
}

/// Subgraphs that answer what they always do.
struct Answers {
    weights: Arc<[Weight]>,
}

impl Subgraphs for Answers {
    fn call<'a>(
        &'a self,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + 'a>> {
        let body = match PRICED.subgraph(call.subgraph).name.as_str() {
            "books" => {
                r#"{"data":{"latest":[
                {"title":"a","tags":["x","y"],"author":{"__typename":"Person","id":"1"}},
                {"title":"b","tags":null,"author":{"__typename":"Person","id":"1"}},
                {"title":null,"tags":[],"author":null}]}}"#
            }
            _ => r#"{"data":{"_entities":[{"friends":[{"id":"2"},{"id":"3"}]}]}}"#,
        };
        Box::pin(ready(Ok(Answer {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
            shared: None,
        })))
    }

    fn weights(&self) -> Option<Arc<[Weight]>> {
        Some(Arc::clone(&self.weights))
    }
}

/// Three books for 3, two titles for 6, two tags for 4, two authors for 2; the author once, for 1, and two friends.
#[test]
fn afterwards_it_is_known_what_it_did_cost() {
    let supergraph =
        Arc::new(Supergraph::parse(include_str!("../cases/supergraphs/priced.graphql")).unwrap());
    let text = "{ latest(first: 50) { title tags author { friends { id } } } }";
    let none = Map::new();
    let operation = operation((&supergraph, Labels::default()), text, Map::new()).unwrap();
    let plan = planner::plan(&supergraph, &operation).unwrap();
    let rules = executor::Rules {
        list_sizes: Some(Arc::new(ListSizes {
            usual: 10,
            by_subgraph: Vec::new(),
        })),
        ..executor::Rules::default()
    };
    let program = executor::compile_by(&supergraph, plan, &rules);
    let estimate = program
        .cost()
        .unwrap()
        .estimate(&supergraph, &none)
        .unwrap();
    let subgraphs = Answers {
        weights: estimate.weights.into(),
    };
    let request = executor::Request {
        variables: &none,
        introspection: None,
        subgraphs: &subgraphs,
    };
    let Reply::One(response) = executor::run(&program, request).now_or_never().unwrap();
    assert_eq!(response.errors, []);
    assert_eq!((estimate.total, response.cost), (1800.0, 18.0));
}
