//! `supergraph.yaml` in rover's format: which subgraphs there are, where each is reached, and where its SDL is found.
//!
//! It only reads text; getting the SDLs is `sources`. Everything wrong is reported at its line, and when the shape of
//! the file is sound, all of it at once.

mod file;

use std::path::{Path, PathBuf};

use http::Uri;
use indexmap::IndexMap;
use serde_yaml::Spanned;

use self::file::{Entry, File, Schema};
use super::diagnostic::{Diagnostic, Location};
use super::environment;
use super::names;
use super::text::Source;

pub(super) const INVALID_CONFIG: &str = "INVALID_SUPERGRAPH_CONFIG";

/// A checked `supergraph.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupergraphConfig {
    /// As written (`2`, `=2.9.0`). Graphway brings its own composer, so only the major version counts.
    pub federation_version: Option<String>,
    /// By subgraph name, in the order of the file.
    pub subgraphs: IndexMap<String, SubgraphSource>,
}

/// One subgraph of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubgraphSource {
    /// Where the router sends this subgraph's requests.
    pub routing_url: String,
    pub schema: SchemaSource,
    /// Where the file says where the schema is.
    pub location: Option<Location>,
}

/// Where a subgraph's SDL is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaSource {
    /// Already relative to the working directory, not to `supergraph.yaml`.
    File(PathBuf),
    Introspect(Introspection),
    Sdl(String),
}

/// A running subgraph to ask `{ _service { sdl } }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introspection {
    /// Absolute, `http` or `https`.
    pub url: Uri,
    /// Headers to send, in the order of the file.
    pub headers: IndexMap<String, String>,
}

impl SupergraphConfig {
    /// Reads `text`, the contents of the file at `path`; `variable` looks up environment variables.
    pub fn parse(
        path: &Path,
        text: &str,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let file_name = path.display().to_string();
        let source = Source {
            subgraph: None,
            file: &file_name,
            text,
        };
        let file = file::read(source)?;
        let mut reader = Reader {
            source,
            directory: path.parent().unwrap_or(Path::new("")),
            variable,
            errors: Vec::new(),
        };
        let config = reader.config(&file);
        if reader.errors.is_empty() {
            Ok(config)
        } else {
            Err(reader.errors)
        }
    }
}

/// Turns what the file says into what it means, collecting faults on the way.
struct Reader<'a> {
    source: Source<'a>,
    directory: &'a Path,
    variable: &'a dyn Fn(&str) -> Option<String>,
    errors: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn config(&mut self, file: &File) -> SupergraphConfig {
        let federation_version = self.optional(file.federation_version.as_ref());
        if let Some(written) = &file.federation_version
            && let Some(version) = &federation_version
            && !is_federation_2(version)
        {
            self.refuse(
                written,
                format!("Graphway composes with Federation 2; `{version}` is not a version of it"),
            );
        }
        let entries = &file.subgraphs.value.0;
        if entries.is_empty() {
            self.refuse(&file.subgraphs, "`subgraphs` names no subgraph");
        }
        for (index, error) in names::check(entries.iter().map(|(name, _)| name.value.as_str())) {
            let location = file::location(self.source, entries[index].0.referenced);
            self.errors
                .push(Diagnostic::error(error.code(), error.to_string()).at(location));
        }
        SupergraphConfig {
            federation_version,
            subgraphs: entries
                .iter()
                .filter_map(|(name, entry)| {
                    Some((name.value.clone(), self.subgraph(name, &entry.value)?))
                })
                .collect(),
        }
    }

    fn subgraph(&mut self, name: &Spanned<String>, entry: &Entry) -> Option<SubgraphSource> {
        let written_url = self.optional(entry.routing_url.as_ref());
        if let Some(written) = &entry.routing_url
            && let Some(url) = &written_url
            && !is_absolute(url)
        {
            self.refuse(
                written,
                format!("`{url}` is not a URL a router can send requests to"),
            );
        }
        let (schema, place) = self.schema(&entry.schema)?;
        let routing_url = match (written_url, &schema) {
            (Some(url), _) => url,
            (None, SchemaSource::Introspect(introspection)) => introspection.url.to_string(),
            (None, _) if entry.routing_url.is_some() => return None,
            (None, _) => {
                self.refuse(
                    name,
                    format!(
                        "subgraph `{}` needs a `routing_url`: only an introspected schema brings its own",
                        name.value
                    ),
                );
                return None;
            }
        };
        Some(SubgraphSource {
            routing_url,
            schema,
            location: file::location(self.source, place.referenced),
        })
    }

    /// The one source that `schema` names, and the value that names it.
    fn schema<'e>(
        &mut self,
        written: &'e Spanned<Schema>,
    ) -> Option<(SchemaSource, &'e Spanned<String>)> {
        let schema = &written.value;
        if let Some(headers) = &schema.introspection_headers
            && schema.subgraph_url.is_none()
        {
            self.refuse(
                headers,
                "`introspection_headers` are sent to a `subgraph_url`, and there is none",
            );
        }
        match (&schema.file, &schema.subgraph_url, &schema.sdl) {
            (Some(file), None, None) => {
                let path = self.expand(file)?;
                // By components, so that `./users.graphql` is shown without its dot.
                let path = self.directory.join(path).components().collect();
                Some((SchemaSource::File(path), file))
            }
            (None, Some(url), None) => {
                let introspection = self.introspection(url, schema)?;
                Some((SchemaSource::Introspect(introspection), url))
            }
            // A schema's own text is not configuration: a `${` in a description stays.
            (None, None, Some(sdl)) => Some((SchemaSource::Sdl(sdl.value.clone()), sdl)),
            _ => {
                self.refuse(
                    written,
                    "`schema` takes exactly one of `file`, `subgraph_url` and `sdl`",
                );
                None
            }
        }
    }

    fn introspection(
        &mut self,
        written: &Spanned<String>,
        schema: &Schema,
    ) -> Option<Introspection> {
        let headers = schema.introspection_headers.as_ref();
        let headers = headers.map_or_else(IndexMap::new, |headers| {
            headers
                .value
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), self.expand(value)?)))
                .collect()
        });
        let url = self.expand(written)?;
        match url.parse::<Uri>() {
            Ok(url)
                if matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some() =>
            {
                Some(Introspection { url, headers })
            }
            _ => {
                self.refuse(
                    written,
                    format!("`{url}` is not an http or https URL to introspect"),
                );
                None
            }
        }
    }

    fn optional(&mut self, written: Option<&Spanned<String>>) -> Option<String> {
        written.and_then(|written| self.expand(written))
    }

    fn expand(&mut self, written: &Spanned<String>) -> Option<String> {
        match environment::expand(&written.value, self.variable) {
            Ok(text) => Some(text),
            Err(message) => {
                self.refuse(written, message);
                None
            }
        }
    }

    fn refuse<T>(&mut self, written: &Spanned<T>, message: impl Into<String>) {
        let location = file::location(self.source, written.referenced);
        self.errors
            .push(Diagnostic::error(INVALID_CONFIG, message).at(location));
    }
}

/// `2`, `2.9`, `=2.9.0`, `v2.9`, and rover's `latest-2`.
fn is_federation_2(version: &str) -> bool {
    let number = version.trim_start_matches("latest-");
    let number = number.trim_start_matches(['=', 'v']);
    number == "2" || number.starts_with("2.")
}

/// Looser than `http::Uri`, because routers also send to `unix:///path`.
fn is_absolute(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.is_empty() && !rest.is_empty() && !url.contains(char::is_whitespace)
    })
}
