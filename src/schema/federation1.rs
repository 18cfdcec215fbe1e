//! What supergraphs of Federation 1 (join v0.1) leave unsaid: which fields a subgraph declares as `@external`.
//!
//! There a field names the one subgraph that resolves it. Others that know its type by a key can read the key's fields
//! all the same, and what their `@provides` name where they provide it.

use super::{
    FieldId, SetField, SubgraphId,
    model::{FieldInSubgraph, Supergraph},
};

/// A field that a subgraph knows without being named for it.
struct Known {
    field: FieldId,
    subgraph: SubgraphId,
    external: bool,
}

/// Adds what is left unsaid.
pub(super) fn complete(supergraph: &mut Supergraph) {
    let mut known = Vec::new();
    for ty in &supergraph.types {
        for (subgraph, here) in ty.in_subgraphs.iter() {
            for key in &here.keys {
                note(
                    supergraph,
                    &key.fields.fields,
                    (subgraph, false),
                    &mut known,
                );
            }
        }
    }
    // A key's field stays readable where a `@provides` names it too: keys come first.
    for field in &supergraph.fields {
        for (subgraph, here) in field.in_subgraphs.iter() {
            if let Some(provides) = &here.provides {
                note(supergraph, &provides.fields, (subgraph, true), &mut known);
            }
        }
    }
    for one in known {
        let field = &mut supergraph.fields[one.field.index()];
        let otherwise = FieldInSubgraph {
            external: one.external,
            ..FieldInSubgraph::default()
        };
        field.in_subgraphs.get_or_insert(one.subgraph, otherwise);
    }
}

fn note(
    supergraph: &Supergraph,
    set: &[SetField],
    (subgraph, external): (SubgraphId, bool),
    into: &mut Vec<Known>,
) {
    for selected in set {
        let parents = selected.types.iter().chain([selected.parent]);
        let fields = parents.filter_map(|parent| supergraph.field_of(parent, &selected.name));
        into.extend(fields.map(|field| Known {
            field,
            subgraph,
            external,
        }));
        note(supergraph, &selected.fields, (subgraph, external), into);
    }
}
