//! Turns an operation into a plan of subgraph fetches.
//!
//! Planning is pure: same supergraph and operation, same plan. It never sees variable values, headers or the network,
//! so a plan can be cached, printed and tested as text. Running it is `crate::executor`'s work.

mod budget;
mod cost;
mod error;
mod explain;
mod fetches;
mod graph;
mod improve;
mod json;
mod mermaid;
mod plan;
mod search;
mod template;
mod text;
#[cfg(debug_assertions)]
mod verify;

use crate::operation::Operation;
use crate::schema::Supergraph;
use graph::Graph;
use search::{Failure, Selection};

pub use budget::Budget;
pub use cost::{COST_MAX, Cost, CostError, Estimate, ListSizes, Weight};
pub use error::{Error, Missing, Tried};
pub use explain::{
    Alternative, Change, Entered, Explanation, FetchReasons, Need, Passed, Provided, Purpose,
    Required, Saving, Size,
};
pub use plan::{
    ContextSource, Entities, Fetch, FetchId, FetchKind, Leaf, Output, OutputField, OutputValue,
    Plan, Position, PositionId, Read, ReadField, Representation, RepresentationField, Target,
    Typename,
};
pub use template::{ContextVariable, Piece, Template, TemplateField, copy_of};
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
    let (graph, selection) = solve(supergraph, operation, budget)?;
    Ok(assemble(&fetches::Source {
        supergraph,
        operation,
        graph: &graph,
        selection: &selection,
    }))
}

/// Plans `operation` as [`plan()`] does, and says why the plan is as it is. The explanation takes many times as long as
/// the plan: what else could have been done is planned, too.
pub fn explain(
    supergraph: &Supergraph,
    operation: &Operation,
) -> Result<(Plan, Explanation), Error> {
    let (graph, selection) = solve(supergraph, operation, &Budget::usual())?;
    let plan = assemble(&fetches::Source {
        supergraph,
        operation,
        graph: &graph,
        selection: &selection,
    });
    let explanation = explain::explain((supergraph, operation), graph, &selection);
    Ok((plan, explanation))
}

/// Builds the graph of an operation and chooses in it.
fn solve<'a>(
    supergraph: &'a Supergraph,
    operation: &'a Operation,
    budget: &Budget,
) -> Result<(Graph<'a>, Selection), Error> {
    let mut failed = None;
    for hops in HOPS {
        let graph = graph::build(supergraph, operation, (hops, budget))?;
        let selection = improve::search((supergraph, operation), (&graph, budget), Vec::new());
        match selection {
            Ok(selection) => return Ok((graph, selection)),
            Err(Failure::Lost(lost)) => failed = Some((graph, lost)),
            Err(Failure::Stopped(error)) => return Err(error),
        }
    }
    Err(match failed {
        Some((graph, lost)) => explain::unreachable((supergraph, operation), &graph, &lost),
        None => Error::TooLarge { limit: 0 },
    })
}

fn assemble(source: &fetches::Source) -> Plan {
    let plan = fetches::assemble(source);
    #[cfg(debug_assertions)]
    assert_eq!(
        verify::verify(source.supergraph, source.operation, &plan),
        Ok(()),
        "{}",
        plan.display(source.supergraph)
    );
    plan
}
