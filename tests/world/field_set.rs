//! Field sets, the small selections inside `@key`, `@requires` and `@provides`. They are read
//! without a schema, because each subgraph sees other types behind the same field.

use apollo_compiler::Name;
use apollo_compiler::ast::{self, Definition, Document};
use serde_json::{Map, Value};

/// The selections of a field set, in the order written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FieldSet(pub Vec<Selection>);

#[derive(Debug, Clone, PartialEq)]
pub enum Selection {
    Field {
        name: Name,
        arguments: Map<String, Value>,
        selections: FieldSet,
    },
    /// A fragment; without a type condition it applies to every type.
    On {
        condition: Option<Name>,
        selections: FieldSet,
    },
}

impl FieldSet {
    /// Reads the text of a directive's argument, with or without outer braces.
    pub fn parse(text: &str) -> Result<Self, String> {
        let inner = text.trim();
        let braced = if inner.starts_with('{') {
            inner.to_owned()
        } else {
            format!("{{ {inner} }}")
        };
        let document = Document::parse(braced, "field set")
            .map_err(|error| format!("field set `{text}`: {}", error.errors))?;
        let operation = document.definitions.iter().find_map(|definition| {
            let Definition::OperationDefinition(operation) = definition else {
                return None;
            };
            Some(FieldSet::read(&operation.selection_set))
        });
        operation.ok_or_else(|| format!("field set `{text}` selects nothing"))
    }

    fn read(selections: &[ast::Selection]) -> Self {
        FieldSet(
            selections
                .iter()
                .filter_map(|selection| match selection {
                    ast::Selection::Field(field) => Some(Selection::Field {
                        name: field.name.clone(),
                        arguments: field
                            .arguments
                            .iter()
                            .map(|argument| (argument.name.to_string(), json(&argument.value)))
                            .collect(),
                        selections: FieldSet::read(&field.selection_set),
                    }),
                    ast::Selection::InlineFragment(fragment) => Some(Selection::On {
                        condition: fragment.type_condition.clone(),
                        selections: FieldSet::read(&fragment.selection_set),
                    }),
                    ast::Selection::FragmentSpread(_) => None,
                })
                .collect(),
        )
    }

    /// What this set selects below `field` of an object for which `applies` says which type
    /// conditions hold; `None` when it does not select the field at all.
    pub fn below<'a>(
        &'a self,
        field: &str,
        applies: &dyn Fn(&Name) -> bool,
    ) -> Option<Vec<&'a FieldSet>> {
        let mut found = Vec::new();
        for selection in &self.0 {
            match selection {
                Selection::Field {
                    name, selections, ..
                } if name == field => found.push(selections),
                Selection::Field { .. } => {}
                Selection::On {
                    condition,
                    selections,
                } => {
                    if condition.as_ref().is_none_or(applies) {
                        found.extend(selections.below(field, applies).into_iter().flatten());
                    }
                }
            }
        }
        (!found.is_empty()).then_some(found)
    }
}

/// A constant GraphQL value as JSON; enum values become strings, variables (which a constant
/// cannot contain) null.
pub fn json(value: &ast::Value) -> Value {
    match value {
        ast::Value::Null | ast::Value::Variable(_) => Value::Null,
        ast::Value::Enum(name) => Value::String(name.to_string()),
        ast::Value::String(text) => Value::String(text.clone()),
        ast::Value::Boolean(value) => Value::Bool(*value),
        ast::Value::Int(number) => number.as_str().parse().map_or(Value::Null, Value::Number),
        ast::Value::Float(number) => number.as_str().parse().map_or(Value::Null, Value::Number),
        ast::Value::List(items) => Value::Array(items.iter().map(|item| json(item)).collect()),
        ast::Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| (name.to_string(), json(value)))
                .collect(),
        ),
    }
}
