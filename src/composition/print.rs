//! Prints a composed schema as one SDL document without extensions.
//!
//! The composer keeps note of which parts of a type came from `extend`, and the printer writes them so. That is valid
//! SDL, but other routers refuse a supergraph with it.

use apollo_compiler::schema::{
    Component, ComponentName, ComponentOrigin, DirectiveList, ExtendedType, SchemaDefinition,
};
use apollo_compiler::{Name, Schema};
use indexmap::{IndexMap, IndexSet};

pub(super) fn supergraph(composed: &Schema) -> String {
    let mut schema = composed.clone();
    fold_schema(schema.schema_definition.make_mut());
    for definition in schema.types.values_mut() {
        if !definition.is_built_in() {
            fold_type(definition);
        }
    }
    schema.to_string()
}

fn fold_schema(definition: &mut SchemaDefinition) {
    fold_directives(&mut definition.directives);
    let roots = [
        &mut definition.query,
        &mut definition.mutation,
        &mut definition.subscription,
    ];
    for root in roots.into_iter().flatten() {
        root.origin = ComponentOrigin::Definition;
    }
}

fn fold_type(definition: &mut ExtendedType) {
    match definition {
        ExtendedType::Scalar(scalar) => fold_directives(&mut scalar.make_mut().directives),
        ExtendedType::Object(object) => {
            let object = object.make_mut();
            fold_directives(&mut object.directives);
            fold_names(&mut object.implements_interfaces);
            fold_fields(&mut object.fields);
        }
        ExtendedType::Interface(interface) => {
            let interface = interface.make_mut();
            fold_directives(&mut interface.directives);
            fold_names(&mut interface.implements_interfaces);
            fold_fields(&mut interface.fields);
        }
        ExtendedType::Union(union) => {
            let union = union.make_mut();
            fold_directives(&mut union.directives);
            fold_names(&mut union.members);
        }
        ExtendedType::Enum(definition) => {
            let definition = definition.make_mut();
            fold_directives(&mut definition.directives);
            fold_fields(&mut definition.values);
        }
        ExtendedType::InputObject(input) => {
            let input = input.make_mut();
            fold_directives(&mut input.directives);
            fold_fields(&mut input.fields);
        }
    }
}

fn fold_directives(directives: &mut DirectiveList) {
    for directive in directives.iter_mut() {
        directive.origin = ComponentOrigin::Definition;
    }
}

fn fold_fields<T, S>(fields: &mut IndexMap<Name, Component<T>, S>) {
    for field in fields.values_mut() {
        field.origin = ComponentOrigin::Definition;
    }
}

/// The members of a set cannot be changed in place; their order is kept.
fn fold_names<S: std::hash::BuildHasher + Default>(names: &mut IndexSet<ComponentName, S>) {
    *names = std::mem::take(names)
        .into_iter()
        .map(|name| ComponentName::from(name.name))
        .collect();
}
