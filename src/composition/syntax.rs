//! Parses subgraph SDLs before the composer sees them.
//!
//! The composer would report syntax errors too, but as drawings made for its own terminal, one subgraph at a time; here
//! every fault of every SDL is a [`Diagnostic`] of ours. The parsed schemas also serve `locate`.

use std::ops::Range;

use apollo_compiler::Schema;
use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::parser::LineColumn;

use super::composer::SubgraphSdl;
use super::diagnostic::Diagnostic;
use super::text::{Position, Source};

/// The composer's code for SDL that is not GraphQL.
pub(super) const INVALID_GRAPHQL: &str = "INVALID_GRAPHQL";

/// A subgraph whose SDL is at least well-formed. It may still refer to types that do not exist.
pub(super) struct ParsedSubgraph<'a> {
    pub subgraph: &'a SubgraphSdl,
    pub schema: Schema,
}

impl<'a> ParsedSubgraph<'a> {
    pub fn source(&self) -> Source<'a> {
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
            Err(refused) => errors.extend(refused.errors.iter().map(|refusal| {
                let span = refusal.error.location();
                let at = span.and_then(|span| span.line_column_range(refusal.sources));
                Diagnostic::error(INVALID_GRAPHQL, refusal.error.to_string())
                    .in_subgraph(&subgraph.name)
                    .at(at.and_then(|at| location(source(subgraph), &at)))
            })),
        }
    }
    if errors.is_empty() {
        Ok(parsed)
    } else {
        Err(errors)
    }
}

/// A range as `apollo-compiler` counts it, as a location of ours.
pub(super) fn location(
    source: Source<'_>,
    range: &Range<LineColumn>,
) -> Option<super::diagnostic::Location> {
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
