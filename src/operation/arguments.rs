//! What an operation gives a field for arguments, and what that comes to with the variables of a request (GraphQL spec
//! section 6.4.1, CoerceArgumentValues).

use crate::schema::{FieldId, Supergraph};
use apollo_compiler::{Name, Node, Schema, ast, executable, schema::ExtendedType};
use serde_json::{Map, Value};

/// How deep values are looked into. Defaults of input objects can be circular.
const DEPTH_MAX: usize = 128;

/// The arguments of a field at one of its places in an operation: literals, variables, and what the schema says where
/// nothing is given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arguments(Vec<Argument>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Argument {
    name: Name,
    ty: ast::Type,
    given: Option<Node<ast::Value>>,
    default: Option<Node<ast::Value>>,
}

impl Arguments {
    /// Those that `field` gives a field as clients see it. None: it takes none.
    pub(super) fn of(
        supergraph: &Supergraph,
        id: FieldId,
        field: &executable::Field,
    ) -> Option<Self> {
        let definition = supergraph.field(id);
        let parent = supergraph.type_name(definition.parent);
        let definition = supergraph.api().type_field(parent, &definition.name).ok()?;
        let arguments = definition.arguments.iter().map(|argument| {
            let mut given = field.arguments.iter();
            let given = given.find(|given| given.name == argument.name);
            Argument {
                name: argument.name.clone(),
                ty: (*argument.ty).clone(),
                given: given.map(|given| given.value.clone()),
                default: argument.default_value.clone(),
            }
        });
        let arguments: Vec<Argument> = arguments.collect();
        (!arguments.is_empty()).then_some(Self(arguments))
    }

    /// The value of an argument, `null` if there is none. None: the field has no such argument, or its value cannot be told
    /// exactly. `variables` are coerced.
    pub fn value(
        &self,
        supergraph: &Supergraph,
        name: &str,
        variables: &Map<String, Value>,
    ) -> Option<Value> {
        let argument = self.0.iter().find(|argument| argument.name == name)?;
        let given = argument.given.as_ref().filter(|given| {
            let variable = given.as_variable();
            variable.is_none_or(|name| variables.contains_key(name.as_str()))
        });
        let value = match given.or(argument.default.as_ref()) {
            Some(value) => json(value, variables)?,
            None => Value::Null,
        };
        complete(supergraph.api(), value, &argument.ty, 0)
    }
}

/// A literal as JSON. None: a number that JSON cannot hold exactly.
fn json(value: &ast::Value, variables: &Map<String, Value>) -> Option<Value> {
    Some(match value {
        ast::Value::Null => Value::Null,
        ast::Value::Enum(name) => name.as_str().into(),
        ast::Value::String(text) => text.as_str().into(),
        ast::Value::Boolean(flag) => (*flag).into(),
        ast::Value::Int(number) => match number.as_str().parse::<i64>() {
            Ok(number) => number.into(),
            Err(_) => number.as_str().parse::<u64>().ok()?.into(),
        },
        ast::Value::Float(number) => serde_json::from_str(number.as_str()).ok()?,
        ast::Value::Variable(name) => variables.get(name.as_str())?.clone(),
        ast::Value::List(items) => {
            let items = items.iter().map(|item| match item.as_variable() {
                Some(name) if !variables.contains_key(name.as_str()) => Some(Value::Null),
                _ => json(item, variables),
            });
            Value::Array(items.collect::<Option<_>>()?)
        }
        ast::Value::Object(fields) => {
            let given = fields.iter().filter(|(_, value)| {
                let variable = value.as_variable();
                variable.is_none_or(|name| variables.contains_key(name.as_str()))
            });
            let given =
                given.map(|(name, value)| Some((name.to_string(), json(value, variables)?)));
            Value::Object(given.collect::<Option<_>>()?)
        }
    })
}

/// The value as its type has it: lists around single items, defaults of input objects, ids as texts.
fn complete(schema: &Schema, value: Value, ty: &ast::Type, depth: usize) -> Option<Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    let depth = depth + 1;
    let (name, value) = match (ty, value) {
        (_, Value::Null) => return Some(Value::Null),
        (ast::Type::List(item) | ast::Type::NonNullList(item), Value::Array(values)) => {
            let values = values.into_iter();
            let values = values.map(|value| complete(schema, value, item, depth));
            return Some(Value::Array(values.collect::<Option<_>>()?));
        }
        (ast::Type::List(item) | ast::Type::NonNullList(item), value) => {
            return Some(Value::Array(vec![complete(schema, value, item, depth)?]));
        }
        (ast::Type::Named(name) | ast::Type::NonNullNamed(name), value) => (name, value),
    };
    match value {
        Value::Number(number) if *name == "ID" => Some(number.to_string().into()),
        Value::Object(mut given) => {
            if let Some(ExtendedType::InputObject(input)) = schema.types.get(name) {
                for (key, field) in &input.fields {
                    let value = match (given.remove(key.as_str()), &field.default_value) {
                        (Some(value), _) => value,
                        (None, Some(default)) => json(default, &Map::new())?,
                        (None, None) => continue,
                    };
                    let value = complete(schema, value, &field.ty, depth)?;
                    given.insert(key.to_string(), value);
                }
            }
            Some(Value::Object(given))
        }
        value => Some(value),
    }
}
