//! Parameters and bodies: what clients send.

use super::{
    Described,
    schemas::{Schemas, built_in, json},
};
use crate::gateway::rest::operation::{Binding, Operation, Source};
use apollo_compiler::{
    ast::{Type, VariableDefinition},
    schema::ExtendedType,
};
use serde_json::{Map, Value, json};

/// The parameters of a route: those of its path first.
pub(super) fn parameters(schemas: &Schemas<'_>, route: &Described<'_>) -> Vec<Value> {
    let bindings = route.operation.bindings();
    let mut parameters: Vec<Value> = Vec::new();
    for name in &route.captures {
        let taken =
            |binding: &&Binding| matches!(&binding.source, Source::Path(known) if known == name);
        let schema = match bindings.iter().find(taken) {
            Some(binding) => schema(schemas, route.operation, binding),
            None => json!({ "type": "string" }),
        };
        parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }
    for binding in bindings {
        let (place, name) = match &binding.source {
            Source::Query(name) => ("query", name.as_str()),
            Source::Header(name) => ("header", name.0.as_str()),
            Source::Path(_) | Source::Claim(_) | Source::Body(_) | Source::Value(_) => continue,
        };
        // Two variables may come from one parameter.
        if parameters
            .iter()
            .any(|known| known["in"] == place && known["name"] == name)
        {
            continue;
        }
        let mut parameter = Map::new();
        parameter.insert("name".to_owned(), name.into());
        parameter.insert("in".to_owned(), place.into());
        if binding.required {
            parameter.insert("required".to_owned(), true.into());
        }
        let schema = schema(schemas, route.operation, binding);
        parameter.insert("schema".to_owned(), schema);
        parameters.push(Value::Object(parameter));
    }
    parameters
}

/// The body of a route: a variable's value, or an object with such in it.
pub(super) fn body(schemas: &mut Schemas<'_>, operation: &Operation) -> Value {
    let mut whole = json!({ "type": "object" });
    let mut required = false;
    for binding in operation.bindings() {
        let (Source::Body(place), Some(declared)) =
            (&binding.source, operation.declaration(&binding.variable))
        else {
            continue;
        };
        required |= binding.required;
        let mut schema = schemas.of(&declared.ty);
        if let Some(default) = &declared.default_value {
            schema["default"] = json(default);
        }
        if place.steps().is_empty() {
            whole = schema;
            break;
        }
        put(&mut whole, place.steps(), (schema, binding.required));
    }
    let content = json!({ "application/json": { "schema": whole } });
    json!({ "required": required, "content": content })
}

/// Puts a schema where it belongs in an object's.
fn put(object: &mut Value, steps: &[String], (schema, required): (Value, bool)) {
    let Some((step, below)) = steps.split_first() else {
        *object = schema;
        return;
    };
    if required {
        match object.get_mut("required").and_then(Value::as_array_mut) {
            Some(names) if names.iter().any(|name| name == step.as_str()) => {}
            Some(names) => names.push(step.as_str().into()),
            None => object["required"] = json!([step]),
        }
    }
    if object.get("properties").is_none() {
        object["properties"] = json!({});
    }
    let member = &mut object["properties"][step.as_str()];
    if member.is_null() {
        *member = json!({ "type": "object" });
    }
    put(member, below, (schema, required));
}

/// The schema of a parameter: what its texts must be.
fn schema(schemas: &Schemas<'_>, operation: &Operation, binding: &Binding) -> Value {
    let Some(declared) = operation.declaration(&binding.variable) else {
        return json!({});
    };
    let declared: &VariableDefinition = declared;
    let mut schema = texts(schemas, &declared.ty);
    if let Some(default) = &declared.default_value {
        schema["default"] = json(default);
    }
    schema
}

fn texts(schemas: &Schemas<'_>, ty: &Type) -> Value {
    let name = match ty {
        Type::Named(name) | Type::NonNullNamed(name) => name,
        Type::List(item) | Type::NonNullList(item) => {
            let item = match item.item_type() == item.as_ref() {
                true => texts(schemas, item),
                false => json_text(),
            };
            return json!({ "type": "array", "items": item });
        }
    };
    if let Some(schema) = built_in(name) {
        return schema;
    }
    let definition = schemas.api().types.get(name);
    let mut schema = match definition {
        Some(ExtendedType::Enum(definition)) => {
            let values = definition
                .values
                .keys()
                .map(|value| Value::from(value.as_str()));
            json!({ "type": "string", "enum": values.collect::<Vec<_>>() })
        }
        Some(ExtendedType::InputObject(_)) => json_text(),
        _ => json!({ "type": "string" }),
    };
    if let Some(description) = definition.and_then(|definition| definition.description()) {
        schema["description"] = description.to_string().into();
    }
    schema
}

fn json_text() -> Value {
    json!({ "type": "string", "contentMediaType": "application/json" })
}
