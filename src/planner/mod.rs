//! Turns an operation into a plan of subgraph fetches.
//!
//! Planning is pure: same supergraph and operation, same plan. It never sees variable values, headers or the network,
//! so a plan can be cached, printed and tested as text. Running it is `crate::executor`'s work.

mod error;
mod explain;
mod fetches;
mod graph;
mod json;
mod mermaid;
mod plan;
mod search;
mod text;
#[cfg(debug_assertions)]
mod verify;

use crate::operation::Operation;
use crate::schema::Supergraph;
use graph::Graph;
use search::Selection;

pub use error::{Error, Missing, Tried};
pub use explain::{
    Alternative, Change, Entered, Explanation, FetchReasons, Need, Passed, Provided, Purpose,
    Required, Saving, Size,
};
pub use plan::{
    Entities, Fetch, FetchId, FetchKind, Leaf, Output, OutputField, OutputValue, Plan, Position,
    PositionId, Read, ReadField, Representation, RepresentationField, Target, Typename,
};
pub use text::PlanText;

/// How many positions beyond the client's selections keys may need hops of their own: first few, then more.
const HOPS: [u8; 3] = [1, 3, 6];

/// Plans `operation`. Fails only where no combination of fetches answers it.
pub fn plan(supergraph: &Supergraph, operation: &Operation) -> Result<Plan, Error> {
    let (graph, selection) = solve(supergraph, operation)?;
    let source = fetches::Source {
        supergraph,
        operation,
        graph: &graph,
        selection: &selection,
    };
    Ok(assemble(&source))
}

/// Plans `operation` as [`plan()`] does, and says why the plan is as it is. The explanation takes many times as long as
/// the plan: what else could have been done is planned, too.
pub fn explain(
    supergraph: &Supergraph,
    operation: &Operation,
) -> Result<(Plan, Explanation), Error> {
    let (graph, selection) = solve(supergraph, operation)?;
    let source = fetches::Source {
        supergraph,
        operation,
        graph: &graph,
        selection: &selection,
    };
    let plan = assemble(&source);
    let explanation = explain::explain((supergraph, operation), graph, &selection);
    Ok((plan, explanation))
}

/// Builds the graph of an operation and chooses in it.
fn solve<'a>(
    supergraph: &'a Supergraph,
    operation: &'a Operation,
) -> Result<(Graph<'a>, Selection), Error> {
    let mut failed = None;
    for hops in HOPS {
        let graph = graph::build(supergraph, operation, hops)?;
        match search::select(&graph) {
            Ok(selection) => return Ok((graph, selection)),
            Err(lost) => failed = Some((graph, lost)),
        }
    }
    Err(match failed {
        Some((graph, lost)) => explain::unreachable(supergraph, &graph, &lost),
        None => Error::TooLarge { limit: 0 },
    })
}

fn assemble(source: &fetches::Source) -> Plan {
    let plan = fetches::assemble(source);
    #[cfg(debug_assertions)]
    assert_eq!(
        verify::verify(&plan),
        Ok(()),
        "{}",
        plan.display(source.supergraph)
    );
    plan
}
