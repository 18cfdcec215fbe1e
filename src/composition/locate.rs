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

/// A word in quotes, or `Type.field` without them.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"["`](@?[_A-Za-z][\w.]*(?:\(\w+:\))?)["`]|\b([_A-Za-z]\w*\.\w+(?:\(\w+:\))?)"#)
        .ok()
});

/// The first coordinate the message names that exists in the subgraphs concerned. The composer's messages start with
/// what they are about.
pub(super) fn coordinate(diagnostic: &Diagnostic, parsed: &[ParsedSubgraph<'_>]) -> Option<Found> {
    let words = named(&diagnostic.message);
    let concerned = concerned(diagnostic, &words, parsed);
    let is_subgraph = |word: &&str| parsed.iter().any(|parsed| parsed.subgraph.name == *word);
    words
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

/// For faults in `@link`, which has no coordinate: the string the message quotes, or the first link there is.
pub(super) fn link(diagnostic: &Diagnostic, parsed: &[ParsedSubgraph<'_>]) -> Option<Location> {
    let message = &diagnostic.message;
    let is_about_links = ["@link", "import", "federation spec version"];
    if !is_about_links.iter().any(|words| message.contains(words)) {
        return None;
    }
    let name = diagnostic.subgraph.as_ref()?;
    let source = parsed
        .iter()
        .find(|parsed| parsed.subgraph.name == *name)?
        .source();
    message
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|string| !string.is_empty())
        .find_map(|string| source.first(&format!("\"{string}\"")))
        .or_else(|| source.first("@link("))
}

fn named(message: &str) -> Vec<&str> {
    let Some(named) = NAMED.as_ref() else {
        return Vec::new();
    };
    named
        .captures_iter(message)
        .filter_map(|captures| captures.get(1).or(captures.get(2)))
        .map(|word| word.as_str())
        .collect()
}

/// The subgraphs the message names, or all when it names none.
fn concerned<'p, 'a>(
    diagnostic: &Diagnostic,
    words: &[&str],
    parsed: &'p [ParsedSubgraph<'a>],
) -> Vec<&'p ParsedSubgraph<'a>> {
    let is_named = |parsed: &&ParsedSubgraph<'_>| {
        let name = parsed.subgraph.name.as_str();
        diagnostic.subgraph.as_deref() == Some(name) || words.contains(&name)
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
