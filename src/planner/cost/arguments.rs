//! What arguments cost, and what they say about the length of lists.

use super::type_cost;
use crate::schema::{Argument, FieldId, Place, Supergraph};
use apollo_compiler::{Name, ast, schema::ExtendedType};
use serde_json::{Map, Value};

/// The arguments of a field that may cost something.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    fixed: f64,
    /// Those that depend on variables.
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    value: Argument,
    slot: Slot,
}

/// Where an input value is, as far as its cost goes.
#[derive(Clone, Debug)]
struct Slot {
    /// The named type of the value.
    named: Name,
    /// What `@cost` says of the place.
    own: Option<i32>,
}

impl Arguments {
    /// Those of a field that stands for `fields`.
    pub(super) fn new(supergraph: &Supergraph, fields: &[FieldId], given: &[Argument]) -> Self {
        let mut arguments = Self::default();
        if given.is_empty() {
            return arguments;
        }
        for value in given {
            let slots = fields.iter().filter_map(|field| {
                let definition = definition(supergraph, *field, &value.name)?;
                let place = Place::Argument(*field, value.name.clone());
                Some(Slot {
                    named: definition.ty.inner_named_type().clone(),
                    own: supergraph.annotations(&place).and_then(|found| found.cost),
                })
            });
            let Some(slot) = slots.max_by_key(|slot| slot.own) else {
                continue;
            };
            if has_variables(&value.value) {
                if slot.may_cost(supergraph) {
                    let value = value.clone();
                    arguments.open.push(Open { value, slot });
                }
            } else {
                arguments.fixed += slot.literal(supergraph, &value.value, &Map::new());
            }
        }
        arguments
    }

    /// What they cost with these values.
    pub(super) fn cost(&self, supergraph: &Supergraph, variables: &Map<String, Value>) -> f64 {
        let open = self.open.iter();
        let open =
            open.map(|Open { value, slot }| slot.literal(supergraph, &value.value, variables));
        self.fixed + open.sum::<f64>()
    }
}

impl Slot {
    fn may_cost(&self, supergraph: &Supergraph) -> bool {
        self.own.is_some() || self.of_type(supergraph) > 0.0
    }

    /// What the type says: input objects cost 1 unless it says something.
    fn of_type(&self, supergraph: &Supergraph) -> f64 {
        let said = supergraph.type_id(&self.named);
        let said = said.and_then(|ty| type_cost(supergraph, ty));
        let is_object = matches!(
            supergraph.api().types.get(&self.named),
            Some(ExtendedType::InputObject(_))
        );
        said.unwrap_or(f64::from(u8::from(is_object)))
    }

    fn one(&self, supergraph: &Supergraph) -> f64 {
        self.own.map_or_else(|| self.of_type(supergraph), f64::from)
    }

    fn literal(
        &self,
        supergraph: &Supergraph,
        value: &ast::Value,
        variables: &Map<String, Value>,
    ) -> f64 {
        match value {
            ast::Value::Null => 0.0,
            ast::Value::Variable(name) => variables
                .get(name.as_str())
                .map_or(0.0, |value| self.json(supergraph, value)),
            ast::Value::List(items) => items
                .iter()
                .map(|item| self.literal(supergraph, item, variables))
                .sum(),
            ast::Value::Object(fields) => {
                let inside = fields.iter().filter_map(|(name, value)| {
                    let slot = self.below(supergraph, name)?;
                    Some(slot.literal(supergraph, value, variables))
                });
                self.one(supergraph) + inside.sum::<f64>()
            }
            _ => self.one(supergraph),
        }
    }

    fn json(&self, supergraph: &Supergraph, value: &Value) -> f64 {
        match value {
            Value::Null => 0.0,
            Value::Array(items) => items.iter().map(|item| self.json(supergraph, item)).sum(),
            Value::Object(fields) => {
                let inside = fields.iter().filter_map(|(name, value)| {
                    let slot = self.below(supergraph, name)?;
                    Some(slot.json(supergraph, value))
                });
                self.one(supergraph) + inside.sum::<f64>()
            }
            _ => self.one(supergraph),
        }
    }

    /// A field of an input object.
    fn below(&self, supergraph: &Supergraph, field: &str) -> Option<Self> {
        let ExtendedType::InputObject(object) = supergraph.api().types.get(&self.named)? else {
            return None;
        };
        let (name, definition) = object.fields.get_key_value(field)?;
        let ty = supergraph.type_id(&self.named)?;
        let place = Place::InputField(ty, name.clone());
        Some(Self {
            named: definition.ty.inner_named_type().clone(),
            own: supergraph.annotations(&place).and_then(|found| found.cost),
        })
    }
}

/// A number that a client gives by an argument, or by something inside of one.
#[derive(Debug)]
pub(super) struct Given {
    value: ast::Value,
    /// The fields of input objects that lead to it.
    path: Vec<String>,
    is_default: bool,
}

impl Given {
    /// The argument that a path such as `first` or `page.first` begins with. None: it is not given.
    pub(super) fn new(
        supergraph: &Supergraph,
        (fields, given): (&[FieldId], &[Argument]),
        path: &str,
    ) -> Option<Self> {
        let mut steps = path.split('.');
        let name = steps.next()?;
        let argument = given.iter().find(|argument| argument.name == name);
        let value = argument.map(|argument| argument.value.as_ref().clone());
        let default = || {
            let mut fields = fields.iter();
            let default = fields
                .find_map(|field| definition(supergraph, *field, name)?.default_value.as_ref());
            default.map(|value| value.as_ref().clone())
        };
        Some(Self {
            is_default: value.is_none(),
            value: value.or_else(default)?,
            path: steps.map(str::to_owned).collect(),
        })
    }

    /// Whether the schema gives it, not the client.
    pub(super) fn is_default(&self) -> bool {
        self.is_default
    }

    /// Its value, if it has one.
    pub(super) fn number(&self, variables: &Map<String, Value>) -> Option<f64> {
        let mut value = &self.value;
        let mut path = self.path.iter();
        loop {
            match value {
                ast::Value::Variable(name) => {
                    let mut value = variables.get(name.as_str())?;
                    for step in path {
                        value = value.get(step)?;
                    }
                    return value.as_f64();
                }
                ast::Value::Object(fields) => {
                    let step = path.next()?;
                    value = &fields.iter().find(|(name, _)| name == step.as_str())?.1;
                }
                ast::Value::Int(number) => return number.try_to_f64().ok(),
                _ => return None,
            }
        }
    }
}

fn has_variables(value: &ast::Value) -> bool {
    match value {
        ast::Value::Variable(_) => true,
        ast::Value::List(items) => items.iter().any(|item| has_variables(item)),
        ast::Value::Object(fields) => fields.iter().any(|(_, value)| has_variables(value)),
        _ => false,
    }
}

/// How clients see an argument.
fn definition<'a>(
    supergraph: &'a Supergraph,
    field: FieldId,
    argument: &str,
) -> Option<&'a ast::InputValueDefinition> {
    let field = supergraph.field(field);
    let parent = supergraph.type_name(field.parent);
    let definition = match supergraph.api().types.get(parent)? {
        ExtendedType::Object(ty) => ty.fields.get(&field.name)?,
        ExtendedType::Interface(ty) => ty.fields.get(&field.name)?,
        _ => return None,
    };
    definition.argument_by_name(argument).map(|node| &**node)
}
