//! What the composer complains about, in our words and with places.
//!
//! The composer gives places for some errors. For the others the coordinate in its message is looked up in the SDLs.

use apollo_federation::composition::{CompositionFailure, CompositionHint};
use apollo_federation::error::{CompositionError, ErrorCode, SubgraphLocation};
use apollo_federation::supergraph::HintLevel;

use super::diagnostic::{Diagnostic, Location, Severity};
use super::locate;
use super::syntax::{self, ParsedSubgraph};
use super::text::Position;

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
            (Some(subgraph), error.to_string())
        }
        other => (None, other.to_string()),
    };
    let message = plain(&message, subgraph);
    let drawing = Drawing::read(message);
    let message = drawing.as_ref().map_or(message, |drawing| drawing.headline);
    let mut diagnostic = Diagnostic::error(code(error, message), message);
    if let Some(subgraph) = subgraph {
        diagnostic = diagnostic.in_subgraph(subgraph);
    }
    if let Some(drawing) = &drawing {
        diagnostic = diagnostic.help(drawing.help.map(str::to_owned));
        if error.locations().is_empty() {
            diagnostic = diagnostic.at(drawing.location(parsed));
        }
    }
    placed(diagnostic, error.locations(), parsed)
}

/// The composer's code, save where it calls a fault of the SDL an internal error.
fn code(error: &CompositionError, message: &str) -> &'static str {
    match error.code() {
        ErrorCode::Internal if message.contains("supported federation spec version") => {
            "UNKNOWN_FEDERATION_LINK_VERSION"
        }
        code => code.definition().code(),
    }
}

/// The message without what the headline says anyway, and without the advice to bother Apollo.
fn plain<'m>(message: &'m str, subgraph: Option<&String>) -> &'m str {
    let named = subgraph.and_then(|name| {
        message
            .strip_prefix('[')?
            .strip_prefix(name.as_str())?
            .strip_prefix("] ")
    });
    let message = named.unwrap_or(message);
    match message.split_once("please report this bug to Apollo.\n\nDetails: ") {
        Some((_, details)) => details,
        None => message,
    }
}

fn placed(
    mut diagnostic: Diagnostic,
    given: &[SubgraphLocation],
    parsed: &[ParsedSubgraph<'_>],
) -> Diagnostic {
    for location in given.iter().filter_map(|given| location(given, parsed)) {
        if !diagnostic.locations.contains(&location) {
            diagnostic.locations.push(location);
        }
    }
    let found = locate::coordinate(&diagnostic, parsed);
    if let Some(found) = found {
        diagnostic.coordinate = Some(found.coordinate);
        if diagnostic.locations.is_empty() {
            diagnostic.locations = found.locations;
        }
    }
    if diagnostic.locations.is_empty() {
        let link = locate::link(&diagnostic, parsed);
        diagnostic.locations.extend(link);
    }
    diagnostic
}

fn location(given: &SubgraphLocation, parsed: &[ParsedSubgraph<'_>]) -> Option<Location> {
    let subgraph = parsed
        .iter()
        .find(|parsed| parsed.subgraph.name == given.subgraph)?;
    syntax::location(subgraph.source(), &given.range)
}

/// GraphQL validation errors reach us as a drawing for a terminal, often without a place beside it:
///
/// ```text
/// Error: cannot find type `Usr` in this document
///    ╭─[ users:3:7 ]
///    │
/// ```
///
/// We draw our own, so the sentence, the place and the help are taken out of it.
struct Drawing<'m> {
    headline: &'m str,
    /// Subgraph, line and column.
    place: Option<(&'m str, Position)>,
    help: Option<&'m str>,
}

impl<'m> Drawing<'m> {
    fn read(message: &'m str) -> Option<Self> {
        let (headline, drawing) = message.split_once('╭')?;
        let headline = headline.trim_end();
        Some(Self {
            headline: headline.strip_prefix("Error: ").unwrap_or(headline),
            place: Self::place(drawing.lines().next()?),
            help: drawing
                .lines()
                .find_map(|line| Some(line.split_once("Help: ")?.1.trim())),
        })
    }

    fn place(frame: &'m str) -> Option<(&'m str, Position)> {
        let (_, inside) = frame.split_once('[')?;
        let (inside, _) = inside.rsplit_once(']')?;
        let mut parts = inside.trim().rsplitn(3, ':');
        let column = parts.next()?.parse().ok()?;
        let line = parts.next()?.parse().ok()?;
        Some((parts.next()?, Position { line, column }))
    }

    fn location(&self, parsed: &[ParsedSubgraph<'_>]) -> Option<Location> {
        let (name, position) = self.place?;
        let subgraph = parsed.iter().find(|parsed| parsed.subgraph.name == name)?;
        subgraph.source().word(position)
    }
}
