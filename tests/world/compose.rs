//! Composes the subgraphs of a graph of our own into a supergraph.

use std::path::Path;

use graphway::composition::{self, SubgraphSdl};

/// The names and SDLs of a folder that has one `.graphql` file per subgraph.
pub fn in_folder(folder: &Path) -> Result<Vec<(String, String)>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| is_subgraph(file));
    files.sort();
    let read = files.iter().map(|file| {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let sdl = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
        Ok((name.into_owned(), sdl))
    });
    read.collect()
}

/// The supergraph SDL of subgraphs, given by their names and SDLs.
pub fn compose(subgraphs: &[(String, String)]) -> Result<String, String> {
    let subgraphs: Vec<_> = subgraphs
        .iter()
        .map(|(name, sdl)| SubgraphSdl {
            routing_url: format!("http://{name}.test/graphql"),
            name: name.clone(),
            sdl: sdl.clone(),
            origin: format!("{name}.graphql"),
        })
        .collect();
    match composition::compose(&subgraphs) {
        Ok(composed) => Ok(composed.supergraph),
        Err(errors) => Err(errors.iter().map(|error| format!("{error}\n")).collect()),
    }
}

/// The sample's folder also has what was composed from it.
fn is_subgraph(file: &Path) -> bool {
    file.extension().is_some_and(|end| end == "graphql")
        && file.file_stem().is_some_and(|stem| stem != "supergraph")
}
