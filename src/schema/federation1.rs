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
        for (index, here) in ty.in_subgraphs.iter().enumerate() {
            let keys = here.iter().flat_map(|here| &here.keys);
            for key in keys {
                let at = (SubgraphId(index as u16), false);
                note(supergraph, &key.fields.fields, at, &mut known);
            }
        }
    }
    // A key's field stays readable where a `@provides` names it too: keys come first.
    for field in &supergraph.fields {
        for (index, here) in field.in_subgraphs.iter().enumerate() {
            let provides = here.as_ref().and_then(|here| here.provides.as_ref());
            if let Some(provides) = provides {
                let at = (SubgraphId(index as u16), true);
                note(supergraph, &provides.fields, at, &mut known);
            }
        }
    }
    for one in known {
        let field = &mut supergraph.fields[one.field.index()];
        field.in_subgraphs[one.subgraph.index()].get_or_insert_with(|| FieldInSubgraph {
            external: one.external,
            ..FieldInSubgraph::default()
        });
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
