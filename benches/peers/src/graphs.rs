//! Where supergraphs come from: files, folders of them, and folders of subgraph SDLs to compose.

use anyhow::{Context, Result, anyhow, bail};
use graphway::composition::{self, SubgraphSdl};
use std::path::{Path, PathBuf};

/// A supergraph that can be read from a file.
#[derive(Clone, Debug)]
pub struct Graph {
    pub name: String,
    pub file: PathBuf,
}

/// What `places` hold, by name. What has to be composed is written to `work`.
pub fn find(places: &[PathBuf], work: &Path) -> Result<Vec<Graph>> {
    let mut found = Vec::new();
    for place in places {
        gather(place, work, &mut found)?;
    }
    found.sort_by(|a: &Graph, b| a.name.cmp(&b.name));
    found.dedup_by(|a, b| a.file == b.file);
    Ok(found)
}

fn gather(place: &Path, work: &Path, found: &mut Vec<Graph>) -> Result<()> {
    if place.is_file() {
        found.push(Graph {
            name: name(place),
            file: place.to_owned(),
        });
        return Ok(());
    }
    let mut inside = Vec::new();
    let listing =
        std::fs::read_dir(place).with_context(|| format!("cannot list {}", place.display()))?;
    for entry in listing {
        inside.push(entry?.path());
    }
    inside.sort();
    let (folders, mut files): (Vec<PathBuf>, Vec<PathBuf>) =
        inside.into_iter().partition(|path| path.is_dir());
    files.retain(|file| file.extension().is_some_and(|end| end == "graphql"));
    let supergraphs = files.iter().map(|file| is_supergraph(file));
    let supergraphs = supergraphs.collect::<Result<Vec<bool>>>()?;
    if !files.is_empty() && !supergraphs.contains(&true) {
        match composed(&files) {
            Ok(sdl) => found.push(write(work, &name(place), &sdl)?),
            Err(error) => eprintln!("{} does not compose: {error}", place.display()),
        }
    }
    for (file, is_supergraph) in files.iter().zip(supergraphs) {
        if is_supergraph {
            gather(file, work, found)?;
        }
    }
    folders
        .iter()
        .try_for_each(|folder| gather(folder, work, found))
}

fn is_supergraph(file: &Path) -> Result<bool> {
    let sdl = std::fs::read_to_string(file)?;
    Ok(sdl.contains("enum join__Graph"))
}

fn composed(files: &[PathBuf]) -> Result<String> {
    let mut subgraphs = Vec::new();
    for file in files {
        subgraphs.push((name(file), std::fs::read_to_string(file)?));
    }
    compose(&subgraphs)
}

/// The supergraph of the subgraphs of these names and SDLs.
pub fn compose(subgraphs: &[(String, String)]) -> Result<String> {
    let subgraph = |(name, sdl): &(String, String)| SubgraphSdl {
        name: name.clone(),
        routing_url: format!("http://{name}.test/graphql"),
        sdl: sdl.clone(),
        origin: name.clone(),
    };
    let subgraphs: Vec<SubgraphSdl> = subgraphs.iter().map(subgraph).collect();
    let composed = composition::compose(&subgraphs);
    let composed = composed.map_err(|errors| {
        let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
        anyhow!("{}", messages.join("; "))
    })?;
    Ok(composed.supergraph)
}

/// Keeps a supergraph as `<folder>/<name>.graphql`.
pub fn write(folder: &Path, name: &str, sdl: &str) -> Result<Graph> {
    std::fs::create_dir_all(folder)?;
    let file = folder.join(format!("{name}.graphql"));
    std::fs::write(&file, sdl).with_context(|| format!("cannot write {}", file.display()))?;
    if sdl.is_empty() {
        bail!("{name} is an empty supergraph");
    }
    Ok(Graph {
        name: name.to_owned(),
        file,
    })
}

fn name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}
