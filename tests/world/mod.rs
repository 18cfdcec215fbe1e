//! The property that the planner and the executor must have: over any supergraph, any operation
//! gets the data that one execution on the whole graph would give, and no subgraph is asked
//! what it cannot answer.
//!
//! A supergraph's SDL gives the subgraphs, their values and the operations; pages under `tests/cases/federation` add
//! operations of their own. `WORLD_SEEDS` says how many random ones each graph gets, `WORLD_SEED` picks one of them,
//! `WORLD_GRAPH` one graph, and `WORLD_SUPERGRAPH` supergraph files from elsewhere.

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
mod invented;
mod labels;
mod order;
mod router;
mod sketch;
mod trial;

mod faults;
mod transit;

use std::collections::HashSet;
use std::env;
use std::fs;
use std::ops::Range;
use std::path::Path;

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
    for graph in graphs::graphs() {
        let name = &graph.name;
        let trial = Trial::new(name, &graph.sdl).unwrap_or_else(|error| panic!("{error}"));
        let mut told = 0;
        for seed in seeds(30) {
            let document = operations::generate(&trial.world.model, seed)
                .unwrap_or_else(|| panic!("{name}: no operation for seed {seed}"));
            let truth = trial.world.truth(&document.to_string(), &document.values());
            let truth = truth.unwrap_or_else(|error| panic!("{name}, seed {seed}: {error}"));
            told += usize::from(truth.data.to_string().len() > 20);
        }
        assert!(told > 0, "{name}: hardly any operation has data");
    }
}

/// Tries something on every graph; panics with what failed of each.
fn on_all(attempt: impl Fn(&graphs::Graph) -> Result<(), String>) {
    let failures: Vec<_> = graphs::graphs()
        .iter()
        .filter_map(|graph| attempt(graph).err())
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Puts the pages' operations and random ones over every graph to Graphway, for every choice of labels.
fn try_all(by: By, usual: u64) {
    on_all(|graph| {
        for on in labels::choices(&graph.sdl) {
            let told = |error: String| format!("{}, labels {on:?}: {error}", graph.name);
            let mut trial = Trial::new(&graph.name, &labels::settled(&graph.sdl, &on))?;
            let graphway = Graphway::with_labels(&graph.sdl, by, &on).map_err(told)?;
            for (text, variables) in &graph.operations {
                trial
                    .run_written(&graphway, (text, variables))
                    .map_err(told)?;
            }
            trial.run(&graphway, seeds(usual)).map_err(told)?;
        }
        Ok(())
    });
}

#[test]
fn graphway_answers_as_one_server_would() {
    try_all(By::Executor, 25);
}

/// Tells a wrong plan, which fails here too, from a wrong execution.
#[test]
fn plans_say_what_one_server_would_answer() {
    try_all(By::Interpreter, 10);
}

/// What a plan costs depends on what is asked, not on the order of asking; and the same question has the same plan.
#[test]
fn plans_do_not_depend_on_order() {
    on_all(|graph| {
        let trial = Trial::new(&graph.name, &graph.sdl)?;
        let graphway = Graphway::with_labels(&graph.sdl, By::Executor, &[])?;
        for seed in seeds(15) {
            let document = operations::generate(&trial.world.model, seed)
                .ok_or_else(|| format!("{}: no operation for seed {seed}", graph.name))?;
            order::compare(&graphway, &document, seed).map_err(|error| {
                let fails = |candidate: &document::Document| {
                    let truth = trial
                        .world
                        .truth(&candidate.to_string(), &candidate.values());
                    truth.is_ok() && order::compare(&graphway, candidate, seed).is_err()
                };
                let document = shrink::shrink(document, &fails);
                let error = order::compare(&graphway, &document, seed)
                    .err()
                    .unwrap_or(error);
                format!("{}, seed {seed}\n{document}{error}", graph.name)
            })?;
        }
        Ok(())
    });
}

/// Writes every supergraph to the folder `WORLD_OUT`, each in a folder of its own, for other tools to try.
#[test]
fn supergraphs_can_be_taken_elsewhere() {
    let Ok(folder) = env::var("WORLD_OUT") else {
        return;
    };
    for graph in graphs::graphs() {
        let folder = Path::new(&folder).join(&graph.name);
        let written = fs::create_dir_all(&folder)
            .and_then(|()| fs::write(folder.join("supergraph.graphql"), &graph.sdl))
            .and_then(|()| fs::write(folder.join("queries.json"), "[]"));
        written.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    }
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
