//! Parses subgraph SDLs before the composer sees them.
//!
//! The composer would report syntax errors too, but as drawings made for its own terminal, one subgraph at a time; here
//! every fault of every SDL is a [`Diagnostic`] of ours. The parsed schemas also serve `locate`.

use std::ops::Range;

use apollo_compiler::Schema;
use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::parser::LineColumn;
use apollo_compiler::validation::DiagnosticList;

use super::composer::SubgraphSdl;
use super::diagnostic::{Diagnostic, Location};
use super::text::{Position, Source};

/// The composer's code for SDL that is not GraphQL.
pub(super) const INVALID_GRAPHQL: &str = "INVALID_GRAPHQL";

/// A subgraph whose SDL is at least well-formed. It may still refer to types that do not exist.
pub(super) struct ParsedSubgraph<'a> {
    pub subgraph: &'a SubgraphSdl,
    pub schema: Schema,
}

impl<'a> ParsedSubgraph<'a> {
    pub(super) fn source(&self) -> Source<'a> {
        source(self.subgraph)
    }
}

/// Parses each SDL as leniently as the composer does: extensions without a definition are fine.
pub(super) fn parse(subgraphs: &[SubgraphSdl]) -> Result<Vec<ParsedSubgraph<'_>>, Vec<Diagnostic>> {
    let mut parsed = Vec::new();
    let mut errors = Vec::new();
    for subgraph in subgraphs {
        let built = Schema::builder()
            .adopt_orphan_extensions()
            .ignore_builtin_redefinitions()
            .parse(subgraph.text(), &subgraph.origin)
            .build();
        match built {
            Ok(schema) => parsed.push(ParsedSubgraph { subgraph, schema }),
            Err(refused) => errors.extend(diagnostics(&refused.errors, subgraph)),
        }
    }
    if errors.is_empty() {
        Ok(parsed)
    } else {
        Err(errors)
    }
}

fn diagnostics(refusals: &DiagnosticList, subgraph: &SubgraphSdl) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for refusal in refusals.iter() {
        let message = refusal.error.to_string();
        let is_syntax = message.starts_with("syntax error");
        let span = refusal.error.location();
        let at = span.and_then(|span| span.line_column_range(refusal.sources));
        diagnostics.push(
            Diagnostic::error(INVALID_GRAPHQL, with_plain_tokens(message))
                .in_subgraph(&subgraph.name)
                .at(at.and_then(|at| location(source(subgraph), &at))),
        );
        if is_syntax {
            // The parser goes on after a fault, but what it finds there is mostly an echo.
            break;
        }
    }
    diagnostics
}

/// The parser calls brackets by its own names for them.
fn with_plain_tokens(message: String) -> String {
    [
        ("L_CURLY", "`{`"),
        ("R_CURLY", "`}`"),
        ("L_BRACK", "`[`"),
        ("R_BRACK", "`]`"),
        ("L_PAREN", "`(`"),
        ("R_PAREN", "`)`"),
    ]
    .into_iter()
    .fold(message, |message, (name, token)| {
        message.replace(name, token)
    })
}

/// A range as `apollo-compiler` counts it, as a location of ours.
pub(super) fn location(source: Source<'_>, range: &Range<LineColumn>) -> Option<Location> {
    let position = |at: LineColumn| Position {
        line: at.line,
        column: at.column,
    };
    source.location(position(range.start), position(range.end))
}

fn source(subgraph: &SubgraphSdl) -> Source<'_> {
    Source {
        subgraph: Some(&subgraph.name),
        file: &subgraph.origin,
        text: subgraph.text(),
    }
}
