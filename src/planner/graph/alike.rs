//! When two object types can be treated as one: subgraphs know them in the same way.

use crate::schema::{FieldInSubgraph, FieldSet, SetField, SubgraphId, Supergraph, TypeId};

/// Whether every subgraph knows the two types in the same way and enters them by the same keys.
pub(super) fn entries(supergraph: &Supergraph, a: TypeId, b: TypeId) -> bool {
    supergraph.subgraph_ids().all(|subgraph| {
        let (as_a, as_b) = (
            supergraph.known_as(a, subgraph),
            supergraph.known_as(b, subgraph),
        );
        let own = (as_a == Some(a), as_b == Some(b));
        match own {
            (true, true) => {
                let keys = |ty: TypeId| {
                    supergraph
                        .ty(ty)
                        .in_subgraph(subgraph)
                        .map_or(&[][..], |known| &known.keys)
                };
                let (a_keys, b_keys) = (keys(a), keys(b));
                a_keys.len() == b_keys.len()
                    && a_keys
                        .iter()
                        .zip(b_keys)
                        .all(|(x, y)| x.resolvable == y.resolvable && sets(&x.fields, &y.fields))
                    && supergraph
                        .entity_interfaces(a, subgraph)
                        .eq(supergraph.entity_interfaces(b, subgraph))
            }
            (false, false) => as_a == as_b,
            _ => false,
        }
    })
}

/// Whether every subgraph treats the field `name` of the two types in the same way.
pub(super) fn fields(supergraph: &Supergraph, (a, b): (TypeId, TypeId), name: &str) -> bool {
    supergraph.subgraph_ids().all(|subgraph| {
        let known = |object: TypeId| known(supergraph, object, (subgraph, name));
        match (known(a), known(b)) {
            (None, None) => true,
            (Some((x, x_type)), Some((y, y_type))) => {
                x.external == y.external
                    && optional(x.requires.as_ref(), y.requires.as_ref())
                    && optional(x.provides.as_ref(), y.provides.as_ref())
                    && x_type == y_type
            }
            _ => false,
        }
    })
}

/// How `subgraph` knows a field of objects of type `object`, with the field's type there.
fn known<'a>(
    supergraph: &'a Supergraph,
    object: TypeId,
    (subgraph, name): (SubgraphId, &str),
) -> Option<(&'a FieldInSubgraph, &'a apollo_compiler::ast::Type)> {
    let declared = supergraph.known_as(object, subgraph)?;
    let field = supergraph.field(supergraph.field_of(declared, name)?);
    Some((field.in_subgraph(subgraph)?, field.type_in(subgraph)))
}

fn optional(a: Option<&FieldSet>, b: Option<&FieldSet>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => sets(a, b),
        (None, None) => true,
        _ => false,
    }
}

/// Whether two field sets select the same, whatever type they are on.
fn sets(a: &FieldSet, b: &FieldSet) -> bool {
    selections(&a.fields, &b.fields)
}

fn selections(a: &[SetField], b: &[SetField]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(x, y)| {
            x.name == y.name && x.arguments == y.arguments && selections(&x.fields, &y.fields)
        })
}
