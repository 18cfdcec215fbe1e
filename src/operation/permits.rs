//! What a caller may have of a supergraph, as far as an operation goes.

use super::arguments::Arguments;
use crate::schema::{Claim, Demand, FieldId, Supergraph, TypeId};
use apollo_compiler::{ExecutableDocument, executable};
use indexmap::IndexSet;
use std::collections::HashMap;

/// Something that an operation demands of its caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Demanded {
    pub claim: Claim,
    /// Of the field that demands it, at one of its places: policies may look at them. None: it does not come with a field that
    /// takes any, or is demanded by what is read for one.
    pub arguments: Option<Arguments>,
}

impl Demanded {
    fn anywhere(claim: Claim) -> Self {
        Self {
            claim,
            arguments: None,
        }
    }
}

/// What a field itself demands where it is selected so.
fn own(supergraph: &Supergraph, id: FieldId, field: &executable::Field) -> Vec<Demanded> {
    let Some(own) = supergraph.own_demand(id) else {
        return Vec::new();
    };
    let looks = !own.policies.is_empty();
    let arguments = looks
        .then(|| Arguments::of(supergraph, id, field))
        .flatten();
    let demanded = own.claims().map(|claim| match claim {
        Claim::Policies(_) => Demanded {
            claim,
            arguments: arguments.clone(),
        },
        Claim::Identity | Claim::Scopes(_) => Demanded::anywhere(claim),
    });
    demanded.collect()
}

/// All that an operation depends on: what is demanded for what it selects, of any runtime type.
pub(super) fn claims(
    supergraph: &Supergraph,
    document: &ExecutableDocument,
    operation: &executable::Operation,
) -> Vec<Demanded> {
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
        let ids = objects
            .chain(on)
            .filter_map(|object| supergraph.field_of(object, &field.name));
        for id in ids {
            found.extend(own(supergraph, id, field));
            if seen.insert(id) {
                let behind = supergraph.demand_behind(id);
                found.extend(behind.claims().map(Demanded::anywhere));
                let named = supergraph.field(id).named;
                for object in supergraph.ty(named).possible.iter() {
                    let demand = supergraph.type_demand(object);
                    found.extend(demand.claims().map(Demanded::anywhere));
                }
            }
        }
    });
    found.into_iter().collect()
}

/// What a caller does not meet, and what follows from it.
#[derive(Default)]
pub(super) struct Permits<'a> {
    unmet: Vec<&'a Demanded>,
    fields: HashMap<FieldId, bool>,
    types: HashMap<TypeId, bool>,
}

impl<'a> Permits<'a> {
    /// Those of a caller who does not meet these claims.
    pub(super) fn without(unmet: Vec<&'a Demanded>) -> Self {
        Self {
            unmet,
            ..Self::default()
        }
    }

    /// Whether the caller meets everything.
    pub(super) fn all(&self) -> bool {
        self.unmet.is_empty()
    }

    /// Whether the caller may not have a field that is selected so.
    pub(super) fn deny_field(
        &mut self,
        supergraph: &Supergraph,
        id: FieldId,
        field: &executable::Field,
    ) -> bool {
        let unmet = &self.unmet;
        let behind = self.fields.entry(id);
        *behind.or_insert_with(|| is_denied(unmet, &supergraph.demand_behind(id)))
            || own(supergraph, id, field)
                .iter()
                .any(|demanded| unmet.contains(&demanded))
    }

    /// Whether the caller may not have objects of a type.
    pub(super) fn deny_type(&mut self, supergraph: &Supergraph, object: TypeId) -> bool {
        let unmet = &self.unmet;
        let known = self.types.entry(object);
        *known.or_insert_with(|| is_denied(unmet, &supergraph.type_demand(object)))
    }
}

fn is_denied(unmet: &[&Demanded], demand: &Demand) -> bool {
    let mut demanded = demand.claims().map(Demanded::anywhere);
    demanded.any(|demanded| unmet.contains(&&demanded))
}
