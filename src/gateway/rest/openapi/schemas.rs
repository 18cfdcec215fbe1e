//! Types of the graph as JSON Schema. Enums, inputs and scalars of the graph are written once, under their names.

use apollo_compiler::{
    Name, Node, Schema,
    ast::{self, InputValueDefinition, Type},
    schema::ExtendedType,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The schemas that a document refers to by their names.
pub(super) struct Schemas<'a> {
    api: &'a Schema,
    named: BTreeMap<String, Value>,
}

impl<'a> Schemas<'a> {
    /// Those of problems, to begin with.
    pub(super) fn new(api: &'a Schema) -> Self {
        let problem = json!({
            "type": "object",
            "properties": {
                "title": { "type": "string" },
                "status": { "type": "integer" },
                "detail": { "type": "string" },
                "code": { "type": "string", "description": "What went wrong, for programs." },
                "errors": { "type": "array", "items": { "type": "object" } },
            },
            "required": ["title", "status", "detail", "code"],
        });
        Self {
            api,
            named: BTreeMap::from([("Problem".to_owned(), problem)]),
        }
    }

    /// All of them, by name.
    pub(super) fn finish(self) -> Value {
        Value::Object(self.named.into_iter().collect())
    }

    /// What clients see of the graph.
    pub(super) fn api(&self) -> &'a Schema {
        self.api
    }

    /// The schema of a value of this type, lists and null as well.
    pub(super) fn of(&mut self, ty: &Type) -> Value {
        let schema = match ty {
            Type::Named(name) | Type::NonNullNamed(name) => self.named(name),
            Type::List(item) | Type::NonNullList(item) => {
                json!({ "type": "array", "items": self.of(item) })
            }
        };
        match ty.is_non_null() {
            true => schema,
            false => or_null(schema),
        }
    }

    /// The schema of a named type's values other than null.
    pub(super) fn named(&mut self, name: &Name) -> Value {
        if let Some(schema) = built_in(name) {
            return schema;
        }
        let reference = self.reference(name);
        let known = reference.as_str().rsplit('/').next().unwrap_or_default();
        if !self.named.contains_key(known) {
            let known = known.to_owned();
            // An input may have itself in it.
            self.named.insert(known.clone(), json!({}));
            let schema = self.define(name);
            self.named.insert(known, schema);
        }
        json!({ "$ref": reference })
    }

    /// A type of the graph may have the name of a schema that is ours.
    fn reference(&self, name: &Name) -> String {
        let own = if name == "Problem" { "_" } else { "" };
        format!("#/components/schemas/{name}{own}")
    }

    fn define(&mut self, name: &Name) -> Value {
        let mut schema = Map::new();
        let Some(definition) = self.api.types.get(name) else {
            return Value::Object(schema);
        };
        if let Some(description) = definition.description() {
            schema.insert("description".to_owned(), description.to_string().into());
        }
        match definition {
            ExtendedType::Enum(definition) => {
                schema.insert("type".to_owned(), "string".into());
                let values = definition
                    .values
                    .keys()
                    .map(|value| Value::from(value.as_str()));
                schema.insert("enum".to_owned(), values.collect());
            }
            ExtendedType::InputObject(input) => {
                schema.insert("type".to_owned(), "object".into());
                let fields = input.fields.iter();
                let properties = fields.map(|(name, field)| (name.to_string(), self.input(field)));
                schema.insert("properties".to_owned(), Value::Object(properties.collect()));
                let required = input.fields.iter().filter(|(_, field)| field.is_required());
                let required: Vec<&str> = required.map(|(name, _)| name.as_str()).collect();
                if !required.is_empty() {
                    schema.insert("required".to_owned(), required.into());
                }
                schema.insert("additionalProperties".to_owned(), false.into());
            }
            // A scalar of the graph may be any JSON.
            _ => {}
        }
        Value::Object(schema)
    }

    fn input(&mut self, field: &InputValueDefinition) -> Value {
        let mut schema = self.of(&field.ty);
        if let Some(description) = &field.description {
            schema["description"] = description.to_string().into();
        }
        if let Some(default) = &field.default_value {
            schema["default"] = json(default);
        }
        schema
    }
}

/// A schema of GraphQL's own scalars.
pub(super) fn built_in(name: &Name) -> Option<Value> {
    Some(match name.as_str() {
        "Int" => json!({ "type": "integer", "format": "int32" }),
        "Float" => json!({ "type": "number", "format": "double" }),
        "Boolean" => json!({ "type": "boolean" }),
        "String" | "ID" => json!({ "type": "string" }),
        _ => return None,
    })
}

/// A schema that lets null through, too.
pub(super) fn or_null(mut schema: Value) -> Value {
    let says = |key: &str| schema.get(key).is_some();
    let is_choice = ["$ref", "anyOf", "oneOf", "const", "enum"]
        .into_iter()
        .any(says);
    if is_choice {
        return json!({ "anyOf": [schema, { "type": "null" }] });
    }
    // Without a type, anything goes.
    if let Some(ty) = schema.get_mut("type") {
        *ty = json!([ty.clone(), "null"]);
    }
    schema
}

/// A constant of a document as JSON.
pub(super) fn json(value: &Node<ast::Value>) -> Value {
    match value.as_ref() {
        ast::Value::Null | ast::Value::Variable(_) => Value::Null,
        ast::Value::Enum(name) => name.as_str().into(),
        ast::Value::String(text) => text.as_str().into(),
        ast::Value::Boolean(value) => (*value).into(),
        ast::Value::Int(number) => serde_json::from_str(number.as_str()).unwrap_or_default(),
        ast::Value::Float(number) => serde_json::from_str(number.as_str()).unwrap_or_default(),
        ast::Value::List(items) => items.iter().map(json).collect(),
        ast::Value::Object(fields) => {
            let fields = fields.iter();
            fields
                .map(|(name, value)| (name.to_string(), json(value)))
                .collect()
        }
    }
}
