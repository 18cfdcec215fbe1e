//! The property that the planner and the executor must have: over any supergraph, any operation
//! gets the data that one execution on the whole graph would give, and no subgraph is asked
//! what it cannot answer.
//!
//! A supergraph's SDL gives the subgraphs, their values and the operations; pages under `tests/cases/federation` add
//! operations of their own. `WORLD_SEEDS` says how many random ones each graph gets, `WORLD_SEED` picks one of them,
//! `WORLD_GRAPH` one graph, and `WORLD_SUPERGRAPH` supergraph files from elsewhere.

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
mod order;
mod router;
mod trial;

mod faults;
mod transit;

use std::env;
use std::fs;
use std::ops::Range;
use std::path::Path;

use router::{By, Graphway};
use trial::Trial;

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
fn on_all(attempt: impl Fn(&graphs::Graph, Trial) -> Result<(), String>) {
    let mut failures = Vec::new();
    for graph in graphs::graphs() {
        let tried = Trial::new(&graph.name, &graph.sdl).and_then(|trial| attempt(graph, trial));
        failures.extend(tried.err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Puts the pages' operations and random ones over every graph to Graphway.
fn try_all(by: By, usual: u64) {
    on_all(|graph, mut trial| {
        let graphway =
            Graphway::new(&graph.sdl, by).map_err(|error| format!("{}: {error}", graph.name))?;
        for (text, variables) in &graph.operations {
            trial.run_written(&graphway, (text, variables))?;
        }
        trial.run(&graphway, seeds(usual))
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
    on_all(|graph, trial| {
        let graphway = Graphway::new(&graph.sdl, By::Executor)?;
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
