//! The files a router is made from, and what they say now.

use super::{
    failure::Usage,
    remote::{Remote, is_url, without_secrets},
};
use crate::{
    config::{self, Config, Environment, Outline, Parsed, Warning},
    schema::Supergraph,
    server::EdgeConfig,
};
use anyhow::Context;
use std::{
    cell::RefCell,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
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
    /// Whether the configuration has ever said anything.
    pub had_settings: AtomicBool,
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
    /// All that was read but certificates and their like, or why it could not be, to tell whether anything changed.
    pub fingerprint: String,
    /// How connections are met, if the configuration makes sense.
    pub edge: Option<EdgeConfig>,
    /// None: it has the fingerprint that was known.
    pub loaded: Option<anyhow::Result<Loaded>>,
}

impl Read {
    /// What was loaded, apart.
    fn whole(mut self) -> anyhow::Result<(Self, Loaded)> {
        let loaded = self.loaded.take();
        let loaded = loaded.unwrap_or_else(|| Err(anyhow::anyhow!("nothing was read")))?;
        Ok((self, loaded))
    }
}

impl Sources {
    /// Reads everything anew. What it means is not looked at again if it has this fingerprint.
    pub(super) fn read(&self, known: &str) -> Read {
        self.read_or(Some(known), false)
    }

    /// Reads everything once.
    pub(super) fn read_once(&self) -> anyhow::Result<Loaded> {
        let read = self.read_or(None, false);
        read.whole().map(|(_, loaded)| loaded)
    }

    /// Reads everything for the first time: where there is no supergraph to be had, the last good one will do.
    pub(super) fn read_first(&self) -> anyhow::Result<(Read, Loaded)> {
        let read = self.read_or(None, true);
        read.whole()
    }

    fn read_or(&self, known: Option<&str>, falls_back: bool) -> Read {
        let mut read = Read {
            files: Vec::new(),
            fingerprint: String::new(),
            edge: None,
            loaded: None,
        };
        let loaded = self.load(&mut read, known, falls_back);
        if let Err(error) = &loaded {
            read.fingerprint.push_str(&format!("{error:#}"));
        }
        let is_known = known == Some(&*read.fingerprint);
        read.loaded = loaded.transpose().filter(|_| !is_known);
        read
    }

    /// None: it is known.
    fn load(
        &self,
        read: &mut Read,
        known: Option<&str>,
        falls_back: bool,
    ) -> anyhow::Result<Option<Loaded>> {
        let Read {
            files,
            fingerprint,
            edge,
            ..
        } = read;
        let Parsed {
            mut config,
            warnings,
            outline,
        } = self.load_config(files, fingerprint)?;
        (self.adjust)(&mut config);
        for file in config.gateway().files() {
            files.push(file.to_owned());
            // What cannot be read is told when it is needed.
            let content = fs::read(file).unwrap_or_default();
            fingerprint.push_str(&String::from_utf8_lossy(&content));
            fingerprint.push('\0');
        }
        *edge = Some(config.server().edge);
        let found = self.find(&config, files).and_then(|(text, source)| {
            fingerprint.push_str(&text);
            if known == Some(fingerprint) {
                return Ok(None);
            }
            parsed(text, source).map(Some)
        });
        let last_good = config.supergraph.last_good.as_deref();
        let last_good = last_good.filter(|path| falls_back && path.exists());
        let (found, fallen_back) = match (found, last_good) {
            (Err(error), Some(path)) => {
                let why = format!(
                    "{error:#}; served is the last good supergraph, {}",
                    path.display()
                );
                (Some(parsed(read_file(path)?, path)?), Some(why))
            }
            (found, _) => (found?, None),
        };
        Ok(found.map(|(sdl, supergraph)| Loaded {
            config,
            warnings,
            outline,
            supergraph,
            sdl,
            fallen_back,
        }))
    }

    /// The text of the supergraph that is meant, and where it is from.
    fn find<'a>(
        &'a self,
        config: &'a Config,
        files: &mut Vec<PathBuf>,
    ) -> anyhow::Result<(String, &'a Path)> {
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
        Ok((text, source))
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
        // Who writes a file begins by emptying it: without policies and authentication, everybody would come in.
        let is_empty = text.trim().is_empty();
        if self.had_settings.fetch_or(!is_empty, Ordering::Relaxed) && is_empty {
            anyhow::bail!("{} is empty, and was not before", path.display());
        }
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
        // These are compared by themselves.
        let beside = path.parent().unwrap_or(Path::new(""));
        let certificates = parsed.iter().flat_map(|parsed| parsed.config.tls.files());
        let certificates: Vec<PathBuf> = certificates.map(|file| beside.join(file)).collect();
        for (path, text) in others.into_inner() {
            if !certificates.contains(&path) {
                fingerprint.push_str(&text);
                fingerprint.push('\0');
            }
            files.push(path);
        }
        Ok(parsed?)
    }
}

fn parsed(text: String, source: &Path) -> anyhow::Result<(String, Supergraph)> {
    let supergraph =
        Supergraph::parse(&text).with_context(|| format!("{} cannot be served", shown(source)))?;
    Ok((text, supergraph))
}

/// A source as it may be written into the log.
fn shown(source: &Path) -> String {
    let written = source.display().to_string();
    match is_url(&written) {
        true => without_secrets(&written),
        false => written,
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
