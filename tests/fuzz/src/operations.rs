//! Random operations over an API schema; most are valid.

use crate::choices::Choices;
use apollo_compiler::{
    Schema,
    ast::{FieldDefinition, OperationType, Type},
    schema::ExtendedType,
};
use std::fmt::Write;

const DEPTH: usize = 6;
const FIELDS: usize = 40;

/// The text of an operation.
pub fn operation(choices: &mut Choices, api: &Schema) -> String {
    let mutation = api.root_operation(OperationType::Mutation);
    let (kind, root) = match mutation {
        Some(root) if choices.chance(15) => ("mutation", root),
        _ => match api.root_operation(OperationType::Query) {
            Some(root) => ("query", root),
            None => return String::new(),
        },
    };
    let mut growing = Growing {
        choices,
        api,
        text: format!("{kind} "),
        left: FIELDS,
        fragments: Vec::new(),
    };
    growing.select(root, DEPTH);
    let fragments = std::mem::take(&mut growing.fragments);
    let mut text = growing.text;
    for (index, (on, body)) in fragments.iter().enumerate() {
        let _ = write!(text, " fragment F{index} on {on} {body}");
    }
    text
}

struct Growing<'g, 'b> {
    choices: &'g mut Choices<'b>,
    api: &'g Schema,
    text: String,
    left: usize,
    fragments: Vec<(String, String)>,
}

impl Growing<'_, '_> {
    fn select(&mut self, ty: &str, depth: usize) {
        self.text.push_str("{ __typename ");
        for _ in 0..1 + self.choices.below(5) {
            if self.left == 0 || depth == 0 {
                break;
            }
            self.left -= 1;
            match self.choices.below(10) {
                0..3 if depth > 1 => self.inline(ty, depth),
                3 if depth > 1 => self.spread(ty, depth),
                4 => self.text.push_str("t: __typename "),
                _ => self.field(ty, depth),
            }
        }
        self.text.push_str("} ");
    }

    fn field(&mut self, ty: &str, depth: usize) {
        let api = self.api;
        let fields: Vec<&FieldDefinition> = match api.types.get(ty) {
            Some(ExtendedType::Object(object)) => {
                object.fields.values().map(|field| &***field).collect()
            }
            Some(ExtendedType::Interface(interface)) => {
                interface.fields.values().map(|field| &***field).collect()
            }
            _ => return self.inline(ty, depth),
        };
        let Some(field) = self.choices.pick(&fields).copied() else {
            return;
        };
        let named = field.ty.inner_named_type();
        let is_leaf = api.types.get(named).is_none_or(ExtendedType::is_leaf);
        if !is_leaf && depth <= 1 {
            return;
        }
        if self.choices.chance(20) {
            let alias = ["a", "b", "id", "f0", "_e0"][self.choices.below(5)];
            let _ = write!(self.text, "{alias}: ");
        }
        self.text.push_str(&field.name);
        self.arguments(field);
        self.text.push(' ');
        if self.choices.chance(5) {
            let value = self.choices.chance(50);
            let _ = write!(self.text, "@include(if: {value}) ");
        }
        if !is_leaf {
            self.select(named, depth - 1);
        }
    }

    fn arguments(&mut self, field: &FieldDefinition) {
        let mut separator = "(";
        for argument in &field.arguments {
            if !argument.is_required() && self.choices.chance(50) {
                continue;
            }
            let value = self.value(&argument.ty, 3);
            let _ = write!(self.text, "{separator}{}: {value}", argument.name);
            separator = ", ";
        }
        if separator == ", " {
            self.text.push(')');
        }
    }

    fn value(&mut self, ty: &Type, depth: usize) -> String {
        match ty {
            Type::List(inner) | Type::NonNullList(inner) => {
                format!("[{}]", self.value(inner, depth))
            }
            Type::Named(name) | Type::NonNullNamed(name) => match self.api.types.get(name) {
                Some(ExtendedType::Enum(values)) => {
                    let names: Vec<_> = values.values.keys().collect();
                    let picked = self.choices.pick(&names);
                    picked.map(|name| name.to_string()).unwrap_or_default()
                }
                Some(ExtendedType::InputObject(input)) if depth > 0 => {
                    let required = input.fields.values().filter(|field| field.is_required());
                    let fields: Vec<String> = required
                        .map(|field| {
                            format!("{}: {}", field.name, self.value(&field.ty, depth - 1))
                        })
                        .collect();
                    format!("{{{}}}", fields.join(", "))
                }
                _ if name == "Boolean" => "true".to_owned(),
                _ if name == "String" => format!("\"{}\"", self.choices.below(3)),
                _ => self.choices.below(3).to_string(),
            },
        }
    }

    /// A type whose objects can stand where those of `ty` do, or any type.
    fn overlapping(&mut self, ty: &str) -> Option<String> {
        let is_near = self.choices.chance(85);
        let names = self.api.types.iter().filter(|(name, other)| {
            let is_composite = other.is_object() || other.is_interface() || other.is_union();
            is_composite
                && !name.starts_with("__")
                && (!is_near
                    || name.as_str() == ty
                    || self.api.is_subtype(ty, name)
                    || self.api.is_subtype(name, ty))
        });
        let names: Vec<String> = names.map(|(name, _)| name.to_string()).collect();
        self.choices.pick(&names).cloned()
    }

    fn inline(&mut self, ty: &str, depth: usize) {
        if let Some(on) = self.overlapping(ty) {
            let _ = write!(self.text, "... on {on} ");
            self.select(&on, depth - 1);
        }
    }

    fn spread(&mut self, ty: &str, depth: usize) {
        let fitting = self.fragments.iter().enumerate();
        let fitting: Vec<usize> = fitting
            .filter(|(_, (on, _))| on == ty)
            .map(|(index, _)| index)
            .collect();
        if let Some(index) = self.choices.pick(&fitting).copied() {
            let _ = write!(self.text, "...F{index} ");
            return;
        }
        let Some(on) = self.overlapping(ty) else {
            return;
        };
        let around = std::mem::take(&mut self.text);
        self.select(&on, depth - 1);
        let body = std::mem::replace(&mut self.text, around);
        let _ = write!(self.text, "...F{} ", self.fragments.len());
        self.fragments.push((on, body));
    }
}
