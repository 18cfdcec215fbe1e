//! The supergraphs the property is tried on: ours, the sample, or one given from outside.

use std::env;
use std::path::{Path, PathBuf};

use super::compose::compose;

/// Names and SDLs. `WORLD_SUPERGRAPH` is a file, or a folder of files, used instead of ours;
/// `WORLD_GRAPH` keeps only the one of that name.
pub fn graphs() -> Vec<(String, String)> {
    let wanted = env::var("WORLD_GRAPH").ok();
    let mut places = match env::var("WORLD_SUPERGRAPH") {
        Ok(given) if Path::new(&given).is_dir() => inside(Path::new(&given)),
        Ok(given) => vec![PathBuf::from(given)],
        Err(_) => ours(),
    };
    places.retain(|place| wanted.as_ref().is_none_or(|wanted| *wanted == name(place)));
    assert!(!places.is_empty(), "no supergraph of the name {wanted:?}");
    let read = places.iter().map(|place| {
        let sdl = if place.is_dir() {
            compose(place)
        } else {
            std::fs::read_to_string(place).map_err(|error| error.to_string())
        };
        let sdl = sdl.unwrap_or_else(|error| panic!("{}: {error}", place.display()));
        (name(place), sdl)
    });
    read.collect()
}

/// The supergraph of our own with this name.
pub fn graph(name: &str) -> String {
    let folder = root().join("tests/world/graphs").join(name);
    compose(&folder).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn ours() -> Vec<PathBuf> {
    let mut places = inside(&root().join("tests/world/graphs"));
    places.extend(Some(root().join("supergraph")).filter(|sample| sample.is_dir()));
    places
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut places: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    places.retain(|place| place.is_dir() || place.extension().is_some_and(|end| end == "graphql"));
    places.sort();
    places
}

fn name(place: &Path) -> String {
    let stem = place.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}
