//! Which object types, and which of their fields, all subgraphs treat alike: numbered once, so that planning an
//! abstract type compares numbers.

use super::{
    FieldId, FieldSet, SetField, SubgraphId, TypeId, TypeSet,
    model::{ContextArgument, FieldInSubgraph, Supergraph, TypeKind},
    prepared::Alike,
};
use std::collections::HashMap;
use std::fmt::Write;

impl Supergraph {
    /// Whether every subgraph knows the two object types in the same way and enters them by the same keys.
    pub fn enter_alike(&self, a: TypeId, b: TypeId) -> bool {
        self.entry_kind(a) == self.entry_kind(b)
    }

    /// A number that object types share which every subgraph knows and enters in the same way.
    pub fn entry_kind(&self, object: TypeId) -> u32 {
        self.alike.types[object.index()]
    }

    /// A number that fields of one name share, each of another object type, which every subgraph treats in the same way.
    pub fn field_kind(&self, field: FieldId) -> u32 {
        self.alike.fields[field.index()]
    }

    /// Whether the subgraphs that have a field of `a`, and treat that of `b` in the same way, enter both types alike.
    pub fn owners_enter_alike(&self, (a, b): (TypeId, TypeId), name: &str) -> bool {
        self.enter_alike(a, b)
            || self
                .subgraph_ids()
                .filter(|subgraph| known(self, a, (*subgraph, name)).is_some())
                .all(|subgraph| {
                    entry(self, a, subgraph, &mut String::new())
                        == entry(self, b, subgraph, &mut String::new())
                })
    }
}

/// Numbers the object types that can stand beside others, and their fields. The rest are told apart by their numbers.
pub(super) fn number(supergraph: &Supergraph) -> Alike {
    let together = supergraph.types.iter().filter(|ty| ty.possible.len() > 1);
    let together = together.fold(TypeSet::default(), |all, ty| all.union(&ty.possible));
    let (mut entries, mut fields) = (Numbers::default(), Numbers::default());
    let mut alike = Alike {
        types: vec![0; supergraph.types.len()],
        fields: vec![0; supergraph.fields.len()],
    };
    for object in together.iter() {
        let ty = supergraph.ty(object);
        let mut text = String::new();
        for subgraph in supergraph.subgraph_ids() {
            let _ = write!(text, "|{}", subgraph.0);
            entry(supergraph, object, subgraph, &mut text);
        }
        alike.types[object.index()] = entries.of(text);
        debug_assert!(matches!(ty.kind, TypeKind::Object | TypeKind::Interface));
        let known_in = supergraph.subgraph_ids();
        let known_in = known_in.filter(|at| supergraph.known_as(object, *at).is_some());
        let known_in: Vec<SubgraphId> = known_in.collect();
        for (name, id) in &ty.fields {
            let mut text = name.to_string();
            for subgraph in known_in.iter().copied() {
                if let Some((field, ty)) = known(supergraph, object, (subgraph, name)) {
                    let _ = write!(text, "|{} {ty} {}", subgraph.0, field.external);
                    if let Some(guard) = field.guard {
                        let _ = write!(text, "l{} {}", guard.label.0, guard.when);
                    }
                    optional('r', field.requires.as_ref(), &mut text);
                    optional('p', field.provides.as_ref(), &mut text);
                    for argument in &field.contexts {
                        context(argument, &mut text);
                    }
                }
            }
            alike.fields[id.index()] = fields.of(text);
        }
    }
    alike
}

/// Numbers for texts.
#[derive(Default)]
struct Numbers(HashMap<String, u32, foldhash::fast::RandomState>);

impl Numbers {
    fn of(&mut self, text: String) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(text).or_insert(next)
    }
}

/// Writes how objects of a type enter a subgraph; returns what it wrote to.
fn entry<'t>(
    supergraph: &Supergraph,
    object: TypeId,
    subgraph: SubgraphId,
    text: &'t mut String,
) -> &'t str {
    match supergraph.known_as(object, subgraph) {
        Some(declared) if declared == object => {
            let known = supergraph.ty(object).in_subgraph(subgraph);
            for key in known.iter().flat_map(|known| &known.keys) {
                let _ = write!(text, " {}", key.resolvable);
                selections(&key.fields.fields, text);
            }
            for interface in supergraph.entity_interfaces(object, subgraph) {
                let _ = write!(text, " i{}", interface.0);
            }
            text.push('.');
        }
        Some(interface) => {
            let _ = write!(text, " as {}", interface.0);
        }
        None => text.push('-'),
    }
    text
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

fn context(argument: &ContextArgument, text: &mut String) {
    let _ = write!(text, "c{}:{}", argument.name, argument.ty);
    for value in &argument.values {
        value.types.iter().for_each(|ty| {
            let _ = write!(text, " {}", ty.0);
        });
        selections(&value.fields.fields, text);
    }
}

fn optional(mark: char, set: Option<&FieldSet>, text: &mut String) {
    if let Some(set) = set {
        text.push(mark);
        selections(&set.fields, text);
    }
}

/// What a field set selects, whatever type it is on.
fn selections(fields: &[SetField], text: &mut String) {
    text.push('{');
    for field in fields {
        let _ = write!(text, "{}", field.name);
        for argument in &field.arguments {
            let value = argument.value.serialize().no_indent();
            let _ = write!(text, "({}:{value})", argument.name);
        }
        selections(&field.fields, text);
    }
    text.push('}');
}
