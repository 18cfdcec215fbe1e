//! Schemas made from a supergraph: the one clients see, and an executable one per subgraph.
//! Both are printed and parsed again, so that they are valid by the same checks as any other.

use std::fmt::Write;

use apollo_compiler::ast::{InputValueDefinition, OperationType, Type};
use apollo_compiler::collections::IndexMap as Fields;
use apollo_compiler::schema::{Component, ExtendedType, FieldDefinition};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Schema};
use indexmap::IndexMap;

use super::links::Links;
use super::model::TypeIn;

/// The supergraph without its machinery and without what is inaccessible.
pub fn api_schema(
    supergraph: &Schema,
    links: &Links,
    inaccessible: &str,
) -> Result<Valid<Schema>, String> {
    let hidden = |name: &Name| {
        supergraph
            .types
            .get(name)
            .is_none_or(|ty| ty.directives().has(inaccessible) || links.owns_type(name))
    };
    let shown_field = |field: &FieldDefinition| {
        !field.directives.has(inaccessible) && !hidden(field.ty.inner_named_type())
    };
    let shown_input = |input: &InputValueDefinition| {
        !input.directives.has(inaccessible) && !hidden(input.ty.inner_named_type())
    };
    let mut out = roots(supergraph, &|name| name.to_string(), &|name| !hidden(name));
    for (name, ty) in &supergraph.types {
        if ty.is_built_in() || hidden(name) {
            continue;
        }
        let shown = |names: Vec<Name>| -> Vec<String> {
            let names = names.into_iter().filter(|name| !hidden(name));
            names.map(|name| name.to_string()).collect()
        };
        let print_fields = |fields: &Fields<Name, Component<FieldDefinition>>| {
            let fields = fields.values().filter(|field| shown_field(field));
            let lines = fields.map(|field| {
                let inputs = field.arguments.iter().filter(|input| shown_input(input));
                field_line(&field.name, inputs.map(|i| input_text(i)), &field.ty)
            });
            block(lines)
        };
        let text = match ty {
            ExtendedType::Scalar(_) => format!("scalar {name}"),
            ExtendedType::Object(object) => {
                let interfaces = object.implements_interfaces.iter();
                let implements = implements(&shown(interfaces.map(|i| i.name.clone()).collect()));
                format!("type {name}{implements} {}", print_fields(&object.fields))
            }
            ExtendedType::Interface(interface) => {
                let interfaces = interface.implements_interfaces.iter();
                let implements = implements(&shown(interfaces.map(|i| i.name.clone()).collect()));
                let fields = print_fields(&interface.fields);
                format!("interface {name}{implements} {fields}")
            }
            ExtendedType::Union(union) => {
                let members = union.members.iter().map(|m| m.name.clone()).collect();
                format!("union {name} = {}", shown(members).join(" | "))
            }
            ExtendedType::Enum(values) => {
                let values = values.values.values();
                let values = values.filter(|value| !value.directives.has(inaccessible));
                format!("enum {name} {}", block(values.map(|v| v.value.to_string())))
            }
            ExtendedType::InputObject(input) => {
                let fields = input.fields.values().filter(|field| shown_input(field));
                format!("input {name} {}", block(fields.map(|f| input_text(f))))
            }
        };
        let _ = writeln!(out, "{text}");
    }
    parsed(out)
}

/// What a subgraph serves: its own types, and the entry points of the subgraph specification.
pub fn subgraph_schema(
    supergraph: &Schema,
    types: &IndexMap<Name, TypeIn>,
    renames_roots: bool,
) -> Result<Valid<Schema>, String> {
    let local = |name: &Name| local_root(supergraph, name, renames_roots);
    let query = supergraph.root_operation(OperationType::Query);
    let mut out = roots(supergraph, &local, &|name| {
        types.contains_key(name) || Some(name) == query
    });
    for (name, ty) in types {
        let Some(definition) = supergraph.types.get(name) else {
            continue;
        };
        let ty_text = |ty: &Type| renamed_type(ty, &local);
        let line = |field: &Name, field_in: &super::model::FieldIn| {
            let definition = supergraph.type_field(name, field).ok();
            let arguments = definition.map_or(&[][..], |definition| &definition.arguments);
            let inputs = arguments
                .iter()
                .filter(|input| {
                    let named = input.ty.inner_named_type();
                    types.contains_key(named)
                        || supergraph.types.get(named).is_some_and(|t| t.is_built_in())
                })
                .map(|input| input_text(input));
            let hidden = field_in.context_arguments.iter();
            let hidden = hidden.map(|(name, ty)| format!("{name}: {ty}"));
            let ty = ty_text(&field_in.ty);
            match inputs.chain(hidden).collect::<Vec<_>>().join(", ") {
                none if none.is_empty() => format!("{field}: {ty}"),
                inputs => format!("{field}({inputs}): {ty}"),
            }
        };
        let fields = || block(ty.fields.iter().map(|(name, field)| line(name, field)));
        let interfaces: Vec<String> = ty.implements.iter().map(Name::to_string).collect();
        let implements = implements(&interfaces);
        let text = match definition {
            ExtendedType::Scalar(_) => format!("scalar {name}"),
            _ if Some(name) == query => continue,
            ExtendedType::Interface(_) if !ty.is_interface_object => {
                format!("interface {name}{implements} {}", fields())
            }
            ExtendedType::Object(_) | ExtendedType::Interface(_) => {
                format!("type {}{implements} {}", local(name), fields())
            }
            ExtendedType::Union(_) => {
                let members: Vec<String> = ty.members.iter().map(Name::to_string).collect();
                format!("union {name} = {}", members.join(" | "))
            }
            ExtendedType::Enum(_) => {
                format!("enum {name} {}", block(ty.members.iter().map(Name::to_string)))
            }
            ExtendedType::InputObject(input) => {
                let fields = input.fields.values();
                let fields = fields.filter(|field| ty.fields.contains_key(&field.name));
                format!("input {name} {}", block(fields.map(|f| input_text(f))))
            }
        };
        let _ = writeln!(out, "{text}");
    }
    let entities: Vec<String> = types
        .iter()
        .filter(|(name, ty)| {
            let is_object = ty.is_interface_object || supergraph.get_object(name).is_some();
            is_object && ty.keys.iter().any(|key| key.resolvable)
        })
        .map(|(name, _)| name.to_string())
        .collect();
    let _ = writeln!(out, "type _Service {{ sdl: String! }}");
    let mut entry = vec!["_service: _Service!".to_owned()];
    if !entities.is_empty() {
        let _ = writeln!(out, "scalar _Any\nunion _Entity = {}", entities.join(" | "));
        entry.push("_entities(representations: [_Any!]!): [_Entity]!".to_owned());
    }
    let query = query.ok_or("no query type")?;
    if let Some(ty) = types.get(query) {
        for (field, field_in) in &ty.fields {
            let definition = supergraph
                .type_field(query, field)
                .map_err(|_| format!("Query.{field} is not in the supergraph"))?;
            let inputs = definition.arguments.iter().map(|input| input_text(input));
            let ty = field_in.ty.clone();
            entry.push(field_line_text(field, inputs, &renamed_type(&ty, &local)));
        }
    }
    let _ = writeln!(out, "type {} {}", local(query), block(entry.into_iter()));
    parsed(out)
}

/// The name a subgraph has for a root type of the supergraph; other types keep theirs.
pub fn local_root(supergraph: &Schema, name: &Name, renames_roots: bool) -> String {
    let is_root = [
        OperationType::Query,
        OperationType::Mutation,
        OperationType::Subscription,
    ]
    .into_iter()
    .any(|kind| supergraph.root_operation(kind) == Some(name));
    if is_root && renames_roots {
        format!("Root{name}")
    } else {
        name.to_string()
    }
}

fn parsed(sdl: String) -> Result<Valid<Schema>, String> {
    Schema::parse_and_validate(&sdl, "schema.graphql")
        .map_err(|error| format!("{}\n{sdl}", error.errors))
}

fn roots(
    supergraph: &Schema,
    local: &dyn Fn(&Name) -> String,
    shown: &dyn Fn(&Name) -> bool,
) -> String {
    let lines = supergraph
        .schema_definition
        .iter_root_operations()
        .filter(|(_, name)| shown(&name.name))
        .map(|(kind, name)| format!("{}: {}", kind.name(), local(&name.name)));
    format!("schema {}\n", block(lines))
}

fn block(lines: impl Iterator<Item = String>) -> String {
    let mut out = "{\n".to_owned();
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
    out + "}"
}

fn implements(interfaces: &[String]) -> String {
    if interfaces.is_empty() {
        String::new()
    } else {
        format!(" implements {}", interfaces.join(" & "))
    }
}

fn field_line(name: &Name, inputs: impl Iterator<Item = String>, ty: &Type) -> String {
    field_line_text(name, inputs, &ty.to_string())
}

fn field_line_text(name: &Name, inputs: impl Iterator<Item = String>, ty: &str) -> String {
    let inputs: Vec<String> = inputs.collect();
    if inputs.is_empty() {
        format!("{name}: {ty}")
    } else {
        format!("{name}({}): {ty}", inputs.join(", "))
    }
}

fn input_text(input: &InputValueDefinition) -> String {
    match &input.default_value {
        Some(value) => format!("{}: {} = {}", input.name, input.ty, value),
        None => format!("{}: {}", input.name, input.ty),
    }
}

fn renamed_type(ty: &Type, local: &dyn Fn(&Name) -> String) -> String {
    match ty {
        Type::Named(name) => local(name),
        Type::NonNullNamed(name) => format!("{}!", local(name)),
        Type::List(item) => format!("[{}]", renamed_type(item, local)),
        Type::NonNullList(item) => format!("[{}]!", renamed_type(item, local)),
    }
}
