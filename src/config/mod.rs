//! `router.yaml` → the `Config` that each layer owns.
//!
//! The text becomes a [`tree`] whose every node knows its place; `${…}` is expanded in its scalars; keys of Apollo
//! Router that Graphway does not have yet are set aside with a warning; the rest is read into [`Config`] by serde.
//! Whatever is wrong is told with file, line and column. This layer knows where settings are written and nothing of
//! what they do.

mod apollo;
mod error;
mod excerpts;
mod expand;
mod nearest;
mod outline;
mod read;
mod schema;
mod sections;
mod tree;

pub use error::{Error, Warning};
pub use outline::Outline;
pub use schema::schema;
pub use sections::{Config, Server, Supergraph};

use error::Problem;
use excerpts::Excerpts;
use std::path::Path;
use tree::Node;

/// How `${env.NAME}` and `${file.PATH}` are looked up, and files that settings name. None: there is no such thing.
pub struct Environment<'a> {
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    pub file: &'a dyn Fn(&str) -> std::io::Result<String>,
}

impl Environment<'static> {
    /// The process's own.
    pub fn process() -> Self {
        Self {
            variable: &|name| std::env::var(name).ok(),
            file: &|path| std::fs::read_to_string(path),
        }
    }
}

/// A configuration, and what its writer should know about it.
#[derive(Debug, Default)]
pub struct Parsed {
    pub config: Config,
    pub warnings: Vec<Warning>,
    /// Where its keys are written.
    pub outline: Outline,
}

/// Reads a configuration. `file` is what messages call it.
pub fn parse(file: &str, text: &str, environment: &Environment<'_>) -> Result<Parsed, Error> {
    let tree = tree::parse(text);
    let tree =
        tree.map_err(|problem| problem.in_file(file, |line| Excerpts::unread(text).line(line)))?;
    let excerpts = Excerpts::new(text, &tree);
    let outline = Outline::new(file, excerpts.clone(), &tree);
    match read(tree, file, environment) {
        Ok((config, warnings)) => Ok(Parsed {
            config,
            outline,
            warnings: warnings
                .into_iter()
                .map(|problem| Warning(problem.in_file(file, |line| excerpts.line(line))))
                .collect(),
        }),
        Err(problem) => Err(problem.in_file(file, |line| excerpts.line(line))),
    }
}

/// What a tree means, and what its writer should know about it.
fn read(
    mut tree: Node,
    file: &str,
    environment: &Environment<'_>,
) -> Result<(Config, Vec<Problem>), Problem> {
    excerpts::mark(&mut tree);
    expand::expand(&mut tree, environment)?;
    let warnings = apollo::set_aside(&mut tree)?;
    let mut config: Config = read::read(&tree)?;
    let beside = Path::new(file).parent().unwrap_or(Path::new(""));
    let read_file = |path: &Path| (environment.file)(&beside.join(path).to_string_lossy());
    let completed = config.routes.complete(&read_file);
    let completed = completed.and_then(|()| config.tls.complete(&read_file));
    let checked = completed
        .and_then(|()| config.gateway().check())
        .and_then(|()| config.server().check());
    if checked.is_ok() && config.supergraph.poll_interval.is_zero() {
        let place = tree.place_of(&["supergraph".to_owned(), "poll_interval".to_owned()]);
        let message = "this would be without pause; write a time".to_owned();
        return Err(Problem::new(Some(place), message));
    }
    match checked {
        Ok(()) => Ok((config, warnings)),
        Err(misfit) => {
            let place = tree.place_of(&misfit.at);
            Err(Problem::new(Some(place), misfit.message))
        }
    }
}
