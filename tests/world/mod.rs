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
mod peer;
mod random;
mod sdl;
mod shape;
mod shrink;
mod subgraphs;
mod values;
mod violations;

use values::World;

#[test]
fn scratch() {
    let folder = std::env::var("WORLD_FOLDER").unwrap_or("/work/audit/supergraphs".into());
    let only = std::env::var("WORLD_GRAPH").ok();
    let seeds: u64 = std::env::var("WORLD_SEEDS").map_or(60, |s| s.parse().unwrap());
    let one: Option<u64> = std::env::var("WORLD_SEED").ok().map(|s| s.parse().unwrap());
    let shrinks = std::env::var("WORLD_SHRINK").is_ok();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let graph = path.file_stem().unwrap().to_string_lossy().into_owned();
        if only.as_ref().is_some_and(|only| *only != graph) {
            continue;
        }
        let composed;
        let sdl = if path.is_dir() {
            composed = match compose::compose(&path) {
                Ok(sdl) => sdl,
                Err(error) => {
                    println!("{graph}: {error}");
                    continue;
                }
            };
            composed
        } else {
            std::fs::read_to_string(&path).unwrap()
        };
        let model = match model::Model::read(&sdl) {
            Ok(model) => model,
            Err(error) => {
                println!("{path:?}: {error}");
                continue;
            }
        };
        let world = World::new(model);
        let peer = match peer::Peer::new(&sdl) {
            Ok(peer) => peer,
            Err(error) => {
                println!("{path:?}: {error}");
                continue;
            }
        };
        let fails = |document: &document::Document| -> Option<String> {
            let text = document.to_string();
            let values = document.values();
            let truth = match world.truth(&text, &values) {
                Ok(truth) => truth,
                Err(error) => return Some(format!("ORACLE {error}")),
            };
            world.take_violations();
            let answer = peer.run(&text, &values, &|subgraph, body| world.answer(subgraph, body));
            let mut out = String::new();
            match answer {
                Ok(answer) => {
                    if let Some(diff) = compare::difference(&truth.data, &answer["data"]) {
                        out += &format!("{diff}\n");
                    }
                    if let Some(errors) = answer.get("errors") {
                        out += &format!("errors {errors}\n");
                    }
                }
                Err(error) => out += &format!("no answer: {error}"),
            }
            for violation in world.take_violations() {
                out += &format!("{violation}\n");
            }
            if world.take_mutations() != truth.mutations {
                out += "mutation order";
            }
            (!out.is_empty()).then_some(out)
        };
        let (mut passed, mut failed, mut none) = (0, Vec::new(), 0);
        for seed in 0..seeds {
            let seed = one.unwrap_or(seed);
            let Some(document) = operations::generate(&world.model, seed) else {
                none += 1;
                continue;
            };
            match fails(&document) {
                None => passed += 1,
                Some(text) => failed.push((seed, document, text)),
            }
            if one.is_some() {
                break;
            }
        }
        println!("{graph}: {passed} passed, {} failed, {none} none", failed.len());
        if let Some((seed, document, text)) = failed.first() {
            let document = document.clone();
            if shrinks {
                let document = shrink::shrink(document, &|d| {
                    world.truth(&d.to_string(), &d.values()).is_ok() && fails(d).is_some()
                });
                println!("  seed {seed}: {document} {}\n{}", document.values(), fails(&document).unwrap());
            } else {
                println!("  seed {seed}: {}", text.chars().take(600).collect::<String>());
            }
        }
    }
}
