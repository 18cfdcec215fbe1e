//! The property that the planner and the executor must have: over any supergraph, any operation
//! gets the data that one execution on the whole graph would give, and no subgraph is asked
//! what it cannot answer.
//!
//! Nothing is written by hand for it: a supergraph's SDL gives the subgraphs, their values and
//! the operations. `WORLD_SEEDS` says how many operations each graph gets, `WORLD_SEED` picks
//! one of them, `WORLD_GRAPH` one graph, and `WORLD_SUPERGRAPH` supergraph files from elsewhere.

mod contexts;
mod field_set;
mod links;
mod model;

mod join;

mod api;
mod sdl;
mod served;

mod arguments;
mod entities;
mod facts;
mod monolith;
mod random;
mod subgraphs;
mod values;
mod violations;

mod document;
mod inputs;
mod operations;
mod shrink;

mod compare;
mod compose;
mod graphs;
mod interpreter;
mod labels;
mod router;
mod trial;

mod faults;

use std::collections::HashSet;
use std::env;
use std::ops::Range;

use router::{By, Graphway};
use trial::{Router, Trial};

/// The seeds to try: `WORLD_SEED` alone, or the first `WORLD_SEEDS`.
fn seeds(usual: u64) -> Range<u64> {
    let number = |name: &str| {
        let text = env::var(name).ok()?;
        Some(
            text.parse()
                .unwrap_or_else(|_| panic!("{name}={text} is not a number")),
        )
    };
    match number("WORLD_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("WORLD_SEEDS").unwrap_or(usual),
    }
}

/// Every graph can be read, and every random operation on it is valid and has an answer.
#[test]
fn every_graph_makes_a_sound_world() {
    for (name, sdl) in graphs::graphs() {
        let trial = Trial::new(&name, &sdl).unwrap_or_else(|error| panic!("{error}"));
        let mut told = 0;
        for seed in seeds(100) {
            let document = operations::generate(&trial.world.model, seed)
                .unwrap_or_else(|| panic!("{name}: no operation for seed {seed}"));
            let truth = trial.world.truth(&document.to_string(), &document.values());
            let truth = truth.unwrap_or_else(|error| panic!("{name}, seed {seed}: {error}"));
            told += usize::from(truth.data.to_string().len() > 40);
        }
        assert!(told > 0, "{name}: hardly any operation has data");
    }
}

/// Puts random operations over every graph to Graphway; panics with the first failure of each.
fn try_all(by: By) {
    let mut failures = Vec::new();
    for (name, sdl) in graphs::graphs() {
        for on in labels::choices(&sdl) {
            let tried = Trial::new(&name, &labels::settled(&sdl, &on)).and_then(|mut trial| {
                let graphway = Graphway::with_labels(&sdl, by, &on);
                let graphway = graphway.map_err(|error| format!("{name}: {error}"))?;
                trial.run(&graphway, seeds(60))
            });
            failures.extend(tried.err().map(|error| format!("labels {on:?}: {error}")));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn graphway_answers_as_one_server_would() {
    try_all(By::Executor);
}

/// Tells a wrong plan, which fails here too, from a wrong execution.
#[test]
fn plans_say_what_one_server_would_answer() {
    try_all(By::Interpreter);
}

/// An operation is planned as if its labels had never been: by those alone that it is said to depend on.
#[test]
fn labels_are_settled_before_planning() {
    let sdl = include_str!("graphs/harbour.graphql");
    let trial = Trial::new("harbour", sdl).unwrap_or_else(|error| panic!("{error}"));
    let choices = labels::choices(sdl);
    let mut seen = HashSet::new();
    for on in &choices {
        let labelled = Graphway::with_labels(sdl, By::Interpreter, on).unwrap();
        let settled = labels::settled(sdl, on);
        let settled = Graphway::with_labels(&settled, By::Interpreter, &[]).unwrap();
        for seed in seeds(100) {
            let document = operations::generate(&trial.world.model, seed).unwrap();
            let (text, variables) = (document.to_string(), document.values());
            let plan = labelled.explain(&text, &variables);
            assert_eq!(plan, settled.explain(&text, &variables), "{on:?}\n{text}");
            seen.insert((seed, plan));
        }
    }
    assert!(seen.len() > 200, "labels hardly change a plan");
}
