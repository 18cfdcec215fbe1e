//! Field sets as text.

use crate::schema::{SetField, Supergraph, TypeId};

/// A field set as it would be written on type `on`, on one line.
pub(super) fn text(supergraph: &Supergraph, on: TypeId, fields: &[SetField]) -> String {
    let fields = fields.iter().map(|field| one(supergraph, on, field));
    fields.collect::<Vec<_>>().join(" ")
}

fn one(supergraph: &Supergraph, on: TypeId, field: &SetField) -> String {
    let mut out = field.name.to_string();
    let arguments = field.arguments.iter();
    let arguments: Vec<String> = arguments
        .map(|argument| {
            let value = argument.value.serialize().no_indent();
            format!("{}: {value}", argument.name)
        })
        .collect();
    if !arguments.is_empty() {
        out.push_str(&format!("({})", arguments.join(", ")));
    }
    if !field.fields.is_empty() {
        let id = supergraph.field_of(field.parent, &field.name);
        let named = id.map_or(field.parent, |id| supergraph.field(id).named);
        out.push_str(&format!(
            " {{ {} }}",
            text(supergraph, named, &field.fields)
        ));
    }
    match field.parent == on {
        true => out,
        false => format!("... on {} {{ {out} }}", supergraph.type_name(field.parent)),
    }
}
