//! What a caller may have of a supergraph, as far as an operation goes.

use crate::schema::{Claim, Demand, FieldId, Supergraph, TypeId};
use apollo_compiler::{ExecutableDocument, executable};
use indexmap::IndexSet;
use std::collections::HashMap;

/// The claims that an operation depends on: all that is demanded for what it selects, of any runtime type.
pub(super) fn claims(
    supergraph: &Supergraph,
    document: &ExecutableDocument,
    operation: &executable::Operation,
) -> Vec<Claim> {
    if supergraph.protections().is_empty() {
        return Vec::new();
    }
    let mut found = IndexSet::new();
    let mut seen = IndexSet::new();
    super::depends::each_selection(document, operation, |set, selection| {
        let Some(field) = selection.as_field() else {
            return;
        };
        let on = supergraph.type_id(&set.ty);
        let objects = on.iter().flat_map(|on| supergraph.ty(*on).possible.iter());
        let fields = objects
            .chain(on)
            .filter_map(|object| supergraph.field_of(object, &field.name));
        for field in fields {
            if seen.insert(field) {
                found.extend(supergraph.effective_demand(field).claims());
                let named = supergraph.field(field).named;
                for object in supergraph.ty(named).possible.iter() {
                    found.extend(supergraph.type_demand(object).claims());
                }
            }
        }
    });
    found.into_iter().collect()
}

/// What a caller does not meet, and what follows from it.
#[derive(Default)]
pub(super) struct Permits<'a> {
    unmet: Vec<&'a Claim>,
    fields: HashMap<FieldId, bool>,
    types: HashMap<TypeId, bool>,
}

impl<'a> Permits<'a> {
    /// Those of a caller who does not meet these claims.
    pub(super) fn without(unmet: Vec<&'a Claim>) -> Self {
        Self {
            unmet,
            ..Self::default()
        }
    }

    /// Whether the caller meets everything.
    pub(super) fn all(&self) -> bool {
        self.unmet.is_empty()
    }

    /// Whether the caller may not have a field.
    pub(super) fn deny_field(&mut self, supergraph: &Supergraph, field: FieldId) -> bool {
        let unmet = &self.unmet;
        let known = self.fields.entry(field);
        *known.or_insert_with(|| is_denied(unmet, &supergraph.effective_demand(field)))
    }

    /// Whether the caller may not have objects of a type.
    pub(super) fn deny_type(&mut self, supergraph: &Supergraph, object: TypeId) -> bool {
        let unmet = &self.unmet;
        let known = self.types.entry(object);
        *known.or_insert_with(|| is_denied(unmet, &supergraph.type_demand(object)))
    }
}

fn is_denied(unmet: &[&Claim], demand: &Demand) -> bool {
    demand.claims().any(|claim| unmet.contains(&&claim))
}
