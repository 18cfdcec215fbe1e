//! How large an operation is, counted before anything is expanded or planned.
//!
//! Depth, height, aliases and root fields are those of Apollo Router's `limits`: fragments count where they are spread,
//! a field selected twice under the same response key counts once. `__schema` and `__type` have their own guard and do
//! not count.

use super::Error;
use apollo_compiler::{
    ExecutableDocument, Name,
    executable::{Field, Operation, Selection, SelectionSet},
};
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};

/// The sizes of an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// Levels of nested fields.
    pub depth: u32,
    /// Distinct fields of the response, lists counted once.
    pub height: u32,
    /// Fields with an alias.
    pub aliases: u32,
    /// Fields of the root type.
    pub root_fields: u32,
}

/// The largest operation that is answered; none: no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub max_depth: Option<u32>,
    pub max_height: Option<u32>,
    pub max_aliases: Option<u32>,
    pub max_root_fields: Option<u32>,
}

/// Which measure a limit is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measured {
    Depth,
    Height,
    Aliases,
    RootFields,
}

/// An operation that is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operation's {measured:?} is {found}, the limit is {limit}")]
pub struct LimitExceeded {
    pub measured: Measured,
    pub limit: u32,
    pub found: u32,
}

impl Measures {
    /// Compares with the limits of a caller.
    pub fn check(&self, limits: &Limits) -> Result<(), LimitExceeded> {
        let pairs = [
            (Measured::Depth, limits.max_depth, self.depth),
            (Measured::Height, limits.max_height, self.height),
            (
                Measured::RootFields,
                limits.max_root_fields,
                self.root_fields,
            ),
            (Measured::Aliases, limits.max_aliases, self.aliases),
        ];
        for (measured, limit, found) in pairs {
            if let Some(limit) = limit.filter(|&limit| found > limit) {
                return Err(LimitExceeded {
                    measured,
                    limit,
                    found,
                });
            }
        }
        Ok(())
    }
}

/// Fields visited before an operation is refused as too complex.
pub(super) const STEPS_MAX: usize = 200_000;
/// Levels of nested fields that are followed at all; apollo-compiler's validation follows as many.
pub(super) const DEPTH_MAX: usize = 128;

/// Measures `operation`; refuses one whose expansion goes past [`STEPS_MAX`].
pub(super) fn measure(
    document: &ExecutableDocument,
    operation: &Operation,
) -> Result<Measures, Error> {
    let mut measuring = Measuring {
        document,
        steps: 0,
        known: HashMap::new(),
    };
    let mut measures = measuring.measure(&[&operation.selection_set], 0)?;
    if measures.height as usize > STEPS_MAX {
        return Err(Error::TooComplex { limit: STEPS_MAX });
    }
    measures.root_fields = measuring.fields(&[&operation.selection_set])?.len() as u32;
    Ok(measures)
}

/// What is selected `depth` levels down, unless that goes too deep.
fn within_depth(depth: usize, measures: Measures) -> Result<Measures, Error> {
    match depth + measures.depth as usize {
        ..=DEPTH_MAX => Ok(measures),
        _ => Err(Error::RecursionLimit { limit: DEPTH_MAX }),
    }
}

struct Measuring<'a> {
    document: &'a ExecutableDocument,
    steps: usize,
    /// What is selected again through fragments is measured once: by the addresses of the selection sets.
    known: HashMap<Vec<usize>, Measures>,
}

impl<'a> Measuring<'a> {
    /// Measures selection sets that are selected on the same object.
    fn measure(&mut self, sets: &[&'a SelectionSet], depth: usize) -> Result<Measures, Error> {
        let addresses: Vec<usize> = sets
            .iter()
            .map(|set| std::ptr::from_ref(*set).addr())
            .collect();
        if let Some(known) = self.known.get(&addresses) {
            return within_depth(depth, *known);
        }
        let mut total = Measures::default();
        for fields in self.fields(sets)?.into_values() {
            if depth >= DEPTH_MAX {
                return Err(Error::RecursionLimit { limit: DEPTH_MAX });
            }
            let below: Vec<&SelectionSet> = fields
                .iter()
                .map(|field| &field.selection_set)
                .filter(|set| !set.is_empty())
                .collect();
            let nested = if below.is_empty() {
                Measures::default()
            } else {
                self.measure(&below, depth + 1)?
            };
            let aliased = fields.iter().any(|field| field.alias.is_some());
            total.depth = total.depth.max(nested.depth + 1);
            total.height = total.height.saturating_add(nested.height.saturating_add(1));
            total.aliases = total
                .aliases
                .saturating_add(nested.aliases.saturating_add(u32::from(aliased)));
        }
        self.known.insert(addresses, total);
        Ok(total)
    }

    /// The fields of selection sets by response key, fragments expanded. Each fragment is entered once.
    fn fields(
        &mut self,
        sets: &[&'a SelectionSet],
    ) -> Result<IndexMap<&'a Name, Vec<&'a Field>>, Error> {
        let mut fields: IndexMap<&Name, Vec<&Field>> = IndexMap::new();
        let mut entered: HashSet<&Name> = HashSet::new();
        let mut pending: Vec<&Selection> = sets
            .iter()
            .rev()
            .flat_map(|set| set.selections.iter().rev())
            .collect();
        while let Some(selection) = pending.pop() {
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return Err(Error::TooComplex { limit: STEPS_MAX });
            }
            match selection {
                Selection::Field(field) if matches!(field.name.as_str(), "__schema" | "__type") => {
                }
                Selection::Field(field) => {
                    fields.entry(field.response_key()).or_default().push(field)
                }
                Selection::InlineFragment(fragment) => {
                    pending.extend(fragment.selection_set.selections.iter().rev())
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.fragment_name)
                        && entered.insert(&fragment.name)
                    {
                        pending.extend(fragment.selection_set.selections.iter().rev());
                    }
                }
            }
        }
        Ok(fields)
    }
}
