//! What every plan must satisfy, checked in debug builds (and so in tests and under fuzzing) for every plan made.
//!
//! The checks know the plan, the operation and the supergraph, and nothing of how plans are made: a fetch is what its
//! document says, read as its shape says. Each says which fetch, where and what is wrong.

mod allowed;
mod asked;
mod coverage;
mod documents;
mod narrowed;
mod objects;
mod order;
mod reading;
mod readings;
mod representations;
mod rows;
mod shape;

#[cfg(test)]
mod tests;

use super::plan::{Plan, PositionId};
use crate::operation::Operation;
use crate::schema::Supergraph;

/// Checks a plan. Says what is wrong.
pub(super) fn verify(
    supergraph: &Supergraph,
    operation: &Operation,
    plan: &Plan,
) -> Result<(), String> {
    let subject = Subject {
        supergraph,
        operation,
        plan,
    };
    let order = order::check(&subject)?;
    if !documents::can_be_parsed(plan) {
        return Ok(());
    }
    let documents = documents::check(&subject)?;
    let readings = reading::read(&subject, &documents)?;
    let wanted = asked::check(&subject, &readings)?;
    coverage::check(
        &subject,
        &rows::Rows::new(&subject, &readings, &order),
        &wanted,
    )
}

/// What is checked.
#[derive(Clone, Copy)]
struct Subject<'a> {
    supergraph: &'a Supergraph,
    operation: &'a Operation,
    plan: &'a Plan,
}

impl Subject<'_> {
    /// A fetch as messages name it.
    fn fetch(&self, index: usize) -> String {
        let subgraph = self.plan.fetches[index].subgraph;
        let name = &self.supergraph.subgraph(subgraph).name;
        format!("fetch {index} ({name})")
    }

    /// A fetch at a position, as messages name it.
    fn at(&self, fetch: usize, position: PositionId) -> String {
        format!("{} at {}", self.fetch(fetch), self.path(position))
    }

    /// A position as messages name it.
    fn path(&self, position: PositionId) -> String {
        match position {
            PositionId(0) => "the root".to_owned(),
            position => self.plan.path(position),
        }
    }
}
