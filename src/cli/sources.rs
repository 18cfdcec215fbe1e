//! The files a router is made from, and what they say now.

use super::{
    failure::Usage,
    remote::{Remote, is_url},
};
use crate::{
    config::{self, Config, Environment, Outline, Parsed, Warning},
    schema::Supergraph,
};
use anyhow::Context;
use std::{
    cell::RefCell,
    fs,
    path::{Path, PathBuf},
    time::Duration,
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
    /// What was fetched of it, if it is at a URL.
    pub remote: Remote,
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
    /// Its text.
    pub sdl: String,
    /// Why it is not the one that the configuration means, but the last one that could be served.
    pub fallen_back: Option<String>,
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
        self.read_or(false)
    }

    /// Reads everything for the first time: where there is no supergraph to be had, the last good one will do.
    pub(super) fn read_first(&self) -> Read {
        self.read_or(true)
    }

    fn read_or(&self, falls_back: bool) -> Read {
        let mut read = Read {
            files: Vec::new(),
            fingerprint: String::new(),
            loaded: Err(anyhow::anyhow!("not read")),
        };
        let seen = (&mut read.files, &mut read.fingerprint);
        read.loaded = self.load(seen, falls_back);
        read
    }

    fn load(
        &self,
        (files, fingerprint): (&mut Vec<PathBuf>, &mut String),
        falls_back: bool,
    ) -> anyhow::Result<Loaded> {
        let Parsed {
            mut config,
            warnings,
            outline,
        } = self.load_config(files, fingerprint)?;
        (self.adjust)(&mut config);
        let found = self.find(&config, files);
        let last_good = config.supergraph.last_good.as_deref();
        let (found, fallen_back) =
            match (found, last_good.filter(|path| falls_back && path.exists())) {
                (Err(error), Some(path)) => {
                    let why = format!(
                        "{error:#}; served is the last good supergraph, {}",
                        path.display()
                    );
                    (parsed(read_file(path)?, path)?, Some(why))
                }
                (found, _) => (found?, None),
            };
        let (sdl, supergraph) = found;
        fingerprint.push_str(&sdl);
        Ok(Loaded {
            config,
            warnings,
            outline,
            supergraph,
            sdl,
            fallen_back,
        })
    }

    /// The supergraph that is meant, as text and read.
    fn find(
        &self,
        config: &Config,
        files: &mut Vec<PathBuf>,
    ) -> anyhow::Result<(String, Supergraph)> {
        let source = self.supergraph.as_ref();
        let source = source.unwrap_or(&config.supergraph.source);
        let url = source.to_str().filter(|source| is_url(source));
        let text = match url {
            Some(url) => self.remote.read(url, &config.egress)?,
            None => {
                files.push(source.clone());
                let sdl = (self.read_supergraph)(source)?;
                files.extend(sdl.files);
                sdl.text
            }
        };
        parsed(text, source)
    }

    /// How often to look whether the supergraph has changed. None: files tell that themselves.
    pub(super) fn poll_interval(&self, config: &Config) -> Option<Duration> {
        let source = self.supergraph.as_ref();
        let source = source.unwrap_or(&config.supergraph.source);
        let is_remote = source.to_str().is_some_and(is_url);
        is_remote.then_some(config.supergraph.poll_interval)
    }

    /// Keeps a supergraph that is served, for a start at which there is none to be had.
    pub(super) fn keep(config: &Config, sdl: &str) {
        let Some(path) = &config.supergraph.last_good else {
            return;
        };
        // Whole, or as it was.
        let beside = path.with_extension("new");
        let kept = fs::write(&beside, sdl).and_then(|()| fs::rename(&beside, path));
        if let Err(error) = kept {
            tracing::warn!(%error, "cannot keep the supergraph at {}", path.display());
        }
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

fn parsed(text: String, source: &Path) -> anyhow::Result<(String, Supergraph)> {
    let supergraph = Supergraph::parse(&text)
        .with_context(|| format!("{} cannot be served", source.display()))?;
    Ok((text, supergraph))
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
