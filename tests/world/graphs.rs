//! The supergraphs the property is tried on: ours, the sample, invented ones, or some given from outside.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use serde_json::{Value, json};

use super::compose::{compose, in_folder};
use super::invented::invent;
use crate::kit::{self, Page};

/// A supergraph, and operations that somebody thought of.
pub struct Graph {
    pub name: String,
    pub sdl: String,
    pub operations: Vec<(String, Value)>,
}

/// How many of the invented graphs are tried: those that compose among twice as many.
const INVENTED: u64 = 12;

/// All of them, composed once. `WORLD_SUPERGRAPH` is a file, or a folder of files, used instead of ours; `WORLD_GRAPH`
/// keeps only the one of that name, `WORLD_INVENTED` says how many are invented.
pub fn graphs() -> &'static [Graph] {
    static GRAPHS: OnceLock<Vec<Graph>> = OnceLock::new();
    GRAPHS.get_or_init(|| {
        let mut sources = match env::var("WORLD_SUPERGRAPH") {
            Ok(given) if Path::new(&given).is_dir() => inside(Path::new(&given)),
            Ok(given) => vec![Source::File(PathBuf::from(given))],
            Err(_) => ours(),
        };
        if let Ok(wanted) = env::var("WORLD_GRAPH") {
            sources.retain(|source| source.name() == wanted);
            assert!(!sources.is_empty(), "no supergraph of the name {wanted}");
        }
        read(sources)
    })
}

/// The supergraph of this name.
pub fn graph(name: &str) -> String {
    let mut sources = ours();
    sources.retain(|source| source.name() == name);
    let graph = read(sources).pop();
    graph.unwrap_or_else(|| panic!("there is no {name}")).sdl
}

/// Where a supergraph comes from.
enum Source {
    /// One file per subgraph.
    Folder(PathBuf),
    /// Subgraphs, and operations with their plans.
    Page(PathBuf),
    /// A supergraph.
    File(PathBuf),
    Invented(u64),
}

impl Source {
    fn name(&self) -> String {
        match self {
            Source::Folder(path) | Source::Page(path) | Source::File(path) => {
                let stem = path.file_stem().unwrap_or_default();
                stem.to_string_lossy().into_owned()
            }
            Source::Invented(seed) => format!("invented_{seed}"),
        }
    }

    /// The graph; `None` if it is an invented one that does not compose.
    fn read(&self) -> Option<Graph> {
        let mut operations = Vec::new();
        let sdl = match self {
            Source::Folder(path) => in_folder(path).and_then(|all| compose(&all)),
            Source::File(path) => std::fs::read_to_string(path).map_err(|error| error.to_string()),
            Source::Invented(seed) => {
                let invented = invent(*seed).into_iter();
                let linked: Vec<_> = invented
                    .map(|(name, sdl)| (name, kit::linked(&sdl)))
                    .collect();
                Ok(compose(&linked).ok()?)
            }
            Source::Page(path) => {
                let page = Page::read(path);
                operations = planned(&page);
                compose(&kit::subgraphs(&page.blocks()))
            }
        };
        let name = self.name();
        Some(Graph {
            sdl: sdl.unwrap_or_else(|error| panic!("{name}: {error}")),
            name,
            operations,
        })
    }
}

/// The operations of a page that have a plan; others are there to be refused.
fn planned(page: &Page) -> Vec<(String, Value)> {
    let mut operations = Vec::new();
    let mut last = (String::new(), json!({}));
    for block in page.blocks() {
        match block.kind.as_str() {
            "operation" => last = (block.text, json!({})),
            "variables" => last.1 = serde_json::from_str(&block.text).unwrap_or_default(),
            "plan" if block.text.starts_with("fetch ") => operations.push(last.clone()),
            _ => {}
        }
    }
    operations
}

/// Reads the sources with all processors; most of the time goes into composition.
fn read(sources: Vec<Source>) -> Vec<Graph> {
    let count = sources.len();
    let todo = Mutex::new(sources.into_iter().enumerate());
    let next = || todo.lock().unwrap_or_else(PoisonError::into_inner).next();
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let mut read: Vec<(usize, Graph)> = thread::scope(|scope| {
        let work = || {
            let mut mine = Vec::new();
            while let Some((index, source)) = next() {
                mine.extend(source.read().map(|graph| (index, graph)));
            }
            mine
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let done = workers.into_iter().map(|worker| worker.join());
        done.flat_map(|mine| mine.unwrap_or_else(|cause| std::panic::resume_unwind(cause)))
            .collect()
    });
    assert!(read.len() * 2 >= count, "hardly any graph composes");
    read.sort_by_key(|(index, _)| *index);
    read.into_iter().map(|(_, graph)| graph).collect()
}

fn ours() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = inside(&root.join("tests/world/graphs"));
    sources.extend(inside(&root.join("tests/cases/federation")));
    sources.push(Source::Folder(root.join("supergraph")));
    let invented = match env::var("WORLD_INVENTED") {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("WORLD_INVENTED={text}")),
        Err(_) => INVENTED,
    };
    sources.extend((0..invented).map(Source::Invented));
    sources
}

fn inside(folder: &Path) -> Vec<Source> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let source = |path: PathBuf| match path.extension().and_then(|end| end.to_str()) {
        Some("graphql") => Some(Source::File(path)),
        Some("md") => Some(Source::Page(path)),
        _ => path.is_dir().then_some(Source::Folder(path)),
    };
    paths.into_iter().filter_map(source).collect()
}
