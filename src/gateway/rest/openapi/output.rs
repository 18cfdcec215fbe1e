//! Answers: what clients get.

use super::schemas::{Schemas, or_null};
use crate::gateway::rest::operation::{Answer, Kind, Members, Operation};
use serde_json::{Map, Value, json};

/// The schema of what an operation answers.
pub(super) fn schema(schemas: &mut Schemas<'_>, operation: &Operation) -> Value {
    let mut schema = value(schemas, operation.answer());
    if operation.is_partial() {
        let errors = json!({
            "type": "array",
            "description": "Why there are nulls where there should be none.",
            "items": { "type": "object" },
        });
        add_errors(&mut schema, &errors);
    }
    schema
}

fn add_errors(schema: &mut Value, errors: &Value) {
    for key in ["anyOf", "oneOf"] {
        if let Some(alternatives) = schema.get_mut(key).and_then(Value::as_array_mut) {
            return alternatives
                .iter_mut()
                .for_each(|schema| add_errors(schema, errors));
        }
    }
    if let Some(properties) = schema.get_mut("properties") {
        properties["errors"] = errors.clone();
    }
}

fn value(schemas: &mut Schemas<'_>, answer: &Answer) -> Value {
    let mut schema = match &answer.kind {
        Kind::Leaf(name) => schemas.named(name),
        Kind::Typename(names) => {
            let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
            match names.as_slice() {
                [only] => json!({ "const": only }),
                several => json!({ "enum": several }),
            }
        }
        Kind::List(item) => json!({ "type": "array", "items": value(schemas, item) }),
        Kind::Object(members) => object(schemas, members),
        Kind::Either(alternatives) => {
            // Where each says its type, only one can fit.
            let key = match alternatives.iter().all(has_typename) {
                true => "oneOf",
                false => "anyOf",
            };
            let alternatives = alternatives.iter().map(|members| object(schemas, members));
            json!({ key: alternatives.collect::<Vec<_>>() })
        }
        Kind::Any => json!({}),
    };
    if answer.nullable {
        schema = or_null(schema);
    }
    if let Some(description) = &answer.description {
        schema["description"] = description.as_str().into();
    }
    schema
}

fn has_typename(members: &Members) -> bool {
    let mut members = members.values();
    members.any(|member| !member.optional && matches!(member.value.kind, Kind::Typename(_)))
}

fn object(schemas: &mut Schemas<'_>, members: &Members) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, member) in members {
        properties.insert(name.clone(), value(schemas, &member.value));
        if !member.optional {
            required.push(name.as_str());
        }
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}
