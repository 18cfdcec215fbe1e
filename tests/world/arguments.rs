//! Arguments in one form, so that a value does not depend on how they were written: defaults
//! filled in, input fields in order, and nothing that clients cannot see but what contexts set.

use apollo_compiler::Node;
use apollo_compiler::ast::{InputValueDefinition, Type};
use serde_json::{Map, Value};

use super::field_set::json;
use super::model::Model;

/// The arguments of a field as text; empty when it has none. Absent and null differ.
pub fn canonical(model: &Model, parent: &str, field: &str, given: &Map<String, Value>) -> String {
    let Some(definition) = model.field(parent, field) else {
        return String::new();
    };
    let shown = definition
        .arguments
        .iter()
        .filter(|argument| !model.is_inaccessible(&argument.directives));
    let shown = entries(model, shown.map(|argument| &**argument), given);
    let set = model.context_arguments(parent, field).iter();
    let set = set.filter_map(|argument| {
        let value = given.get(argument.name.as_str())?;
        let text = canonical_value(model, &argument.ty, value);
        Some(format!("${}:{text}", argument.name))
    });
    set.fold(shown, |text, one| match text.as_str() {
        "" => one,
        text => format!("{text},{one}"),
    })
}

fn entries<'d>(
    model: &Model,
    definitions: impl Iterator<Item = &'d InputValueDefinition>,
    given: &Map<String, Value>,
) -> String {
    let mut out: Vec<String> = definitions
        .filter_map(|definition| {
            let default = definition.default_value.as_ref();
            let value = given
                .get(definition.name.as_str())
                .cloned()
                .or_else(|| default.map(|value: &Node<_>| json(value)))?;
            let text = canonical_value(model, &definition.ty, &value);
            Some(format!("{}:{text}", definition.name))
        })
        .collect();
    out.sort();
    out.join(",")
}

fn canonical_value(model: &Model, ty: &Type, value: &Value) -> String {
    if value.is_null() {
        return "null".to_owned();
    }
    if ty.is_list() {
        let one = std::slice::from_ref(value);
        let items = value.as_array().map_or(one, |items| items);
        let items = items.iter();
        let items: Vec<_> = items
            .map(|item| canonical_value(model, ty.item_type(), item))
            .collect();
        return format!("[{}]", items.join(","));
    }
    match (
        value,
        model.supergraph.get_input_object(ty.inner_named_type()),
    ) {
        (Value::Object(fields), Some(definition)) => {
            let shown = definition.fields.values();
            let shown = shown.filter(|field| !model.is_inaccessible(&field.directives));
            format!(
                "{{{}}}",
                entries(model, shown.map(|field| &***field), fields)
            )
        }
        (Value::Number(number), _) => match number.as_f64() {
            Some(number) => number.to_string(),
            None => number.to_string(),
        },
        (Value::String(text), _) => text.clone(),
        (other, _) => other.to_string(),
    }
}
