//! What callers must show before they are given a field: `@authenticated`, `@requiresScopes`, `@policy`.
//!
//! This layer reads what the graph demands; whether a caller meets it is for others to say.

use super::{
    FieldId, SetField,
    annotations::{Demand, Place},
    ids::TypeId,
    model::Supergraph,
};
use std::collections::HashSet;

impl Supergraph {
    /// What is demanded of those who are given a field: by itself, by its type and its parent, and in the same way by all
    /// that has to be read for it, whichever subgraph resolves it.
    ///
    /// A runtime type may demand more than the abstract type of a field does; that shows only when it is there.
    pub fn effective_demand(&self, field: FieldId) -> Demand {
        let mut demand = self.demand_behind(field);
        self.demand_at(&Place::Field(field), &mut demand);
        demand
    }

    /// What is demanded at a field itself, whose arguments are those that it is selected with.
    pub fn own_demand(&self, field: FieldId) -> Option<&Demand> {
        let said = self.annotations(&Place::Field(field));
        said.map(|said| &said.demand)
    }

    /// What is demanded of those who are given a field beside that: by types, and by what is read for it with arguments that
    /// are not the client's.
    pub fn demand_behind(&self, field: FieldId) -> Demand {
        let mut demand = Demand::default();
        let mut reached = Vec::new();
        let mut seen = HashSet::new();
        let mut next = Some(field);
        while let Some(field) = next {
            let definition = self.field(field);
            demand.add(&self.type_demand(definition.parent));
            demand.add(&self.type_demand(definition.named));
            self.read_with(field, &mut |more| {
                if seen.insert(more) {
                    reached.push(more);
                }
            });
            next = reached.pop();
            if let Some(read) = next {
                self.demand_at(&Place::Field(read), &mut demand);
            }
        }
        demand
    }

    /// What is demanded of those who are given a value of a type. (Composition gives an interface what its objects demand.)
    pub fn type_demand(&self, ty: TypeId) -> Demand {
        let mut demand = Demand::default();
        self.demand_at(&Place::Type(ty), &mut demand);
        demand
    }

    fn demand_at(&self, place: &Place, demand: &mut Demand) {
        if let Some(said) = self.annotations(place) {
            demand.add(&said.demand);
        }
    }

    /// Calls `found` with the fields behind a field: what subgraphs require for it or take from contexts, and the field of
    /// an interface object that it is in a subgraph.
    fn read_with(&self, field: FieldId, found: &mut impl FnMut(FieldId)) {
        let definition = self.field(field);
        for subgraph in self.subgraph_ids() {
            let declared = self.known_as(definition.parent, subgraph);
            let there = declared.and_then(|declared| self.field_of(declared, &definition.name));
            let Some(there) = there else { continue };
            let Some(known) = self.field(there).in_subgraph(subgraph) else {
                continue;
            };
            if there != field {
                found(there);
            }
            let contexts = known.contexts.iter().flat_map(|argument| &argument.values);
            let sets = known
                .requires
                .iter()
                .chain(contexts.map(|value| &value.fields));
            for set in sets.filter(|_| !known.external) {
                self.selected(&set.fields, found);
            }
        }
    }

    /// Calls `found` with the fields that a field set selects, of every type that it selects them on.
    fn selected(&self, set: &[SetField], found: &mut impl FnMut(FieldId)) {
        for one in set {
            for ty in one.types.iter().chain([one.parent]) {
                if let Some(field) = self.field_of(ty, &one.name) {
                    found(field);
                }
            }
            self.selected(&one.fields, found);
        }
    }
}
