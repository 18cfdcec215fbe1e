//! A plan as people read it: one block a fetch, in an order that could be run.

use super::plan::{ContextSource, FetchKind, Plan, PositionId, RepresentationField, Typename};
use super::template::ContextVariable;
use crate::schema::{Supergraph, TypeSet};
use std::fmt;

/// A plan with the names it needs to be printed. See [`Plan::display`].
pub struct PlanText<'a> {
    plan: &'a Plan,
    supergraph: &'a Supergraph,
}

impl Plan {
    /// The plan as text: each fetch with its subgraph, what it waits for, what it sends and what it asks.
    pub fn display<'a>(&'a self, supergraph: &'a Supergraph) -> PlanText<'a> {
        PlanText {
            plan: self,
            supergraph,
        }
    }

    /// The way to a position as field names, `@` for every list on it.
    pub fn path(&self, position: PositionId) -> String {
        let mut steps = Vec::new();
        let mut at = Some(position);
        while let Some(place) = at.and_then(|id| self.positions.get(id.0 as usize)) {
            if place.parent.is_some() {
                steps.extend(std::iter::repeat_n("@", usize::from(place.lists)));
                steps.push(place.field.as_str());
            }
            at = place.parent;
        }
        steps.reverse();
        steps.join(".")
    }
}

impl fmt::Display for PlanText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.plan.fetches.is_empty() {
            return writeln!(f, "no fetches: answered by the router itself");
        }
        for (index, fetch) in self.plan.fetches.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(
                f,
                "fetch {} from {}",
                fetch.id.0,
                self.supergraph.subgraph(fetch.subgraph).name
            )?;
            let after: Vec<String> = fetch.after.iter().map(|id| id.0.to_string()).collect();
            match after.is_empty() {
                true => writeln!(f)?,
                false => writeln!(f, " after {}", after.join(", "))?,
            }
            match &fetch.kind {
                FetchKind::Root { at, .. } if *at != PositionId(0) => {
                    writeln!(f, "  at {}", self.plan.path(*at))?
                }
                FetchKind::Root { .. } => {}
                FetchKind::Entities(entities) => self.targets(f, entities)?,
            }
            writeln!(f, "  {}", fetch.document)?;
        }
        Ok(())
    }
}

impl PlanText<'_> {
    fn targets(
        &self,
        f: &mut fmt::Formatter<'_>,
        entities: &[super::plan::Entities],
    ) -> fmt::Result {
        for one in entities {
            for target in &one.targets {
                write!(f, "  ${} ", one.variable)?;
                write!(f, "at {}", self.plan.path(target.position))?;
                if let Some(types) = &target.types {
                    write!(f, " ({})", self.names(types))?;
                }
                let typename = match &target.representation.typename {
                    Typename::Runtime => "__typename".to_owned(),
                    Typename::Fixed(name) => format!("__typename: {name}"),
                };
                writeln!(
                    f,
                    " {{ {typename}{} }}",
                    fields(&target.representation.fields)
                )?;
                for (variable, sources) in one.contexts.iter().zip(&target.contexts) {
                    self.sources(f, (variable, sources))?;
                }
            }
        }
        Ok(())
    }

    /// Where a context variable takes its value from.
    fn sources(
        &self,
        f: &mut fmt::Formatter<'_>,
        (variable, sources): (&ContextVariable, &[ContextSource]),
    ) -> fmt::Result {
        for (index, source) in sources.iter().enumerate() {
            match index {
                0 => write!(f, "    ${}: {} from", variable.name, variable.ty)?,
                _ => write!(f, ", else")?,
            }
            let path = self.plan.path(source.position);
            let place = if path.is_empty() { "the root" } else { &path };
            write!(f, " {place}")?;
            if let Some(types) = &source.types {
                write!(f, " ({})", self.names(types))?;
            }
            write!(f, " {{{} }}", fields(&source.fields))?;
        }
        writeln!(f)
    }

    fn names(&self, types: &TypeSet) -> String {
        let names = types
            .iter()
            .map(|ty| self.supergraph.type_name(ty).as_str());
        names.collect::<Vec<_>>().join(", ")
    }
}

fn fields(all: &[RepresentationField]) -> String {
    let one = |field: &RepresentationField| match field.fields.is_empty() {
        true => format!(" {}", field.name),
        false => format!(" {} {{{} }}", field.name, fields(&field.fields)),
    };
    all.iter().map(one).collect()
}
