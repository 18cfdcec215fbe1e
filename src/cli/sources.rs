//! The files a router is made from, and what they say now.

use super::failure::Usage;
use crate::{
    config::{self, Config, Environment, Outline, Parsed, Warning},
    schema::Supergraph,
};
use anyhow::Context;
use std::{
    cell::RefCell,
    fs,
    path::{Path, PathBuf},
};

/// The configuration that is read when the command line names none.
const CONFIG_DEFAULT: &str = "router.yaml";

/// Where configuration and supergraph come from.
pub(super) struct Sources {
    /// None: [`CONFIG_DEFAULT`] if there is one, else the defaults.
    pub config: Option<PathBuf>,
    /// None: what the configuration says.
    pub supergraph: Option<PathBuf>,
    /// How the supergraph is had from that file.
    pub read_supergraph: fn(&Path) -> anyhow::Result<Sdl>,
    /// What the command line changes about the configuration.
    pub adjust: Box<dyn Fn(&mut Config) + Send + Sync>,
}

/// A supergraph's text, and the files that have a part in it.
pub(super) struct Sdl {
    pub text: String,
    pub files: Vec<PathBuf>,
}

/// What the sources say.
pub(super) struct Loaded {
    pub config: Config,
    pub warnings: Vec<Warning>,
    pub outline: Outline,
    pub supergraph: Supergraph,
}

/// What was read, whether or not it makes sense.
pub(super) struct Read {
    /// Every file to watch for changes.
    pub files: Vec<PathBuf>,
    /// All that was read, to tell whether anything changed.
    pub fingerprint: String,
    pub loaded: anyhow::Result<Loaded>,
}

impl Sources {
    /// Reads everything anew.
    pub(super) fn read(&self) -> Read {
        let mut read = Read {
            files: Vec::new(),
            fingerprint: String::new(),
            loaded: Err(anyhow::anyhow!("not read")),
        };
        read.loaded = self.load(&mut read.files, &mut read.fingerprint);
        read
    }

    fn load(&self, files: &mut Vec<PathBuf>, fingerprint: &mut String) -> anyhow::Result<Loaded> {
        let Parsed {
            mut config,
            warnings,
            outline,
        } = self.load_config(files, fingerprint)?;
        (self.adjust)(&mut config);
        let path = self
            .supergraph
            .as_ref()
            .unwrap_or(&config.supergraph.source);
        files.push(path.clone());
        let sdl = (self.read_supergraph)(path)?;
        files.extend(sdl.files);
        fingerprint.push_str(&sdl.text);
        let supergraph = Supergraph::parse(&sdl.text)
            .with_context(|| format!("{} cannot be served", path.display()))?;
        Ok(Loaded {
            config,
            warnings,
            outline,
            supergraph,
        })
    }

    fn load_config(
        &self,
        files: &mut Vec<PathBuf>,
        fingerprint: &mut String,
    ) -> anyhow::Result<Parsed> {
        let path = self.config.as_deref().unwrap_or(Path::new(CONFIG_DEFAULT));
        files.push(path.to_owned());
        if self.config.is_none() && !path.exists() {
            return Ok(Parsed::default());
        }
        let text = read_file(path)?;
        fingerprint.push_str(&text);
        fingerprint.push('\0');
        let file = path.display().to_string();
        // What it takes in from other files counts as its own.
        let others = RefCell::new(Vec::new());
        let environment = Environment {
            file: &|path| {
                let text = fs::read_to_string(path);
                let seen = text.as_deref().unwrap_or_default().to_owned();
                others.borrow_mut().push((PathBuf::from(path), seen));
                text
            },
            ..Environment::process()
        };
        let parsed = config::parse(&file, &text, &environment);
        for (path, text) in others.into_inner() {
            files.push(path);
            fingerprint.push_str(&text);
            fingerprint.push('\0');
        }
        Ok(parsed?)
    }
}

/// Reads a supergraph SDL as it stands.
pub(super) fn read_sdl(path: &Path) -> anyhow::Result<Sdl> {
    let text = read_file(path).context(
        "there is no supergraph to serve (name one with --supergraph or supergraph.source; `graphway compose` makes one)",
    )?;
    Ok(Sdl {
        text,
        files: Vec::new(),
    })
}

fn read_file(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path)
        .map_err(|error| Usage(format!("cannot read {}: {error}", path.display())).into())
}
