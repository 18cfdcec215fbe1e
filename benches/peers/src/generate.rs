//! Random operations over an API schema: valid, without variables, the same for the same seed.

use crate::document::{Document, Selection, What};
use apollo_compiler::ast::{FieldDefinition, OperationType, Type};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, Schema};
use fastrand::Rng;
use std::collections::{BTreeMap, HashMap};

const DEPTH: usize = 6;

/// Input objects end here, lists too.
const INPUT_DEPTH: usize = 3;

/// Grows operations over one schema.
pub struct Generator<'s> {
    schema: &'s Schema,
    possible: BTreeMap<Name, Vec<Name>>,
}

/// One operation under growth.
struct Grower<'g> {
    generator: &'g Generator<'g>,
    random: Rng,
    /// What each response key stands for: its field, arguments and shape.
    keys: HashMap<String, String>,
    left: usize,
}

impl<'s> Generator<'s> {
    /// `schema` is the API schema.
    pub fn new(schema: &'s Schema) -> Self {
        let implementers = schema.implementers_map();
        let mut possible = BTreeMap::new();
        for (name, ty) in &schema.types {
            let mut members: Vec<Name> = match ty {
                ExtendedType::Object(_) => vec![name.clone()],
                ExtendedType::Union(union) => {
                    union.members.iter().map(|m| m.name.clone()).collect()
                }
                ExtendedType::Interface(_) => {
                    let of = implementers.get(name);
                    of.map(|of| of.objects.iter().cloned().collect())
                        .unwrap_or_default()
                }
                _ => continue,
            };
            members.sort();
            if !name.starts_with("__") {
                possible.insert(name.clone(), members);
            }
        }
        Self { schema, possible }
    }

    /// The operation of a seed. None where the schema has no such root, or nothing was grown.
    pub fn operation(&self, seed: u64) -> Option<Document> {
        let mut random = Rng::with_seed(seed);
        let mutation = self.schema.root_operation(OperationType::Mutation);
        let (kind, root) = match mutation {
            Some(root) if random.u8(..10) == 0 => ("mutation", root),
            _ => ("query", self.schema.root_operation(OperationType::Query)?),
        };
        let left = 3 + random.usize(..30);
        let mut grower = Grower {
            generator: self,
            random,
            keys: HashMap::new(),
            left,
        };
        let selections = grower.selections(root, DEPTH);
        (!selections.is_empty()).then_some(Document { kind, selections })
    }

    fn is_composite(&self, ty: &Type) -> bool {
        self.possible.contains_key(ty.inner_named_type())
    }

    fn fields(&self, parent: &Name) -> Vec<&'s FieldDefinition> {
        match self.schema.types.get(parent) {
            Some(ExtendedType::Object(ty)) => ty.fields.values().map(|field| &***field).collect(),
            Some(ExtendedType::Interface(ty)) => {
                ty.fields.values().map(|field| &***field).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Types, other than `parent`, that its objects can be of.
    fn conditions(&self, parent: &Name) -> Vec<&Name> {
        let own = &self.possible[parent];
        let others = self.possible.iter().filter(|(name, members)| {
            *name != parent && members.iter().any(|member| own.contains(member))
        });
        others.map(|(name, _)| name).collect()
    }
}

impl Grower<'_> {
    fn selections(&mut self, parent: &Name, height: usize) -> Vec<Selection> {
        let mut grown = Vec::new();
        let is_abstract = self.generator.schema.get_object(parent).is_none();
        let inline_percent = if is_abstract { 45 } else { 6 };
        for _ in 0..1 + self.random.usize(..5) {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            let one = if height > 1 && self.random.u8(..100) < inline_percent {
                self.inline(parent, height)
            } else {
                self.field(parent, height)
            };
            grown.extend(one);
        }
        if grown.is_empty() {
            grown.push(typename());
        }
        grown
    }

    fn inline(&mut self, parent: &Name, height: usize) -> Option<Selection> {
        let conditions = self.generator.conditions(parent);
        let on = (*self.random.choice(&conditions)?).clone();
        let selections = self.selections(&on, height - 1);
        Some(Selection {
            what: What::Inline(on.to_string()),
            selections,
        })
    }

    fn field(&mut self, parent: &Name, height: usize) -> Option<Selection> {
        let generator = self.generator;
        let mut fields = generator.fields(parent);
        let wants_composite = height > 1 && self.random.u8(..100) < 60;
        let fits = |field: &&FieldDefinition| generator.is_composite(&field.ty) == wants_composite;
        if fields.iter().any(fits) {
            fields.retain(fits);
        }
        fields.retain(|field| height > 1 || !generator.is_composite(&field.ty));
        if fields.is_empty() || self.random.u8(..100) < 4 {
            return Some(typename());
        }
        let field = *self.random.choice(&fields)?;
        let arguments = self.arguments(field);
        let alias = self.alias(field, &arguments);
        let selections = if generator.is_composite(&field.ty) {
            self.selections(field.ty.inner_named_type(), height - 1)
        } else {
            Vec::new()
        };
        Some(Selection {
            what: What::Field {
                alias,
                name: field.name.to_string(),
                arguments,
            },
            selections,
        })
    }

    /// A key that means the same thing wherever it stands in the operation: the field's own name if it can be.
    fn alias(&mut self, field: &FieldDefinition, arguments: &[String]) -> Option<String> {
        let named = field.ty.inner_named_type();
        let mut shape = field.ty.to_string();
        if self.generator.is_composite(&field.ty) {
            shape = shape.replace(named.as_str(), "{}");
        }
        let meaning = format!("{}({}): {shape}", field.name, arguments.join(", "));
        let name = field.name.to_string();
        let numbered = (1..).map(|number| format!("{name}_{number}"));
        let key = std::iter::once(name.clone())
            .chain(numbered)
            .find(|key| self.keys.get(key).is_none_or(|known| *known == meaning))?;
        self.keys.insert(key.clone(), meaning);
        (key != name).then_some(key)
    }

    fn arguments(&mut self, field: &FieldDefinition) -> Vec<String> {
        let mut arguments = Vec::new();
        for argument in &field.arguments {
            if argument.is_required() || self.random.u8(..100) < 25 {
                let value = self.value(&argument.ty, 0);
                arguments.push(format!("{}: {value}", argument.name));
            }
        }
        arguments
    }

    fn value(&mut self, ty: &Type, depth: usize) -> String {
        let named = match ty {
            Type::List(item) | Type::NonNullList(item) => {
                return match depth < INPUT_DEPTH {
                    true => format!("[{}]", self.value(item, depth + 1)),
                    false => "[]".to_owned(),
                };
            }
            Type::Named(named) | Type::NonNullNamed(named) => named,
        };
        match self.generator.schema.types.get(named) {
            Some(ExtendedType::Enum(ty)) => {
                let values: Vec<&Name> = ty.values.keys().collect();
                let value = self.random.choice(&values);
                value.map_or_else(|| "null".to_owned(), |value| value.to_string())
            }
            Some(ExtendedType::InputObject(input)) => {
                let mut fields = Vec::new();
                for field in input.fields.values() {
                    if field.is_required() || (depth < INPUT_DEPTH && self.random.bool()) {
                        let value = self.value(&field.ty, depth + 1);
                        fields.push(format!("{}: {value}", field.name));
                    }
                }
                format!("{{ {} }}", fields.join(", "))
            }
            _ => match named.as_str() {
                "Int" => self.random.u8(1..5).to_string(),
                "Float" => "1.5".to_owned(),
                "Boolean" => self.random.bool().to_string(),
                _ => format!("\"{}\"", self.random.u8(1..5)),
            },
        }
    }
}

fn typename() -> Selection {
    Selection {
        what: What::Field {
            alias: None,
            name: "__typename".to_owned(),
            arguments: Vec::new(),
        },
        selections: Vec::new(),
    }
}
