//! The property that the planner and the executor must have: over any supergraph, any operation
//! gets the data that one execution on the whole graph would give, and no subgraph is asked
//! what it cannot answer.
//!
//! `WORLD_SEEDS` says how many operations a graph gets, `WORLD_GRAPH` names one graph,
//! `WORLD_SEED` one operation, and `WORLD_SUPERGRAPH` a supergraph file from elsewhere.

mod arguments;
mod compare;
mod compose;
mod document;
mod entities;
mod facts;
mod field_set;
mod inputs;
mod links;
mod model;
mod monolith;
mod operations;
mod random;
mod sdl;
mod shrink;
mod subgraphs;
mod values;
mod violations;

use values::World;

#[test]
fn scratch() {
    let folder = std::env::var("WORLD_FOLDER").unwrap_or("/work/audit/supergraphs".into());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let sdl = std::fs::read_to_string(&path).unwrap();
        let model = match model::Model::read(&sdl) {
            Ok(model) => model,
            Err(error) => {
                println!("{path:?}: {error}");
                continue;
            }
        };
        let world = World::new(model);
        let mut sizes = 0;
        for seed in 0..100 {
            let Some(document) = operations::generate(&world.model, seed) else {
                println!("{path:?} {seed} none");
                continue;
            };
            let text = document.to_string();
            match world.truth(&text, &document.values()) {
                Ok(truth) => sizes += truth.data.to_string().len(),
                Err(error) => println!("{path:?} {seed}: {error} {}", document.values()),
            }
        }
        println!("{path:?} {sizes}");
    }
}
