//! From a message that names a schema coordinate (`"Product.price"`) to the lines that define it.
//!
//! Many of the composer's errors are about the whole supergraph and carry no place; their message names what they are
//! about and, often, the subgraphs concerned.

use std::sync::LazyLock;

use apollo_compiler::Name;
use apollo_compiler::coordinate::{SchemaCoordinate, SchemaCoordinateLookup};
use apollo_compiler::schema::ExtendedType;
use regex::Regex;

use super::diagnostic::{Diagnostic, Location};
use super::syntax::{self, ParsedSubgraph};

/// A coordinate and where it is defined.
pub(super) struct Found {
    pub coordinate: String,
    pub locations: Vec<Location>,
}

static QUOTED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"["`](@?[_A-Za-z][\w.]*(?:\(\w+:\))?)["`]"#).ok());

/// The first coordinate the message names that exists in the subgraphs concerned. The composer's messages start with
/// what they are about.
pub(super) fn coordinate(diagnostic: &Diagnostic, parsed: &[ParsedSubgraph<'_>]) -> Option<Found> {
    let quoted = quoted(&diagnostic.message);
    let concerned = concerned(diagnostic, &quoted, parsed);
    let is_subgraph = |word: &&str| parsed.iter().any(|parsed| parsed.subgraph.name == *word);
    quoted
        .into_iter()
        .filter(|word| !is_subgraph(word))
        .find_map(|word| {
            let coordinate: SchemaCoordinate = word.parse().ok()?;
            let locations: Vec<Location> = concerned
                .iter()
                .filter_map(|parsed| definition(&coordinate, parsed))
                .collect();
            (!locations.is_empty()).then(|| Found {
                coordinate: word.to_owned(),
                locations,
            })
        })
}

/// Where the subgraph at fault mentions what the message is about, for what has no coordinate: the strings in `@link`.
pub(super) fn mention(diagnostic: &Diagnostic, parsed: &[ParsedSubgraph<'_>]) -> Option<Location> {
    let name = diagnostic.subgraph.as_ref()?;
    let source = parsed
        .iter()
        .find(|parsed| parsed.subgraph.name == *name)?
        .source();
    // Whole strings only, quotes and all: what stands between them may be anywhere.
    let message = &diagnostic.message;
    let strings = message.split('"').skip(1).step_by(2);
    let found = strings
        .filter(|string| !string.is_empty())
        .find_map(|string| source.first(&format!("\"{string}\"")));
    found.or_else(|| {
        let is_about_links = message.contains("@link") || message.contains("federation spec");
        is_about_links.then(|| source.first("@link("))?
    })
}

fn quoted(message: &str) -> Vec<&str> {
    let Some(quoted) = QUOTED.as_ref() else {
        return Vec::new();
    };
    quoted
        .captures_iter(message)
        .filter_map(|captures| captures.get(1))
        .map(|word| word.as_str())
        .collect()
}

/// The subgraphs the message names, or all when it names none.
fn concerned<'p, 'a>(
    diagnostic: &Diagnostic,
    quoted: &[&str],
    parsed: &'p [ParsedSubgraph<'a>],
) -> Vec<&'p ParsedSubgraph<'a>> {
    let is_named = |parsed: &&ParsedSubgraph<'_>| {
        let name = parsed.subgraph.name.as_str();
        diagnostic.subgraph.as_deref() == Some(name) || quoted.contains(&name)
    };
    let named: Vec<_> = parsed.iter().filter(is_named).collect();
    if named.is_empty() {
        parsed.iter().collect()
    } else {
        named
    }
}

fn definition(coordinate: &SchemaCoordinate, parsed: &ParsedSubgraph<'_>) -> Option<Location> {
    let name = match coordinate.lookup(&parsed.schema).ok()? {
        SchemaCoordinateLookup::Type(definition) => type_name(definition),
        SchemaCoordinateLookup::Directive(definition) => &definition.name,
        SchemaCoordinateLookup::Field(definition) => &definition.name,
        SchemaCoordinateLookup::InputField(definition) => &definition.name,
        SchemaCoordinateLookup::EnumValue(definition) => &definition.value,
        SchemaCoordinateLookup::Argument(definition) => &definition.name,
        _ => return None,
    };
    let range = name.line_column_range(&parsed.schema.sources)?;
    syntax::location(parsed.source(), &range)
}

fn type_name(definition: &ExtendedType) -> &Name {
    match definition {
        ExtendedType::Scalar(definition) => &definition.name,
        ExtendedType::Object(definition) => &definition.name,
        ExtendedType::Interface(definition) => &definition.name,
        ExtendedType::Union(definition) => &definition.name,
        ExtendedType::Enum(definition) => &definition.name,
        ExtendedType::InputObject(definition) => &definition.name,
    }
}
