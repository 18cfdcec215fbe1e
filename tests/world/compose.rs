//! Composes the subgraphs of a graph of our own into a supergraph.

use std::path::Path;

use apollo_federation::composition::{self, CompositionOptions};
use apollo_federation::subgraph::typestate::Subgraph;

/// The supergraph SDL of a folder that has one `.graphql` file per subgraph.
pub fn compose(folder: &Path) -> Result<String, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{folder:?}: {error}"))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "graphql"));
    files.sort();
    let mut subgraphs = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let sdl = std::fs::read_to_string(&file).map_err(|error| format!("{file:?}: {error}"))?;
        let url = format!("http://{name}.test/graphql");
        let subgraph =
            Subgraph::parse(&name, &url, &sdl).map_err(|error| format!("{file:?}: {error:?}"))?;
        subgraphs.push(subgraph);
    }
    match composition::compose(subgraphs, CompositionOptions::default()) {
        Ok(supergraph) => Ok(supergraph.schema().schema().to_string()),
        Err(failure) => Err(failure
            .errors
            .iter()
            .map(|error| format!("{}: {error}\n", error.code().definition().code()))
            .collect()),
    }
}
