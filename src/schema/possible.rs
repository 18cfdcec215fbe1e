//! Which object types each subgraph can return where it declares an abstract type.

use super::{
    BySubgraph, SubgraphId, TypeId, TypeKind, TypeSet,
    join::{Join, string},
    model::Supergraph,
};
use apollo_compiler::{
    Schema,
    schema::{DirectiveList, ExtendedType},
};

/// Sets the possible types of every type in every subgraph.
pub(super) fn in_subgraphs(supergraph: &mut Supergraph, schema: &Schema, join: &Join) {
    let listed = listed(supergraph, schema, join);
    for index in 0..supergraph.types.len() {
        let ty = &supergraph.types[index];
        let is_its_own = ty.possible.contains(TypeId(index as u32));
        let mut known = ty.in_subgraphs.clone();
        for (subgraph, here) in known.iter_mut() {
            here.possible = if here.interface_object || is_its_own {
                ty.possible.clone()
            } else {
                let listed = listed[index].get(subgraph);
                listed.map_or_else(TypeSet::default, |set| ty.possible.intersection(set))
            };
        }
        supergraph.types[index].in_subgraphs = known;
    }
}

/// By type: the objects that each subgraph says are of it. A type that says it of no subgraph means all that know it.
fn listed(supergraph: &Supergraph, schema: &Schema, join: &Join) -> Vec<BySubgraph<TypeSet>> {
    let mut listed = vec![BySubgraph::default(); supergraph.types.len()];
    let mut note = |ty: TypeId, object: TypeId, subgraph: SubgraphId| {
        if supergraph.ty(object).in_subgraph(subgraph).is_some() {
            let set: &mut TypeSet = listed[ty.index()].get_or_insert(subgraph, TypeSet::default());
            set.insert(object);
        }
    };
    for (name, ty) in &schema.types {
        let Some(id) = supergraph.type_id(name) else {
            continue;
        };
        let (said, others): (_, Vec<TypeId>) = match ty {
            ExtendedType::Union(union) => {
                let members = union.members.iter();
                let members = members.filter_map(|member| supergraph.type_id(&member.name));
                let said = said(
                    supergraph,
                    join,
                    &union.directives,
                    (&join.member, "member"),
                );
                (said, members.collect())
            }
            ExtendedType::Object(object) => {
                let interfaces = object.implements_interfaces.iter();
                let interfaces = interfaces.filter_map(|one| supergraph.type_id(&one.name));
                let element = (join.implements.as_str(), "interface");
                let said = said(supergraph, join, &object.directives, element);
                (said, interfaces.collect())
            }
            _ => continue,
        };
        let said = said.unwrap_or_else(|| {
            let known = supergraph.ty(id).in_subgraphs.iter();
            known
                .flat_map(|(subgraph, _)| others.iter().map(move |&other| (subgraph, other)))
                .collect()
        });
        let is_union = supergraph.ty(id).kind == TypeKind::Union;
        for (subgraph, other) in said {
            if is_union {
                note(id, other, subgraph);
            } else {
                note(other, id, subgraph);
            }
        }
    }
    listed
}

/// What directives say: in this subgraph, that type. None if there are none; a type that is not there is no one's.
fn said(
    supergraph: &Supergraph,
    join: &Join,
    directives: &DirectiveList,
    (element, argument): (&str, &str),
) -> Option<Vec<(SubgraphId, TypeId)>> {
    let mut found = directives.get_all(element).peekable();
    found.peek()?;
    let said = found.filter_map(|directive| {
        let named = supergraph.type_id(&string(directive, argument)?)?;
        Some((join.graph(directive)?, named))
    });
    Some(said.collect())
}
