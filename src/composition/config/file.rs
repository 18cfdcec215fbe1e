//! The shape of `supergraph.yaml`, as it is written: every value with its place, nothing interpreted.

use std::fmt;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_yaml::{MessageFormatter, Spanned, UserMessageFormatter};

use super::INVALID_CONFIG;
use crate::composition::diagnostic::{Diagnostic, Location};
use crate::composition::nearest::nearest;
use crate::composition::text::{Position, Source};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub federation_version: Option<Spanned<String>>,
    pub subgraphs: Spanned<Entries>,
}

/// The subgraphs in order, with the places of their names.
pub(super) struct Entries(pub Vec<(Spanned<String>, Spanned<Entry>)>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    #[serde(default)]
    pub routing_url: Option<Spanned<String>>,
    pub schema: Spanned<Schema>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Schema {
    #[serde(default)]
    pub file: Option<Spanned<String>>,
    #[serde(default)]
    pub subgraph_url: Option<Spanned<String>>,
    #[serde(default)]
    pub introspection_headers: Option<Spanned<IndexMap<String, Spanned<String>>>>,
    #[serde(default)]
    pub sdl: Option<Spanned<String>>,
}

pub(super) fn read(source: Source<'_>) -> Result<File, Vec<Diagnostic>> {
    let options = serde_yaml::options! { with_snippet: false };
    serde_yaml::from_str_with_options(source.text, options).map_err(|error| {
        let at = error.location().and_then(|at| location(source, at));
        let diagnostic = match &error {
            serde_yaml::Error::SerdeUnknownField {
                field, expected, ..
            } => Diagnostic::error(INVALID_CONFIG, format!("unknown key `{field}`"))
                .help(instead(field, expected)),
            other => Diagnostic::error(INVALID_CONFIG, UserMessageFormatter.format_message(other)),
        };
        vec![diagnostic.at(at.unwrap_or_else(|| beginning(source)))]
    })
}

/// What to write instead of an unknown key.
fn instead(key: &str, valid: &[&str]) -> String {
    match nearest(key, valid.iter().copied()) {
        _ if matches!(key, "graphref" | "subgraph") => {
            "schemas from Apollo's registry are not supported: use `file`, `subgraph_url` or `sdl`"
                .to_owned()
        }
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the keys here are `{}`", valid.join("`, `")),
    }
}

/// Of an empty file the parser does not say where it is empty.
fn beginning(source: Source<'_>) -> Location {
    Location {
        subgraph: None,
        file: source.file.to_owned(),
        line: 1,
        column: 1,
        end_column: 2,
        source_line: source.text.lines().next().unwrap_or_default().to_owned(),
    }
}

/// Where a value stands in the file.
pub(super) fn location(source: Source<'_>, at: serde_yaml::Location) -> Option<Location> {
    let start = Position {
        line: usize::try_from(at.line()).ok()?,
        column: usize::try_from(at.column()).ok()?,
    };
    let length = usize::try_from(at.span().len()).ok()?;
    let line_length = source.text.lines().nth(start.line.checked_sub(1)?)?;
    // A value of several lines (a mapping, block text) is shown by its first one.
    let end = Position {
        line: start.line,
        column: (start.column + length).min(line_length.trim_end().chars().count() + 1),
    };
    source.location(start, end)
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping from subgraph names to their `routing_url` and `schema`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
