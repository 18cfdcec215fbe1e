//! What arguments cost.
//!
//! A client may use one value in a thousand places, so each is weighed once: a literal when the plan is made, a variable once
//! in a request for each weight that `@cost` gives it.

use super::{given, type_cost};
use crate::schema::{Argument, FieldId, Place, Supergraph};
use apollo_compiler::{Name, ast, schema::ExtendedType};
use serde_json::{Map, Value};
use smallvec::SmallVec;
use std::{collections::HashMap, ptr};

/// The arguments of a field.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    fixed: f64,
    /// Those that depend on variables: the indices of their values.
    open: SmallVec<[u32; 1]>,
}

impl Arguments {
    /// What they cost, where the values cost so much.
    pub(super) fn cost(&self, values: &[f64]) -> f64 {
        let open = self.open.iter().map(|value| values[*value as usize]);
        self.fixed + open.sum::<f64>()
    }
}

/// The values of all arguments that depend on variables.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    variables: Vec<(Name, Slot)>,
    values: Vec<Input>,
}

/// A literal of an operation.
#[derive(Debug)]
enum Input {
    Fixed(f64),
    /// The index of a variable.
    Variable(usize),
    List(Vec<Input>),
    Object {
        itself: f64,
        fields: Vec<Input>,
    },
}

/// Where an input value is, as far as its cost goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Slot {
    /// The named type of the value.
    named: Name,
    /// What `@cost` says of the place.
    own: Option<i32>,
}

/// What a list costs. An item with a negative weight lowers nothing: clients choose how many there are.
fn list(items: impl Iterator<Item = f64>) -> f64 {
    items.map(|item| item.max(0.0)).sum()
}

/// What an object costs. Fields with negative weights lower what is in it, not it.
fn object(itself: f64, fields: impl Iterator<Item = f64>) -> f64 {
    itself + fields.sum::<f64>().max(0.0)
}

impl Inputs {
    /// What each of the values costs with these variables.
    pub(super) fn weigh(
        &self,
        supergraph: &Supergraph,
        variables: &Map<String, Value>,
    ) -> Vec<f64> {
        let costs = self.variables.iter().map(|(name, slot)| {
            let value = variables.get(name.as_str());
            value.map_or(0.0, |value| slot.json(supergraph, value))
        });
        let costs: Vec<f64> = costs.collect();
        let values = self.values.iter();
        values.map(|value| value.cost(&costs)).collect()
    }
}

impl Input {
    fn list(items: Vec<Self>) -> Self {
        Self::List(items).settled()
    }

    fn object(itself: f64, fields: Vec<Self>) -> Self {
        Self::Object { itself, fields }.settled()
    }

    /// A number, if no variable is inside.
    fn settled(self) -> Self {
        let inside = match &self {
            Self::List(inside) | Self::Object { fields: inside, .. } => inside,
            Self::Fixed(_) | Self::Variable(_) => return self,
        };
        match inside.iter().all(|input| matches!(input, Self::Fixed(_))) {
            true => Self::Fixed(self.cost(&[])),
            false => self,
        }
    }

    fn cost(&self, variables: &[f64]) -> f64 {
        match self {
            Self::Fixed(cost) => *cost,
            Self::Variable(index) => variables[*index],
            Self::List(items) => list(items.iter().map(|item| item.cost(variables))),
            Self::Object { itself, fields } => {
                object(*itself, fields.iter().map(|field| field.cost(variables)))
            }
        }
    }
}

/// Collects the arguments of a plan.
pub(super) struct Collecting<'a> {
    supergraph: &'a Supergraph,
    pub(super) inputs: Inputs,
    /// By the addresses of the literals, which the places share that a fragment is spread in.
    known: HashMap<(*const ast::Value, Slot), Known>,
    variables: HashMap<(Name, Slot), usize>,
}

/// A literal that was met.
#[derive(Clone, Copy)]
enum Known {
    Fixed(f64),
    Open(u32),
}

impl<'a> Collecting<'a> {
    /// None yet.
    pub(super) fn new(supergraph: &'a Supergraph) -> Self {
        Self {
            supergraph,
            inputs: Inputs::default(),
            known: HashMap::new(),
            variables: HashMap::new(),
        }
    }

    /// Those of a field that stands for `fields`.
    pub(super) fn arguments(&mut self, fields: &[FieldId], given: &'a [Argument]) -> Arguments {
        let mut arguments = Arguments::default();
        for argument in given {
            let slots = fields.iter().filter_map(|field| {
                let definition = given::argument(self.supergraph, *field, &argument.name)?;
                let place = Place::Argument(*field, argument.name.clone());
                Some(Slot::new(self.supergraph, definition, &place))
            });
            let Some(slot) = slots.max_by_key(|slot| slot.own) else {
                continue;
            };
            match self.value(slot, &argument.value) {
                Known::Fixed(cost) => arguments.fixed += cost,
                Known::Open(index) => arguments.open.push(index),
            }
        }
        arguments
    }

    fn value(&mut self, slot: Slot, value: &'a ast::Value) -> Known {
        let key = (ptr::from_ref(value), slot);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let known = match self.literal(&key.1, value) {
            Input::Fixed(cost) => Known::Fixed(cost),
            open => {
                self.inputs.values.push(open);
                Known::Open(self.inputs.values.len() as u32 - 1)
            }
        };
        self.known.insert(key, known);
        known
    }

    fn literal(&mut self, slot: &Slot, value: &ast::Value) -> Input {
        match value {
            ast::Value::Null => Input::Fixed(0.0),
            ast::Value::Variable(_) if !slot.may_cost(self.supergraph) => Input::Fixed(0.0),
            ast::Value::Variable(name) => {
                let variables = &mut self.inputs.variables;
                let key = (name.clone(), slot.clone());
                let index = self.variables.entry(key.clone()).or_insert_with(|| {
                    variables.push(key);
                    variables.len() - 1
                });
                Input::Variable(*index)
            }
            ast::Value::List(items) => {
                let items = items.iter().map(|item| self.literal(slot, item));
                Input::list(items.collect())
            }
            ast::Value::Object(fields) => {
                let inside = fields.iter().filter_map(|(name, value)| {
                    let slot = slot.below(self.supergraph, name)?;
                    Some(self.literal(&slot, value))
                });
                let inside = inside.collect();
                Input::object(slot.one(self.supergraph), inside)
            }
            _ => Input::Fixed(slot.one(self.supergraph)),
        }
    }
}

impl Slot {
    fn new(supergraph: &Supergraph, definition: &ast::InputValueDefinition, place: &Place) -> Self {
        Self {
            named: definition.ty.inner_named_type().clone(),
            own: supergraph.annotations(place).and_then(|found| found.cost),
        }
    }

    fn may_cost(&self, supergraph: &Supergraph) -> bool {
        self.own.is_some() || self.of_type(supergraph) != 0.0
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

    fn json(&self, supergraph: &Supergraph, value: &Value) -> f64 {
        match value {
            Value::Null => 0.0,
            Value::Array(items) => list(items.iter().map(|item| self.json(supergraph, item))),
            Value::Object(fields) => {
                let inside = fields.iter().filter_map(|(name, value)| {
                    let slot = self.below(supergraph, name)?;
                    Some(slot.json(supergraph, value))
                });
                object(self.one(supergraph), inside)
            }
            _ => self.one(supergraph),
        }
    }

    /// A field of an input object.
    fn below(&self, supergraph: &Supergraph, field: &str) -> Option<Self> {
        let definition = given::input_field(supergraph, &self.named, field)?;
        let ty = supergraph.type_id(&self.named)?;
        let place = Place::InputField(ty, definition.name.clone());
        Some(Self::new(supergraph, definition, &place))
    }
}
