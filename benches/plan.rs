//! How long `planner::plan` takes, alone: an operation folded before, on one thread.
//!
//! `cargo bench --bench plan` prints a line a case; a supergraph and an operation of your own can be given:
//! `cargo bench --bench plan -- SUPERGRAPH.graphql OPERATION.graphql`. Beside other planners: `benches/peers`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench fails by panicking and prints what it measured"
)]

use graphway::{
    composition::{self, SubgraphSdl},
    operation::{self, Operation, ParserLimits},
    planner,
    schema::Supergraph,
};
use std::{
    fmt::Write,
    hint::black_box,
    time::{Duration, Instant},
};

/// As in the binary: planning is many small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long each case is repeated.
const AT_LEAST: Duration = Duration::from_millis(1500);

struct Case {
    name: String,
    supergraph: Supergraph,
    operation: String,
}

fn main() {
    let mut files = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"));
    let cases = match (files.next(), files.next()) {
        (Some(supergraph), Some(operation)) => vec![Case {
            name: operation.clone(),
            supergraph: Supergraph::parse(&std::fs::read_to_string(supergraph).unwrap()).unwrap(),
            operation: std::fs::read_to_string(operation).unwrap(),
        }],
        _ => vec![
            sample(),
            eight(),
            fifty(),
            interface("70 implementations", false),
            interface("70 implementations, half elsewhere", true),
        ],
    };
    for case in cases {
        measure(&case);
    }
}

fn measure(case: &Case) {
    let operation = fold(&case.supergraph, &case.operation);
    let plan = planner::plan(&case.supergraph, &operation).unwrap();
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < AT_LEAST || times.len() < 5 {
        let before = Instant::now();
        let plan = planner::plan(&case.supergraph, &operation);
        times.push(before.elapsed());
        drop(black_box(plan));
    }
    times.sort();
    println!(
        "{:40} {:>10.1} µs median of {:>6}, {:>10.1} µs least; {} requests, depth {}",
        case.name,
        times[times.len() / 2].as_secs_f64() * 1e6,
        times.len(),
        times[0].as_secs_f64() * 1e6,
        plan.fetches.len(),
        plan.depth(),
    );
}

fn fold(supergraph: &Supergraph, text: &str) -> Operation {
    let document = operation::prepare(supergraph, text, None, &ParserLimits::default()).unwrap();
    let variables = document.coerce(supergraph, Default::default()).unwrap();
    document
        .fold(supergraph, &document.conditions(&variables))
        .unwrap()
}

fn compose(subgraphs: impl IntoIterator<Item = (String, String)>) -> Supergraph {
    const LINK: &str = "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.3\", import: [\"@key\", \
        \"@requires\", \"@provides\", \"@external\", \"@shareable\"])\n";
    let sdls: Vec<SubgraphSdl> = subgraphs
        .into_iter()
        .map(|(name, sdl)| SubgraphSdl {
            routing_url: format!("http://{name}.test/graphql"),
            sdl: format!("{LINK}{sdl}"),
            origin: format!("{name}.graphql"),
            name,
        })
        .collect();
    let composed = composition::compose(&sdls);
    Supergraph::parse(
        &composed
            .map_err(|errors| {
                errors
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("\n")
            })
            .unwrap()
            .supergraph,
    )
    .unwrap()
}

fn sample() -> Case {
    Case {
        name: "20 fields, 3 subgraphs".to_owned(),
        supergraph: Supergraph::parse(include_str!("../supergraph/supergraph.graphql")).unwrap(),
        operation: "{ me { id name email tier totalSpent { amount } orders { total nodes { id placedAt status \
            customer { name } lines { quantity item { ... on Product { upc name price { amount } } } } } } } }"
            .to_owned(),
    }
}

/// Entities in a ring of eight subgraphs: each has fields of its own and refers to the next.
fn eight() -> Case {
    let subgraphs = (0..8).map(|graph| {
        let next = (graph + 1) % 8;
        let mut sdl = String::new();
        if graph == 0 {
            sdl.push_str("type Query { start: [T0!]! }\n");
        }
        let own = numbered(0..10, |field| format!("a{field}: String"));
        let more = numbered(0..10, |field| format!("b{field}: Int"));
        writeln!(
            sdl,
            "type T{graph} @key(fields: \"id\") {{ id: ID! {own} next: T{next} }}"
        )
        .unwrap();
        writeln!(
            sdl,
            "type T{next} @key(fields: \"id\") {{ id: ID! {more} }}"
        )
        .unwrap();
        (format!("g{graph}"), sdl)
    });
    let supergraph = compose(subgraphs);
    let fields = numbered(0..9, |field| format!("a{field} b{field}"));
    let operation = (0..8).fold(String::new(), |inner, at| {
        let inner = if at == 0 {
            String::new()
        } else {
            format!("next {{ {inner} }}")
        };
        format!("{fields} {inner}")
    });
    Case {
        name: "150 fields, 8 subgraphs".to_owned(),
        supergraph,
        operation: format!("{{ start {{ {operation} }} }}"),
    }
}

/// One entity in fifty subgraphs.
fn fifty() -> Case {
    let subgraphs = (0..50).map(|graph| {
        let root = if graph == 0 {
            "type Query { start: T }\n"
        } else {
            ""
        };
        let shared = if graph % 5 == 0 {
            "shared: String @shareable"
        } else {
            ""
        };
        let own = numbered(0..4, |field| format!("f{graph}x{field}: String"));
        (
            format!("g{graph}"),
            format!(
                "{root}type T @key(fields: \"id\") {{ id: ID! {own} {shared} child{graph}: T }}"
            ),
        )
    });
    let supergraph = compose(subgraphs);
    let fields = numbered(0..18, |field| format!("f{}x{}", field % 6 * 7, field / 6));
    Case {
        name: "20 fields, 50 subgraphs".to_owned(),
        supergraph,
        operation: format!("{{ start {{ {fields} shared child3 {{ id }} }} }}"),
    }
}

/// An interface that 70 types implement; `elsewhere`: half of their fields in another subgraph.
fn interface(name: &str, elsewhere: bool) -> Case {
    let (mut here, mut there) = (String::new(), String::new());
    let fields = |range: std::ops::Range<usize>| numbered(range, |field| format!("f{field}: Int"));
    let split = if elsewhere { 5 } else { 10 };
    write!(
        here,
        "type Query {{ nodes: [Node] }}\ninterface Node {{ id: ID! {} }}\n",
        fields(0..split)
    )
    .unwrap();
    for ty in 0..70 {
        writeln!(
            here,
            "type T{ty} implements Node @key(fields: \"id\") {{ id: ID! {} }}",
            fields(0..split)
        )
        .unwrap();
        writeln!(
            there,
            "type T{ty} @key(fields: \"id\") {{ id: ID! {} }}",
            fields(10..15)
        )
        .unwrap();
    }
    let supergraph = compose([("here".to_owned(), here), ("there".to_owned(), there)]);
    let shared = numbered(0..split, |field| format!("f{field}"));
    let own = match elsewhere {
        true => numbered(0..70, |ty| format!("... on T{ty} {{ f10 f11 }}")),
        false => String::new(),
    };
    Case {
        name: name.to_owned(),
        supergraph,
        operation: format!("{{ nodes {{ id {shared} {own} }} }}"),
    }
}

fn numbered(range: std::ops::Range<usize>, one: impl Fn(usize) -> String) -> String {
    range.map(|index| one(index) + " ").collect()
}
