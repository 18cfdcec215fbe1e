//! What clients see: the supergraph without its machinery and without what is inaccessible.

use apollo_compiler::ast::{FieldDefinition, InputValueDefinition};
use apollo_compiler::collections::{IndexMap, IndexSet};
use apollo_compiler::schema::{Component, ComponentName, ExtendedType};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Schema};

use super::links::Links;
use super::sdl;

/// The API schema; `inaccessible` is that directive's name.
pub fn schema(
    supergraph: &Schema,
    links: &Links,
    inaccessible: &str,
) -> Result<Valid<Schema>, String> {
    let api = Api {
        supergraph,
        links,
        inaccessible,
    };
    let mut out = vec![sdl::roots(supergraph, &|name| {
        api.shows(name).then(|| name.to_string())
    })];
    for (name, ty) in &supergraph.types {
        if !ty.is_built_in() && api.shows(name) {
            out.push(api.definition(name, ty));
        }
    }
    sdl::parsed(&out.join("\n"))
}

struct Api<'s> {
    supergraph: &'s Schema,
    links: &'s Links,
    inaccessible: &'s str,
}

impl Api<'_> {
    fn shows(&self, name: &Name) -> bool {
        let ty = self.supergraph.types.get(name);
        ty.is_some_and(|ty| !ty.directives().has(self.inaccessible)) && !self.links.owns_type(name)
    }

    fn definition(&self, name: &Name, ty: &ExtendedType) -> String {
        match ty {
            ExtendedType::Scalar(_) => format!("scalar {name}"),
            ExtendedType::Object(object) => {
                let implements = self.implements(&object.implements_interfaces);
                format!("type {name}{implements} {}", self.fields(&object.fields))
            }
            ExtendedType::Interface(interface) => {
                let implements = self.implements(&interface.implements_interfaces);
                let fields = self.fields(&interface.fields);
                format!("interface {name}{implements} {fields}")
            }
            ExtendedType::Union(union) => {
                let members = union.members.iter().map(|member| &member.name);
                let members = members.filter(|member| self.shows(member));
                format!("union {name} = {}", sdl::joined(members, " | "))
            }
            ExtendedType::Enum(values) => {
                let values = values.values.values();
                let values = values.filter(|value| !value.directives.has(self.inaccessible));
                let values = values.map(|value| value.value.to_string());
                format!("enum {name} {}", sdl::block(values))
            }
            ExtendedType::InputObject(input) => {
                let fields = input
                    .fields
                    .values()
                    .filter(|field| self.shows_input(field));
                let fields = fields.map(|field| sdl::input(field));
                format!("input {name} {}", sdl::block(fields))
            }
        }
    }

    fn implements(&self, interfaces: &IndexSet<ComponentName>) -> String {
        let interfaces = interfaces.iter().map(|interface| &interface.name);
        sdl::implements(interfaces.filter(|interface| self.shows(interface)))
    }

    fn fields(&self, fields: &IndexMap<Name, Component<FieldDefinition>>) -> String {
        let shown = fields.values().filter(|field| {
            !field.directives.has(self.inaccessible) && self.shows(field.ty.inner_named_type())
        });
        sdl::block(shown.map(|field| {
            let inputs = field.arguments.iter();
            let inputs = inputs.filter(|input| self.shows_input(input));
            let inputs = inputs.map(|input| sdl::input(input));
            sdl::field(&field.name, inputs, &field.ty.to_string())
        }))
    }

    fn shows_input(&self, input: &InputValueDefinition) -> bool {
        !input.directives.has(self.inaccessible) && self.shows(input.ty.inner_named_type())
    }
}
