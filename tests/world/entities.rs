//! From a representation back to the object it stands for.

use apollo_compiler::Name;
use serde_json::{Map, Value};

use super::field_set::{FieldSet, Selection};
use super::model::Subgraph;
use super::values::{KEY_LIST, Object, World};

impl World {
    /// The object a representation stands for at a subgraph; otherwise what is wrong with it.
    pub fn entity(&self, subgraph: &Subgraph, sent: &Value) -> Result<Object, String> {
        let Value::Object(fields) = sent else {
            return Err(format!("a representation must be an object: {sent}"));
        };
        let Some(Value::String(type_name)) = fields.get("__typename") else {
            return Err(format!("no __typename: {sent}"));
        };
        let Some((type_name, ty)) = subgraph.types.get_key_value(type_name.as_str()) else {
            return Err(format!("{type_name} is not known here: {sent}"));
        };
        let possible = subgraph.possible(&self.model, type_name);
        let mut found: Option<Object> = None;
        for key in ty.keys.iter().filter(|key| key.resolvable) {
            if !is_complete(&key.fields, fields) {
                continue;
            }
            let object = self
                .keyed(&possible, &key.fields, fields)
                .ok_or_else(|| format!("the key names no {type_name}: {sent}"))?;
            if found.as_ref().is_some_and(|other| *other != object) {
                return Err(format!("two keys name two objects: {sent}"));
            }
            found = Some(object);
        }
        found.ok_or_else(|| format!("no complete resolvable key of {type_name}: {sent}"))
    }

    fn keyed(
        &self,
        possible: &[Name],
        key: &FieldSet,
        sent: &Map<String, Value>,
    ) -> Option<Object> {
        possible.iter().find_map(|ty| {
            let object = self.told(ty, key, sent)?;
            let is_it = possible.contains(&object.ty) && self.agrees(&object, key, sent);
            is_it.then_some(object)
        })
    }

    /// The object that the first telling leaf of a key leads to.
    fn told(&self, ty: &Name, key: &FieldSet, sent: &Map<String, Value>) -> Option<Object> {
        key.0.iter().find_map(|selection| match selection {
            Selection::Field {
                name, selections, ..
            } => {
                let mut value = sent.get(name.as_str())?;
                let mut lists = 0;
                while let Value::Array(items) = value {
                    value = items.first()?;
                    lists += 1;
                }
                let number = match value {
                    Value::Object(below) => {
                        let possible = &self.facts.of(ty, name)?.candidates;
                        let mut possible = possible.iter();
                        possible
                            .find_map(|ty| self.told(ty, selections, below))?
                            .serial
                    }
                    leaf => self.carried_number(ty, name, leaf)?,
                };
                let object = self.numbered(ty, number);
                Some(Object {
                    ty: object.ty,
                    serial: object.serial / KEY_LIST.pow(lists),
                })
            }
            Selection::On { selections, .. } => self.told(ty, selections, sent),
        })
    }

    /// Whether what was sent is what the world says of the object's key.
    fn agrees(&self, object: &Object, key: &FieldSet, sent: &Map<String, Value>) -> bool {
        let truth = self.project(object, key);
        restricted(&Value::Object(sent.clone()), &truth) == truth
    }
}

/// Whether every field of a key was sent, and none is null.
fn is_complete(key: &FieldSet, sent: &Map<String, Value>) -> bool {
    key.0.iter().all(|selection| match selection {
        Selection::Field {
            name, selections, ..
        } => {
            let sent = sent.get(name.as_str());
            sent.is_some_and(|sent| is_complete_value(selections, sent))
        }
        Selection::On { selections, .. } => is_complete(selections, sent),
    })
}

fn is_complete_value(key: &FieldSet, sent: &Value) -> bool {
    match sent {
        Value::Null => false,
        Value::Object(fields) => is_complete(key, fields),
        Value::Array(items) => items.iter().all(|item| is_complete_value(key, item)),
        _ => true,
    }
}

/// The part of `sent` that has the shape of `shape`; what is missing stays out.
pub fn restricted(sent: &Value, shape: &Value) -> Value {
    match (sent, shape) {
        (Value::Object(sent), Value::Object(shape)) => Value::Object(
            shape
                .iter()
                .filter_map(|(name, shape)| {
                    let value = restricted(sent.get(name)?, shape);
                    Some((name.clone(), value))
                })
                .collect(),
        ),
        (Value::Array(sent), Value::Array(shape)) if sent.len() == shape.len() => {
            let pairs = sent.iter().zip(shape);
            Value::Array(pairs.map(|(sent, shape)| restricted(sent, shape)).collect())
        }
        (sent, _) => sent.clone(),
    }
}
