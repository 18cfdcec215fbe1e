//! The world: every value is a pure function of the object's type, its identity, the field and
//! the arguments. It knows the whole supergraph; who may say what is the subgraphs' affair.

use std::sync::{Mutex, PoisonError};

use apollo_compiler::Name;
use serde_json::{Map, Value};

use super::arguments;
use super::facts::{AllFacts, Facts};
use super::field_set::{FieldSet, Selection};
use super::model::Model;
use super::random::{hash, part};
use super::violations::Violation;

/// How many identities an entity type has: few, so that the same one comes up repeatedly.
const ENTITIES: u64 = 50;
/// How many identities other types have.
const OTHERS: u64 = 997;
/// How many of 100 nullable values are null.
const NULLS: u64 = 8;
/// How many elements of a list inside a key can be told apart.
pub const KEY_LIST: u64 = 3;

/// An object of the world: a concrete type and a serial number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub ty: Name,
    pub serial: u64,
}

/// What a field holds.
#[derive(Debug, Clone)]
pub enum Found {
    Leaf(Value),
    Object(Object),
    List(Vec<Found>),
}

/// A supergraph's world. Different salts give different values to the same identities.
pub struct World {
    pub model: Model,
    pub facts: AllFacts,
    pub salt: u64,
    violations: Mutex<Vec<Violation>>,
    mutations: Mutex<Vec<String>>,
}

impl World {
    pub fn new(model: Model) -> Self {
        World {
            facts: AllFacts::read(&model),
            model,
            salt: 0,
            violations: Mutex::default(),
            mutations: Mutex::default(),
        }
    }

    /// The value of a field, as it truly is.
    pub fn field(&self, object: &Object, field: &str, given: &Map<String, Value>) -> Found {
        let inputs = self
            .facts
            .of(&object.ty, field)
            .and_then(|facts| facts.requires.as_ref())
            .map(|requires| self.project(object, requires).to_string());
        self.field_from(object, field, given, inputs.as_deref().unwrap_or_default())
    }

    /// The value of a field whose resolver was sent `inputs`; they count only where the value
    /// depends on them.
    pub fn field_from(
        &self,
        object: &Object,
        field: &str,
        given: &Map<String, Value>,
        inputs: &str,
    ) -> Found {
        let Some(facts) = self.facts.of(&object.ty, field) else {
            return Found::Leaf(Value::Null);
        };
        let inputs = facts.requires.as_ref().map_or("", |_| inputs);
        let mut cell = Cell {
            world: self,
            facts,
            field,
            object,
            suffix: String::new(),
        };
        if facts.carries {
            return cell.carried(0, object.serial);
        }
        let arguments = arguments::canonical(&self.model, &object.ty, field, given);
        if !(arguments.is_empty() && inputs.is_empty()) {
            let seed = hash(&format!("{arguments} {inputs}"));
            cell.suffix = format!("/{:06x}", seed & 0xff_ffff);
        }
        cell.chosen()
    }

    /// A value that is none of the world's, of the right type: what a subgraph says of a field
    /// it does not know.
    pub fn poison(&self, object: &Object, field: &str) -> Found {
        let Some(facts) = self.facts.of(&object.ty, field) else {
            return Found::Leaf(Value::Null);
        };
        let cell = Cell {
            world: self,
            facts,
            field,
            object,
            suffix: "/poison".to_owned(),
        };
        cell.chosen()
    }

    /// The true values a field set selects on an object.
    pub fn project(&self, object: &Object, set: &FieldSet) -> Value {
        let mut out = Map::new();
        self.project_into(object, set, &mut out);
        Value::Object(out)
    }

    fn project_into(&self, object: &Object, set: &FieldSet, out: &mut Map<String, Value>) {
        for selection in &set.0 {
            match selection {
                Selection::Field { name, .. } if name == "__typename" => {
                    out.insert(name.to_string(), Value::String(object.ty.to_string()));
                }
                Selection::Field {
                    name,
                    arguments,
                    selections,
                } => {
                    let value = self.found_json(self.field(object, name, arguments), selections);
                    merge(out.entry(name.to_string()).or_insert(Value::Null), value);
                }
                Selection::On {
                    condition,
                    selections,
                } => {
                    if condition.as_ref().is_none_or(|on| self.is(object, on)) {
                        self.project_into(object, selections, out);
                    }
                }
            }
        }
    }

    fn found_json(&self, found: Found, selections: &FieldSet) -> Value {
        match found {
            Found::Leaf(value) => value,
            Found::Object(object) => self.project(&object, selections),
            Found::List(items) => {
                let items = items.into_iter();
                Value::Array(items.map(|i| self.found_json(i, selections)).collect())
            }
        }
    }

    /// Whether an object is of a type of the supergraph.
    pub fn is(&self, object: &Object, ty: &str) -> bool {
        self.model.possible(ty).contains(&object.ty)
    }

    /// The number an object's keys carry: within a family it also tells the type.
    pub fn number(&self, object: &Object) -> u64 {
        let family = self.facts.family(&object.ty);
        let place = family.iter().position(|ty| *ty == object.ty).unwrap_or(0);
        object.serial * family.len() as u64 + place as u64
    }

    /// The object of a type, or of the type's family, that a number stands for.
    pub fn numbered(&self, ty: &Name, number: u64) -> Object {
        let family = self.facts.family(ty);
        let size = family.len() as u64;
        let place = usize::try_from(number % size).unwrap_or(0);
        Object {
            ty: family[place].clone(),
            serial: number / size,
        }
    }

    pub fn report(&self, violation: Violation) {
        self.violations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(violation);
    }

    pub fn take_violations(&self) -> Vec<Violation> {
        std::mem::take(
            &mut self
                .violations
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Notes that a root mutation field ran.
    pub fn note_mutation(&self, field: &str, given: &Map<String, Value>) {
        let Some(root) = &self.model.supergraph.schema_definition.mutation else {
            return;
        };
        let arguments = arguments::canonical(&self.model, &root.name, field, given);
        self.mutations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(format!("{field}({arguments})"));
    }

    pub fn take_mutations(&self) -> Vec<String> {
        std::mem::take(
            &mut self
                .mutations
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

/// One field of one object, about to get its value.
struct Cell<'w> {
    world: &'w World,
    facts: &'w Facts,
    field: &'w str,
    object: &'w Object,
    /// Stands for the arguments and inputs.
    suffix: String,
}

impl Cell<'_> {
    fn chosen(&self) -> Found {
        let Object { ty, serial } = self.object;
        let text = format!("{ty}.{}#{serial}{}", self.field, self.suffix);
        self.chosen_at(0, part(hash(&text), self.world.salt))
    }

    fn chosen_at(&self, level: usize, seed: u64) -> Found {
        if !self.facts.non_null[level] && (part(seed, 0) % 100 < NULLS || self.is_impossible()) {
            return Found::Leaf(Value::Null);
        }
        if level + 1 < self.facts.non_null.len() {
            let empty = self.is_impossible() && self.facts.non_null[level + 1];
            let length = if empty { 0 } else { part(seed, 1) % 4 };
            let items = (0..length).map(|index| self.chosen_at(level + 1, part(seed, 2 + index)));
            return Found::List(items.collect());
        }
        self.chosen_one(part(seed, 6))
    }

    /// Whether no value would suit every subgraph.
    fn is_impossible(&self) -> bool {
        self.facts.candidates.is_empty() && !self.is_scalar()
    }

    fn is_scalar(&self) -> bool {
        let ty = self.world.model.supergraph.types.get(&self.facts.named);
        ty.is_none_or(|ty| ty.is_scalar())
    }

    fn chosen_one(&self, seed: u64) -> Found {
        if self.is_scalar() {
            return Found::Leaf(self.chosen_scalar(seed));
        }
        let Some(choice) = nth(&self.facts.candidates, part(seed, 1)) else {
            return Found::Leaf(Value::Null);
        };
        if self
            .world
            .model
            .supergraph
            .get_enum(&self.facts.named)
            .is_some()
        {
            return Found::Leaf(Value::String(choice.to_string()));
        }
        let serials = if self.world.model.is_root(choice) {
            1
        } else if self.world.facts.is_entity(choice) {
            ENTITIES
        } else {
            OTHERS
        };
        Found::Object(Object {
            ty: choice.clone(),
            serial: part(seed, 2) % serials,
        })
    }

    fn chosen_scalar(&self, seed: u64) -> Value {
        let Object { ty, serial } = self.object;
        let (field, suffix) = (self.field, &self.suffix);
        match self.facts.named.as_str() {
            "Int" => Value::from(seed % 10_000),
            "Float" => Value::from((seed % 10_000) as f64 + 0.25),
            "Boolean" => Value::Bool(seed.is_multiple_of(2)),
            "String" | "ID" => Value::String(format!("{ty}.{field}#{serial}{suffix}")),
            custom if seed.is_multiple_of(4) => {
                serde_json::json!({ custom: [seed % 100, null_or(seed), { "of": ty.as_str() }] })
            }
            custom => Value::String(format!("{custom} {ty}.{field}#{serial}{suffix}")),
        }
    }

    /// A value from which the object's serial can be told: no nulls, and lists whose elements
    /// each tell it.
    fn carried(&self, level: usize, serial: u64) -> Found {
        if level + 1 < self.facts.non_null.len() {
            let length = 1 + serial % (KEY_LIST - 1);
            let items = (0..length).map(|at| self.carried(level + 1, serial * KEY_LIST + at));
            return Found::List(items.collect());
        }
        if self.is_scalar() {
            return Found::Leaf(self.carried_scalar(serial));
        }
        let Some(choice) = nth(&self.facts.candidates, serial) else {
            return Found::Leaf(Value::Null);
        };
        if self
            .world
            .model
            .supergraph
            .get_enum(&self.facts.named)
            .is_some()
        {
            return Found::Leaf(Value::String(choice.to_string()));
        }
        Found::Object(Object {
            ty: choice.clone(),
            serial: self.number(serial),
        })
    }

    /// The number of this cell's object with another serial.
    fn number(&self, serial: u64) -> u64 {
        self.world.number(&Object {
            ty: self.object.ty.clone(),
            serial,
        })
    }

    fn carried_scalar(&self, serial: u64) -> Value {
        let number = self.number(serial);
        match self.facts.named.as_str() {
            "Int" => Value::from(self.int_base() + number),
            "Float" => Value::from((self.int_base() + number) as f64 + 0.25),
            "Boolean" => Value::Bool(number.is_multiple_of(2)),
            _ => Value::String(format!("{}{number}", self.key_prefix())),
        }
    }

    /// Keys of different types and fields differ, so that one sent for another is noticed.
    fn int_base(&self) -> u64 {
        (hash(&self.key_prefix()) % 1000) * 100_000
    }

    fn key_prefix(&self) -> String {
        let family = self.world.facts.family(&self.object.ty);
        let first = family.first().unwrap_or(&self.object.ty);
        format!("{first}.{}-", self.field)
    }
}

impl World {
    /// The number that a key's scalar carries, if it is one that the world gave to this field.
    pub fn carried_number(&self, ty: &Name, field: &str, value: &Value) -> Option<u64> {
        let facts = self.facts.of(ty, field)?;
        let object = Object {
            ty: ty.clone(),
            serial: 0,
        };
        let cell = Cell {
            world: self,
            facts,
            field,
            object: &object,
            suffix: String::new(),
        };
        match facts.named.as_str() {
            "Boolean" => None,
            "Int" => value.as_u64()?.checked_sub(cell.int_base()),
            "Float" => {
                let number = (value.as_f64()? - 0.25) as u64;
                number.checked_sub(cell.int_base())
            }
            _ => value
                .as_str()?
                .strip_prefix(&cell.key_prefix())?
                .parse()
                .ok(),
        }
    }
}

fn nth(names: &[Name], number: u64) -> Option<&Name> {
    let count = u64::try_from(names.len()).ok().filter(|count| *count > 0)?;
    names.get(usize::try_from(number % count).ok()?)
}

fn null_or(seed: u64) -> Option<u64> {
    seed.is_multiple_of(8).then_some(seed % 7)
}

/// Merges what two selections of one field gave.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(from)) if into.len() == from.len() => {
            for (into, from) in into.iter_mut().zip(from) {
                merge(into, from);
            }
        }
        (into, from) => *into = from,
    }
}
