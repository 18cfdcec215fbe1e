//! What the composer complains about, in our words and with places.
//!
//! The composer gives places for some errors. For the others the coordinate in its message is looked up in the SDLs.

use apollo_federation::composition::{CompositionFailure, CompositionHint};
use apollo_federation::error::{CompositionError, SubgraphLocation};
use apollo_federation::supergraph::HintLevel;

use super::diagnostic::{Diagnostic, Location, Severity};
use super::locate;
use super::syntax::{self, ParsedSubgraph};

pub(super) fn errors(
    failure: &CompositionFailure,
    parsed: &[ParsedSubgraph<'_>],
) -> Vec<Diagnostic> {
    let mut errors: Vec<Diagnostic> = failure
        .errors
        .iter()
        .map(|error| self::error(error, parsed))
        .collect();
    if errors.is_empty() {
        errors.push(Diagnostic::error(
            "INTERNAL",
            "the composer failed without saying why",
        ));
    }
    errors
}

pub(super) fn hints(hints: &[CompositionHint], parsed: &[ParsedSubgraph<'_>]) -> Vec<Diagnostic> {
    let mut hints: Vec<Diagnostic> = hints
        .iter()
        .map(|hint| {
            let severity = match hint.level() {
                HintLevel::Warn => Severity::Warning,
                HintLevel::Info => Severity::Info,
                HintLevel::Debug => Severity::Debug,
            };
            let diagnostic = Diagnostic::new(severity, hint.code(), hint.message());
            placed(diagnostic, &hint.locations, parsed)
        })
        .collect();
    hints.sort_by_key(|hint| std::cmp::Reverse(hint.severity));
    hints
}

fn error(error: &CompositionError, parsed: &[ParsedSubgraph<'_>]) -> Diagnostic {
    let (subgraph, message) = match error {
        CompositionError::SubgraphError {
            subgraph, error, ..
        } => (Some(subgraph), error.to_string()),
        CompositionError::ExtensionWithNoBase { subgraph, .. } => {
            let message = error.to_string();
            let prefix = format!("[{subgraph}] ");
            let message = message
                .strip_prefix(&prefix)
                .map(str::to_owned)
                .unwrap_or(message);
            (Some(subgraph), message)
        }
        other => (None, other.to_string()),
    };
    let code = error.code();
    let (message, help) = undrawn(&message);
    let mut diagnostic = Diagnostic::error(code.definition().code(), message).help(help);
    if let Some(subgraph) = subgraph {
        diagnostic = diagnostic.in_subgraph(subgraph);
    }
    placed(diagnostic, error.locations(), parsed)
}

fn placed(
    mut diagnostic: Diagnostic,
    given: &[SubgraphLocation],
    parsed: &[ParsedSubgraph<'_>],
) -> Diagnostic {
    let found = locate::coordinate(&diagnostic, parsed);
    for location in given.iter().filter_map(|given| location(given, parsed)) {
        if !diagnostic.locations.contains(&location) {
            diagnostic.locations.push(location);
        }
    }
    if let Some(found) = found {
        diagnostic.coordinate = Some(found.coordinate);
        if diagnostic.locations.is_empty() {
            diagnostic.locations = found.locations;
        }
    }
    diagnostic
}

fn location(given: &SubgraphLocation, parsed: &[ParsedSubgraph<'_>]) -> Option<Location> {
    let subgraph = parsed
        .iter()
        .find(|parsed| parsed.subgraph.name == given.subgraph)?;
    syntax::location(subgraph.source(), &given.range)
}

/// GraphQL validation errors reach us as drawings for a terminal (`Error: …`, then a frame with the source). We draw
/// our own, so only the sentence and the help are kept.
fn undrawn(message: &str) -> (String, Option<String>) {
    let Some((headline, drawing)) = message.split_once('╭') else {
        return (message.to_owned(), None);
    };
    let headline = headline.trim_end().trim_end_matches('─').trim_end();
    let headline = headline.strip_prefix("Error: ").unwrap_or(headline);
    let help = drawing
        .lines()
        .find_map(|line| Some(line.split_once("Help: ")?.1.trim().to_owned()));
    (headline.to_owned(), help)
}
