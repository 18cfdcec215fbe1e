//! `graphql` of a route.

use super::dotted::Dotted;
use crate::gateway::{header_types::Name, misfit::Misfit};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
};

/// The operation that answers a route, and how a request becomes its variables and its data an answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The document. If it is in a file, whoever reads the configuration puts it here.
    #[serde(default)]
    pub operation: Option<String>,
    /// Relative to the configuration.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// Which operation of the document; needed if it has several.
    #[serde(default)]
    pub operation_name: Option<String>,
    /// Where variables come from. Others come from the path, else from the query.
    #[serde(default)]
    pub variables: BTreeMap<String, Source>,
    /// Unset: the data as it is.
    #[serde(default)]
    pub result: Option<Shape>,
    #[serde(default)]
    pub status: Success,
    #[serde(default)]
    pub on_error: OnError,
    /// The status of an answer that fails with an error whose code subgraphs give this name.
    #[serde(default)]
    pub statuses: BTreeMap<String, Failure>,
    #[serde(default)]
    pub not_found_when_null: Option<Dotted>,
    /// Whether query parameters that no variable comes from are refused.
    #[serde(default)]
    pub strict: bool,
    /// For those who read the OpenAPI document.
    #[serde(default)]
    pub description: Option<String>,
}

impl Config {
    /// Reads the document, if it is in a file.
    pub(in crate::gateway::rest) fn read_document(
        &mut self,
        read: &dyn Fn(&Path) -> io::Result<String>,
    ) -> Result<(), Misfit> {
        match (&self.operation, &self.file) {
            (Some(_), None) => Ok(()),
            (None, Some(file)) => {
                let text = read(file).map_err(|error| {
                    let message = format!("cannot read `{}`: {error}", file.display());
                    Misfit::new(&["file"], message)
                })?;
                self.operation = Some(text);
                Ok(())
            }
            (Some(_), Some(_)) => Err(Misfit::new(
                &["file"],
                "`operation` is the document already",
            )),
            (None, None) => Err(Misfit::new(&[], "the key `operation` or `file` is missing")),
        }
    }
}

/// Where a variable comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A part of the path, by the name it has in `match.path`.
    Path(String),
    /// A parameter of the query.
    Query(String),
    Header(Name),
    /// What the caller's token says under this name.
    Claim(String),
    /// A member of the JSON body, or all of it.
    Body(Dotted),
    /// Always this.
    Value(Value),
}

/// What becomes of an operation's data: what is at a place in it, or an object of such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    At(Dotted),
    Object(Vec<(String, Shape)>),
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `untagged`, which would lose the places of errors.
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a place in the data (`me.orders`), or names and a place for each")
    }

    fn visit_str<E: serde::de::Error>(self, written: &str) -> Result<Shape, E> {
        let place = Dotted::try_from(written.to_owned()).map_err(E::custom)?;
        Ok(Shape::At(place))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = entries.next_entry()? {
            members.push(member);
        }
        Ok(Shape::Object(members))
    }
}

/// What field errors make of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// Problem details, and no data.
    #[default]
    Fail,
    /// What there is, with the errors beside it.
    Partial,
}

/// The status of an answer that has what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub struct Success(pub u16);

impl Default for Success {
    fn default() -> Self {
        Self(200)
    }
}

impl TryFrom<u16> for Success {
    type Error = String;

    fn try_from(status: u16) -> Result<Self, String> {
        match status {
            200 | 201 | 202 | 204 => Ok(Self(status)),
            _ => Err(format!("{status} must be 200, 201, 202 or 204")),
        }
    }
}

/// The status of an answer that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub struct Failure(pub u16);

impl TryFrom<u16> for Failure {
    type Error = String;

    fn try_from(status: u16) -> Result<Self, String> {
        match status {
            400..=599 => Ok(Self(status)),
            _ => Err(format!("{status} does not tell of a failure: 400 to 599")),
        }
    }
}
