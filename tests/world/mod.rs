//! The property that the planner and the executor must have: over any supergraph, any operation
//! gets the data that one execution on the whole graph would give, and no subgraph is asked
//! what it cannot answer.
//!
//! Nothing is written by hand for it: a supergraph's SDL gives the subgraphs, their values and
//! the operations. `WORLD_SEEDS` says how many operations each graph gets, `WORLD_SEED` picks
//! one of them, `WORLD_GRAPH` one graph, and `WORLD_SUPERGRAPH` supergraph files from elsewhere.

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
mod trial;

mod faults;

use std::env;
use std::ops::Range;

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
