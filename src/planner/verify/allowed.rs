//! A subgraph is asked for what it can tell: not for what is external there, unless it is provided on the way; for what
//! requires something only together with it.

use super::objects::{Asked, Asking, Objects};
use crate::schema::{FieldId, FieldSet, SetField, TypeId, TypeSet};
use apollo_compiler::{Node, executable};

/// Checks the fields asked for of objects. Returns what they require.
pub(super) fn check<'a>(
    asking: &Asking<'a>,
    objects: &Objects<'a>,
    asked: &[Asked<'a>],
) -> Result<Vec<(TypeSet, &'a FieldSet)>, String> {
    let supergraph = asking.subject.supergraph;
    let mut requires: Vec<(TypeSet, &FieldSet)> = Vec::new();
    for one in asked {
        let name = one.field.name.as_str();
        if name.starts_with("__") || name == "_entities" {
            continue;
        }
        for local in one.types.iter() {
            let wrong = |what: &str| {
                let (place, ty) = (asking.name(objects.position), supergraph.type_name(local));
                Err(format!("{place} asks for {ty}.{name}, which {what}"))
            };
            let known = field_of(asking, (local, name))
                .and_then(|field| supergraph.field(field).in_subgraph(asking.subgraph));
            let Some(known) = known else {
                return wrong("is not resolved there");
            };
            if !known.resolves(&asking.subject.operation.labels)
                && !is_provided(objects, (local, one.field))
            {
                return wrong("is external there and not provided");
            }
            if known.has_inputs() && !objects.are_entities {
                return wrong("requires what only an entity is sent with");
            }
            let Some(set) = &known.requires else { continue };
            match requires
                .iter_mut()
                .find(|(_, known)| std::ptr::eq(*known, set))
            {
                Some((types, _)) => {
                    types.insert(local);
                }
                None => requires.push((TypeSet::of(local), set)),
            }
        }
    }
    Ok(requires)
}

fn field_of(asking: &Asking, (local, name): (TypeId, &str)) -> Option<FieldId> {
    asking.subject.supergraph.field_of(local, name)
}

fn seen<'o, 'a>(
    objects: &'o Objects<'a>,
    (local, field): (TypeId, &'o Node<executable::Field>),
) -> impl Iterator<Item = &'o &'a SetField> {
    objects.view.iter().filter(move |seen| {
        let is_here = seen.types.contains(local) || seen.parent == local;
        seen.name == field.name && seen.arguments == field.arguments && is_here
    })
}

fn is_provided(objects: &Objects, field: (TypeId, &Node<executable::Field>)) -> bool {
    seen(objects, field).next().is_some()
}

/// What is provided below a field.
pub(super) fn below<'a>(
    asking: &Asking<'a>,
    objects: &Objects<'a>,
    (local, field): (TypeId, &Node<executable::Field>),
) -> Vec<&'a SetField> {
    let inherited = seen(objects, (local, field)).flat_map(|seen| &seen.fields);
    let mut view: Vec<&SetField> = inherited.collect();
    let supergraph = asking.subject.supergraph;
    let known = field_of(asking, (local, &field.name))
        .and_then(|field| supergraph.field(field).in_subgraph(asking.subgraph));
    let provides = known.and_then(|known| known.provides.as_ref());
    view.extend(provides.iter().flat_map(|set| &set.fields));
    view
}
