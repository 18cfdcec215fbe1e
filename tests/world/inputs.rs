//! Random arguments: literals, variables, and literals with variables inside.

use apollo_compiler::ast::{FieldDefinition, Type};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, Schema};
use serde_json::{Map, Value};

use super::document::Variable;
use super::random::Random;

/// How deep input objects may nest before optional fields are left out.
const DEPTH: usize = 3;

/// Grows arguments and collects the variables they use.
pub struct Inputs<'s> {
    pub schema: &'s Schema,
    pub variables: Vec<Variable>,
    conditions: Vec<String>,
}

impl<'s> Inputs<'s> {
    pub fn new(schema: &'s Schema) -> Self {
        Inputs {
            schema,
            variables: Vec::new(),
            conditions: Vec::new(),
        }
    }

    /// Arguments of a field as written; optional ones are often left out.
    pub fn arguments(&mut self, random: &mut Random, field: &FieldDefinition) -> Vec<String> {
        let mut out = Vec::new();
        for argument in &field.arguments {
            if argument.is_required() || random.chance(60) {
                let value = self.value(random, &argument.ty, 0);
                out.push(format!("{}: {value}", argument.name));
            }
        }
        out
    }

    /// At most two of `@skip` and `@include`, usually on few variables.
    pub fn conditions(&mut self, random: &mut Random) -> Vec<String> {
        let mut out = Vec::new();
        for directive in ["skip", "include"] {
            if random.chance(7) {
                let value = self.condition(random);
                out.push(format!("@{directive}(if: {value})"));
            }
        }
        out
    }

    fn condition(&mut self, random: &mut Random) -> String {
        if random.chance(20) {
            return random.chance(50).to_string();
        }
        if self.conditions.len() > 1 {
            let known = random.pick(&self.conditions).cloned();
            return known.unwrap_or_default();
        }
        let boolean = Type::NonNullNamed(apollo_compiler::name!("Boolean"));
        let variable = self.variable(random, &boolean, true);
        self.conditions.push(variable.clone());
        variable
    }

    fn value(&mut self, random: &mut Random, ty: &Type, depth: usize) -> String {
        if random.chance(if depth == 0 { 45 } else { 10 }) {
            return self.variable(random, ty, depth == 0);
        }
        if !ty.is_non_null() && random.chance(6) {
            return "null".to_owned();
        }
        if ty.is_list() {
            let items: Vec<_> = (0..random.below(3))
                .map(|_| self.value(random, ty.item_type(), depth + 1))
                .collect();
            return format!("[{}]", items.join(", "));
        }
        let Some(input) = self.schema.get_input_object(ty.inner_named_type()) else {
            let value = self.json(random, ty, depth);
            return self.literal(ty.inner_named_type(), &value);
        };
        let mut fields = Vec::new();
        for field in input.fields.values() {
            if field.is_required() || (depth < DEPTH && random.chance(50)) {
                let value = self.value(random, &field.ty, depth + 1);
                fields.push(format!("{}: {value}", field.name));
            }
        }
        format!("{{ {} }}", fields.join(", "))
    }

    /// A new variable for a place of this type. Only where `may_be_absent` the request can
    /// leave it out, with or without a default.
    fn variable(&mut self, random: &mut Random, ty: &Type, may_be_absent: bool) -> String {
        let name = format!("v{}", self.variables.len());
        let mut declaration = if random.chance(15) {
            ty.clone().non_null().to_string()
        } else {
            ty.to_string()
        };
        let is_strict = declaration.ends_with('!');
        let has_default = random.chance(30);
        if has_default {
            let default = self.json(random, &ty.clone().non_null(), DEPTH);
            declaration = format!("{declaration} = {}", self.literal_of(ty, &default));
        }
        let leaves_out = may_be_absent && (has_default || !is_strict) && random.chance(40);
        let value = if leaves_out {
            None
        } else if is_strict {
            Some(self.json(random, &ty.clone().non_null(), 0))
        } else {
            Some(self.json(random, ty, 0))
        };
        self.variables.push(Variable {
            name: name.clone(),
            declaration,
            value,
        });
        format!("${name}")
    }

    fn json(&self, random: &mut Random, ty: &Type, depth: usize) -> Value {
        if !ty.is_non_null() && random.chance(10) {
            return Value::Null;
        }
        if ty.is_list() {
            let items = 0..random.below(3);
            let items = items.map(|_| self.json(random, ty.item_type(), depth + 1));
            return Value::Array(items.collect());
        }
        let number = random.below(20);
        match (
            ty.inner_named_type().as_str(),
            self.schema.types.get(ty.inner_named_type()),
        ) {
            ("Int", _) => Value::from(number),
            ("Float", _) if random.chance(30) => Value::from(number),
            ("Float", _) => Value::from(number as f64 + 0.5),
            ("Boolean", _) => Value::Bool(random.chance(50)),
            ("ID", _) if random.chance(30) => Value::from(number),
            (_, Some(ExtendedType::Enum(values))) => {
                let values: Vec<&Name> = values.values.keys().collect();
                let value = random.pick(&values);
                value.map_or(Value::Null, |value| Value::String(value.to_string()))
            }
            (_, Some(ExtendedType::InputObject(input))) => {
                let mut fields = Map::new();
                for field in input.fields.values() {
                    if field.is_required() || (depth < DEPTH && random.chance(50)) {
                        let value = self.json(random, &field.ty, depth + 1);
                        fields.insert(field.name.to_string(), value);
                    }
                }
                Value::Object(fields)
            }
            _ if random.chance(10) => Value::from(format!("say \"{number}\" \\ é\n")),
            _ => Value::from(format!("s{number}")),
        }
    }

    fn literal_of(&self, ty: &Type, value: &Value) -> String {
        match value {
            Value::Array(items) => {
                let items: Vec<_> = items
                    .iter()
                    .map(|item| self.literal_of(ty.item_type(), item))
                    .collect();
                format!("[{}]", items.join(", "))
            }
            Value::Object(fields) => {
                let input = self.schema.get_input_object(ty.inner_named_type());
                let fields: Vec<_> = fields
                    .iter()
                    .filter_map(|(name, value)| {
                        let definition = input?.fields.get(name.as_str())?;
                        Some(format!(
                            "{name}: {}",
                            self.literal_of(&definition.ty, value)
                        ))
                    })
                    .collect();
                format!("{{ {} }}", fields.join(", "))
            }
            leaf => self.literal(ty.inner_named_type(), leaf),
        }
    }

    /// JSON's strings are GraphQL's, but for enum values.
    fn literal(&self, named: &Name, value: &Value) -> String {
        match value.as_str() {
            Some(name) if self.schema.get_enum(named).is_some() => name.to_owned(),
            _ => value.to_string(),
        }
    }
}
