//! Pieces of SDL text, for the schemas that are printed and parsed again so as to be valid by
//! the same checks as any other.

use std::fmt::Write;

use apollo_compiler::ast::{InputValueDefinition, OperationType};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Schema};

/// Lines in braces.
pub fn block(lines: impl IntoIterator<Item = String>) -> String {
    let mut out = "{\n".to_owned();
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
    out + "}"
}

/// `implements A & B`, or nothing.
pub fn implements<'n>(interfaces: impl Iterator<Item = &'n Name>) -> String {
    match joined(interfaces, " & ") {
        none if none.is_empty() => none,
        interfaces => format!(" implements {interfaces}"),
    }
}

/// A field with its arguments.
pub fn field(name: &Name, inputs: impl IntoIterator<Item = String>, ty: &str) -> String {
    let inputs: Vec<String> = inputs.into_iter().collect();
    match inputs.join(", ") {
        none if none.is_empty() => format!("{name}: {ty}"),
        inputs => format!("{name}({inputs}): {ty}"),
    }
}

/// An argument or input field, without directives.
pub fn input(definition: &InputValueDefinition) -> String {
    let InputValueDefinition { name, ty, .. } = definition;
    match &definition.default_value {
        Some(value) => format!("{name}: {ty} = {value}"),
        None => format!("{name}: {ty}"),
    }
}

/// A `schema` definition, of the roots that `name` has a name for.
pub fn roots(supergraph: &Schema, name: &dyn Fn(&Name) -> Option<String>) -> String {
    let kinds = [
        OperationType::Query,
        OperationType::Mutation,
        OperationType::Subscription,
    ];
    let lines = kinds.into_iter().filter_map(|kind| {
        let root = name(supergraph.root_operation(kind)?)?;
        Some(format!("{}: {root}", kind.name()))
    });
    format!("schema {}", block(lines))
}

pub fn joined<'n>(names: impl Iterator<Item = &'n Name>, separator: &str) -> String {
    let names: Vec<&str> = names.map(Name::as_str).collect();
    names.join(separator)
}

pub fn parsed(sdl: &str) -> Result<Valid<Schema>, String> {
    Schema::parse_and_validate(sdl, "schema.graphql")
        .map_err(|error| format!("{}\n{sdl}", error.errors))
}
