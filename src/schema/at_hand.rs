//! What a subgraph has at hand of what a field requires, without being sent it.

use super::{Labels, SetField, SubgraphId, model::Supergraph};

impl Supergraph {
    /// Whether a subgraph has `field` of a field set, and all below it, where `view` is provided: it is provided, or the
    /// subgraph resolves it.
    pub fn is_at_hand(
        &self,
        (subgraph, labels): (SubgraphId, &Labels),
        view: &[&SetField],
        field: &SetField,
    ) -> bool {
        let same = |seen: &&&SetField| {
            seen.name == field.name
                && seen.arguments == field.arguments
                && field.types.is_subset(&seen.types)
        };
        let seen: Vec<&SetField> = view.iter().filter(same).copied().collect();
        let resolves = |object| {
            let known = self.field_of(object, &field.name);
            let known = known.and_then(|id| self.field(id).in_subgraph(subgraph));
            known.is_some_and(|known| known.resolves(labels) && !known.has_inputs())
        };
        let below: Vec<&SetField> = seen.iter().flat_map(|seen| &seen.fields).collect();
        let mut fields = field.fields.iter();
        (!seen.is_empty() || field.types.iter().all(resolves))
            && fields.all(|one| self.is_at_hand((subgraph, labels), &below, one))
    }
}
