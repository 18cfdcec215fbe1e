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
    time::{Duration, Instant},
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
        // Lists of lists of lists; how long the outermost is was said.
        ("{ grid { id } }", "1000: books 1000"),
        ("{ rows(first: 3) { id } }", "30: books 30"),
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

/// What a request does not say, the schema does: an argument has its default also where its variable is not there.
#[test]
fn variables_that_are_not_there_hide_no_default() {
    for (text, expected) in [
        ("query($n: Int) { latest(first: $n) { id } }", "3: books 3"),
        (
            "query($n: Int) { latest(first: $n, last: 2) { id } }",
            "3: books 3",
        ),
        ("{ shelf { id } }", "40: books 40"),
        ("{ shelf(page: {}) { id } }", "41: books 41"),
        ("query($p: Page) { shelf(page: $p) { id } }", "40: books 40"),
        (
            "query($n: Int) { shelf(page: { first: $n }) { id } }",
            "41: books 41",
        ),
        ("{ shelf(page: { first: 2 }) { id } }", "3: books 3"),
    ] {
        assert_eq!(cost(text), expected, "{text}");
    }
    let page = "query($p: Page) { shelf(page: $p) { id } }";
    for (variables, expected) in [
        (json!({ "p": {} }), "41: books 41"),
        (json!({ "p": { "first": 7 } }), "8: books 8"),
    ] {
        assert_eq!(cost_of(page, variables.clone()), expected, "{variables}");
    }
    let only_one = "exactly one of the slicing arguments of `shelf` must be given, but 0 are";
    assert_eq!(cost_of(page, json!({ "p": null })), only_one);
}

/// So many levels of as many items as there can be, and something in the innermost.
fn nested(levels: usize) -> String {
    (0..levels).fold("id".to_owned(), |inside, _| {
        format!("kin(first: 2147483647) {{ {inside} }}")
    })
}

/// Also where a leaf costs nothing: nothing times infinitely many is not a number, and not more than any limit.
#[test]
fn what_costs_more_than_can_be_counted_costs_that() {
    let most = "9007199254740992: people 9007199254740992";
    for levels in [2, 6, 34, 35, 40] {
        let text = format!(
            "{{ me {{ a: kin(first: 3) {{ id }} {} }} }}",
            nested(levels)
        );
        assert_eq!(cost(&text), most, "{levels}");
    }
    let sizes = ListSizes {
        usual: u32::MAX,
        by_subgraph: Vec::new(),
    };
    assert_eq!(
        cost_with(&sizes, "{ grid { cover { url } } }", json!({})),
        "9007199254740992: books 9007199254740992"
    );
    // Nothing is in a list of nothing.
    let none = format!("{{ me {{ kin(first: 0) {{ {} }} }} }}", nested(40));
    assert_eq!(cost(&none), "1: people 1");
}

/// What makes a field cheaper makes nothing else cheaper, however often it is there.
#[test]
fn negative_weights_lower_a_field_to_nothing() {
    for (arguments, expected) in [
        ("first: 7, near: true", "3: people 3"),
        ("first: 3, near: true", "1: people 1"),
        ("first: 3, near: [true, true]", "4: people 4"),
        ("first: 3, near: null", "4: people 4"),
    ] {
        let text = format!("{{ me {{ kin({arguments}) {{ id }} }} }}");
        assert_eq!(cost(&text), expected, "{text}");
    }
    let aliases: Vec<String> = (0..100)
        .map(|alias| format!("a{alias}: kin(first: 0, near: true) {{ id }}"))
        .collect();
    let text = format!(
        "{{ me {{ kin(first: 50) {{ id }} {} }} }}",
        aliases.join(" ")
    );
    assert_eq!(cost(&text), "51: people 51");
    // It holds for each field, not for all that are in a list.
    assert_eq!(
        cost("{ me { friends { kin(first: 2, near: true) { kin(first: 1) { id } } } } }"),
        "31: people 31"
    );
    let text = "query($near: [Boolean!]) { me { kin(first: 7, near: $near) { id } } }";
    for (near, expected) in [(json!(true), "8: people 8"), (json!([]), "8: people 8")] {
        assert_eq!(cost_of(text, json!({ "near": near })), expected);
    }
}

/// A client sends a large value once, and uses it as often as there are aliases.
#[test]
fn a_variable_is_weighed_once() {
    let supergraph = &*PRICED;
    let variables = json!({ "f": { "any": vec![json!({ "any": [] }); 50_000] } });
    let variables: Map<String, Value> = serde_json::from_value(variables).unwrap();
    let sizes = ListSizes {
        usual: 10,
        by_subgraph: Vec::new(),
    };
    let estimate = |aliases: usize| {
        let fields: Vec<String> = (0..aliases)
            .map(|alias| format!("a{alias}: search(first: 1, filter: $f) {{ __typename }}"))
            .collect();
        let text = format!("query($f: Filter) {{ {} }}", fields.join(" "));
        let operation =
            operation((supergraph, Labels::default()), &text, variables.clone()).unwrap();
        let plan = planner::plan(supergraph, &operation).unwrap();
        let cost = Cost::new(&plan, supergraph, &sizes);
        let began = Instant::now();
        let estimate = cost.estimate(supergraph, &variables).unwrap();
        (estimate.total, began.elapsed())
    };
    let (once, took_once) = estimate(1);
    let (often, took_often) = estimate(500);
    assert_eq!((once, often), (50_002.0, 50_002.0 * 500.0));
    // 500 times as much if it is weighed for each.
    let most = took_once * 50 + Duration::from_millis(20);
    assert!(took_often < most, "{took_once:?}, {took_often:?}");
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
            _ => {
                r#"{"data":{"_entities":[{"friends":[{"id":"2"},{"id":"3"}],"kin":[{"id":"4"}]}]}}"#
            }
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

/// Three books for 3, two titles for 6, two tags for 4, two authors for 2; the author once, for 1, and two friends. What
/// makes kin cheaper makes nothing else cheaper.
#[test]
fn afterwards_it_is_known_what_it_did_cost() {
    let supergraph =
        Arc::new(Supergraph::parse(include_str!("../cases/supergraphs/priced.graphql")).unwrap());
    let text = "{ latest(first: 50) { title tags author { friends { id } kin(first: 1, near: true) { id } } } }";
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
