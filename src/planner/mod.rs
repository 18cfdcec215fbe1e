//! Turns an operation into a plan of subgraph fetches.
//!
//! Planning is pure: same supergraph and operation, same plan. It never sees variable values, headers or the network,
//! so a plan can be cached, printed and tested as text. Running it is `crate::executor`'s work.

mod budget;
mod error;
mod fetches;
mod graph;
mod improve;
mod json;
mod mermaid;
mod plan;
mod search;
mod text;
#[cfg(debug_assertions)]
mod verify;

use crate::operation::Operation;
use crate::schema::Supergraph;

pub use budget::Budget;
pub use error::Error;
pub use plan::{
    Entities, Fetch, FetchId, FetchKind, Leaf, Output, OutputField, OutputValue, Plan, Position,
    PositionId, Read, ReadField, Representation, RepresentationField, Target, Typename,
};
pub use text::PlanText;

/// How many positions beyond the client's selections keys may need hops of their own: first few, then more.
const HOPS: [u8; 3] = [1, 3, 6];

/// Plans `operation` with the usual [`Budget`].
pub fn plan(supergraph: &Supergraph, operation: &Operation) -> Result<Plan, Error> {
    plan_within(supergraph, operation, &Budget::usual())
}

/// Plans `operation`. Fails where no combination of fetches answers it, or where that takes more than `budget` allows.
pub fn plan_within(
    supergraph: &Supergraph,
    operation: &Operation,
    budget: &Budget,
) -> Result<Plan, Error> {
    let mut failed = None;
    for hops in HOPS {
        let graph = graph::build(supergraph, operation, (hops, budget))?;
        match improve::search(supergraph, operation, (&graph, budget)) {
            Ok(selection) => {
                let plan = fetches::assemble(&fetches::Source {
                    supergraph,
                    operation,
                    graph: &graph,
                    selection: &selection,
                });
                #[cfg(debug_assertions)]
                assert_eq!(
                    verify::verify(supergraph, operation, &plan),
                    Ok(()),
                    "{}",
                    plan.display(supergraph)
                );
                return Ok(plan);
            }
            Err(error @ Error::Unreachable { .. }) => failed = failed.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    Err(failed.unwrap_or(Error::TooLarge { limit: 0 }))
}
