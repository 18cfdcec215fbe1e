//! The one place that calls `apollo-federation`.
//!
//! The crate is not ours, walks schemas recursively and asserts its invariants by panicking. So it runs on a thread of its
//! own with a large stack, and a panic becomes a [`Diagnostic`] like any other.

use std::any::Any;
use std::thread;

use apollo_federation::composition::{CompositionFailure, CompositionOptions};
use apollo_federation::subgraph::typestate::{Initial, Subgraph};

use super::complaint;
use super::diagnostic::Diagnostic;
use super::names;
use super::print;
use super::syntax::{self, ParsedSubgraph};

/// Reserved, not committed: the pages are touched only as deep as a schema nests.
const STACK_BYTES: usize = 256 << 20;

/// One subgraph to compose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubgraphSdl {
    pub name: String,
    /// Written into the supergraph for the router to send requests to.
    pub routing_url: String,
    pub sdl: String,
    /// The path or URL the SDL came from, for diagnostics.
    pub origin: String,
}

impl SubgraphSdl {
    /// The SDL without a byte order mark.
    pub(super) fn text(&self) -> &str {
        self.sdl.trim_start_matches('\u{feff}')
    }
}

/// A composed supergraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composition {
    /// The supergraph SDL. The same subgraphs give the same bytes, in whatever order they come.
    pub supergraph: String,
    /// What the composer noticed without refusing, most important first.
    pub hints: Vec<Diagnostic>,
}

/// Composes the subgraphs into one supergraph, or says everything that keeps them from it.
pub fn compose(subgraphs: &[SubgraphSdl]) -> Result<Composition, Vec<Diagnostic>> {
    apart(|| compose_here(subgraphs))
}

/// Runs `work` where it can neither overflow the caller's stack nor unwind into the caller.
fn apart<T: Send>(
    work: impl FnOnce() -> Result<T, Vec<Diagnostic>> + Send,
) -> Result<T, Vec<Diagnostic>> {
    let roomy = thread::Builder::new()
        .name("compose".to_owned())
        .stack_size(STACK_BYTES);
    thread::scope(|scope| {
        roomy
            .spawn_scoped(scope, work)
            .map_err(|error| {
                let message = format!("cannot start a thread to compose on: {error}");
                vec![Diagnostic::error("INTERNAL", message)]
            })?
            .join()
            .unwrap_or_else(|panic| Err(vec![panicked(panic.as_ref())]))
    })
}

fn compose_here(subgraphs: &[SubgraphSdl]) -> Result<Composition, Vec<Diagnostic>> {
    let misnamed = names::check(subgraphs.iter().map(|subgraph| subgraph.name.as_str()));
    if !misnamed.is_empty() {
        return Err(misnamed
            .into_iter()
            .map(|(_, error)| Diagnostic::error(error.code(), error.to_string()))
            .collect());
    }
    let mut parsed = syntax::parse(subgraphs)?;
    // The composer goes by name; so do the places we find, and the order of the file makes no difference.
    parsed.sort_by_key(|parsed| &parsed.subgraph.name);
    let composed = merge(&parsed).map_err(|failure| complaint::errors(&failure, &parsed))?;
    Ok(Composition {
        supergraph: print::supergraph(composed.schema().schema()),
        hints: complaint::hints(composed.hints(), &parsed),
    })
}

type Supergraph =
    apollo_federation::composition::Supergraph<apollo_federation::composition::Satisfiable>;

fn merge(parsed: &[ParsedSubgraph<'_>]) -> Result<Supergraph, CompositionFailure> {
    let subgraphs = parsed
        .iter()
        .map(|ParsedSubgraph { subgraph, .. }| {
            Subgraph::<Initial>::parse(&subgraph.name, &subgraph.routing_url, subgraph.text())
        })
        .collect::<Result<Vec<_>, _>>()?;
    apollo_federation::composition::compose(subgraphs, CompositionOptions::default())
}

fn panicked(panic: &(dyn Any + Send)) -> Diagnostic {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    Diagnostic::error("INTERNAL", format!("the composer panicked: {message}"))
        .help("this is a fault of the `apollo-federation` crate, not of your subgraphs".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_diagnostic() {
        let errors = apart::<()>(|| panic!("no {} at {}", "subgraph", 7)).unwrap_err();
        assert_eq!(
            errors[0].to_string(),
            "error[INTERNAL]: the composer panicked: no subgraph at 7\n  \
             = help: this is a fault of the `apollo-federation` crate, not of your subgraphs"
        );
    }

    #[test]
    fn deep_recursion_has_room() {
        fn descend(levels: usize) -> usize {
            let frame = std::hint::black_box([levels; 100]);
            match levels {
                0 => 0,
                _ => descend(levels - 1) + frame.len() / 100,
            }
        }
        assert_eq!(apart(|| Ok(descend(100_000))).ok(), Some(100_000));
    }
}
