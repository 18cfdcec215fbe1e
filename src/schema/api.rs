//! The API schema: the supergraph without federation's own elements and without what is `@inaccessible`.

use super::{Error, link::Links};
use apollo_compiler::{
    Name, Node, Schema,
    ast::Type,
    schema::{Component, DirectiveList, ExtendedType, FieldDefinition, InputValueDefinition},
    validation::Valid,
};
use std::collections::HashSet;

/// Derives the schema that clients see.
pub(super) fn derive(supergraph: &Schema, links: &Links) -> Result<Valid<Schema>, Error> {
    let mut api = supergraph.clone();
    let hidden = Hidden::find(supergraph, links);
    api.directive_definitions
        .retain(|name, definition| definition.is_built_in() || !links.is_foreign(name, true));
    api.types.retain(|name, _| !hidden.types.contains(name));
    for ty in api.types.values_mut() {
        hidden.strip_type(ty, links);
    }
    let definition = api.schema_definition.make_mut();
    strip_directives(&mut definition.directives, links);
    for root in [
        &mut definition.query,
        &mut definition.mutation,
        &mut definition.subscription,
    ] {
        root.take_if(|name| hidden.types.contains(&name.name));
    }
    api.validate()
        .map_err(|invalid| Error::Invalid(format!("its API schema is wrong: {}", invalid.errors)))
}

struct Hidden {
    directive: Option<String>,
    types: HashSet<Name>,
}

impl Hidden {
    fn find(supergraph: &Schema, links: &Links) -> Self {
        let directive = links.directive("inaccessible", "inaccessible");
        let mut hidden = Self {
            directive,
            types: HashSet::new(),
        };
        for (name, ty) in &supergraph.types {
            if links.is_foreign(name, false)
                || hidden.is_marked(ty.directives().iter().map(|d| &d.name))
            {
                hidden.types.insert(name.clone());
            }
        }
        hidden
    }

    fn is_marked<'a>(&self, mut directives: impl Iterator<Item = &'a Name>) -> bool {
        self.directive
            .as_ref()
            .is_some_and(|marker| directives.any(|name| name.as_str() == marker))
    }

    fn strip_type(&self, ty: &mut ExtendedType, links: &Links) {
        match ty {
            ExtendedType::Scalar(scalar) => {
                strip_directives(&mut scalar.make_mut().directives, links)
            }
            ExtendedType::Object(object) => {
                let object = object.make_mut();
                strip_directives(&mut object.directives, links);
                object
                    .implements_interfaces
                    .retain(|name| !self.types.contains(&name.name));
                self.strip_fields(&mut object.fields, links);
            }
            ExtendedType::Interface(interface) => {
                let interface = interface.make_mut();
                strip_directives(&mut interface.directives, links);
                interface
                    .implements_interfaces
                    .retain(|name| !self.types.contains(&name.name));
                self.strip_fields(&mut interface.fields, links);
            }
            ExtendedType::Union(union) => {
                let union = union.make_mut();
                strip_directives(&mut union.directives, links);
                union
                    .members
                    .retain(|name| !self.types.contains(&name.name));
            }
            ExtendedType::Enum(definition) => {
                let definition = definition.make_mut();
                strip_directives(&mut definition.directives, links);
                definition
                    .values
                    .retain(|_, value| !self.is_marked(value.directives.iter().map(|d| &d.name)));
                for value in definition.values.values_mut() {
                    strip_ast_directives(&mut value.make_mut().directives, links);
                }
            }
            ExtendedType::InputObject(input) => {
                let input = input.make_mut();
                strip_directives(&mut input.directives, links);
                input.fields.retain(|_, field| !self.is_hidden_input(field));
                for field in input.fields.values_mut() {
                    strip_ast_directives(&mut field.make_mut().directives, links);
                }
            }
        }
    }

    fn strip_fields(
        &self,
        fields: &mut apollo_compiler::collections::IndexMap<Name, Component<FieldDefinition>>,
        links: &Links,
    ) {
        fields.retain(|_, field| {
            !self.is_marked(field.directives.iter().map(|d| &d.name))
                && !self.is_hidden_type(&field.ty)
        });
        for field in fields.values_mut() {
            let field = field.make_mut();
            strip_ast_directives(&mut field.directives, links);
            field
                .arguments
                .retain(|argument| !self.is_hidden_input(argument));
            for argument in &mut field.arguments {
                strip_ast_directives(&mut argument.make_mut().directives, links);
            }
        }
    }

    fn is_hidden_input(&self, input: &Node<InputValueDefinition>) -> bool {
        self.is_marked(input.directives.iter().map(|d| &d.name)) || self.is_hidden_type(&input.ty)
    }

    fn is_hidden_type(&self, ty: &Type) -> bool {
        self.types.contains(ty.inner_named_type())
    }
}

fn strip_directives(directives: &mut DirectiveList, links: &Links) {
    directives
        .0
        .retain(|directive| !links.is_foreign(&directive.name, true));
}

fn strip_ast_directives(directives: &mut apollo_compiler::ast::DirectiveList, links: &Links) {
    directives
        .0
        .retain(|directive| !links.is_foreign(&directive.name, true));
}
