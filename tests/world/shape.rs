//! Gives merged data the shape of the client's operation.

use apollo_compiler::executable::{Field, Operation, Selection};
use apollo_compiler::ast::Type;
use apollo_compiler::{ExecutableDocument, Schema};
use indexmap::IndexMap;
use serde_json::{Map, Value};

struct Shape<'s> {
    schema: &'s Schema,
    document: &'s ExecutableDocument,
    variables: &'s Value,
}

pub fn shaped(
    schema: &Schema,
    document: &ExecutableDocument,
    operation: &Operation,
    variables: &Value,
    data: &Value,
) -> Value {
    let shape = Shape { schema, document, variables };
    let sets = vec![&operation.selection_set.selections];
    shape.object(operation.object_type(), &sets, data).unwrap_or(Value::Null)
}

impl Shape<'_> {
    fn object(&self, ty: &str, sets: &[&Vec<Selection>], data: &Value) -> Option<Value> {
        let mut fields: IndexMap<String, Vec<&Field>> = IndexMap::new();
        for set in sets {
            self.collect(ty, set, &mut fields);
        }
        let mut out = Map::new();
        for (key, fields) in fields {
            let field = fields[0];
            if field.name == "__typename" {
                let real = data.get(&key).cloned();
                out.insert(key, real.unwrap_or(Value::String(ty.to_owned())));
                continue;
            }
            let definition = self.schema.type_field(ty, &field.name).ok()?;
            let sets: Vec<_> = fields.iter().map(|f| &f.selection_set.selections).collect();
            let value = data.get(&key).unwrap_or(&Value::Null);
            out.insert(key, self.value(&definition.ty, &sets, value)?);
        }
        Some(Value::Object(out))
    }

    fn value(&self, ty: &Type, sets: &[&Vec<Selection>], value: &Value) -> Option<Value> {
        let shaped = match value {
            Value::Null => None,
            Value::Array(items) if ty.is_list() => {
                let items = items.iter().map(|item| self.value(ty.item_type(), sets, item));
                items.collect::<Option<Vec<_>>>().map(Value::Array)
            }
            Value::Object(_) if !sets.iter().all(|set| set.is_empty()) => {
                let named = ty.inner_named_type().as_str();
                let runtime = value["__typename"].as_str().unwrap_or(named);
                self.object(runtime, sets, value)
            }
            leaf => Some(leaf.clone()),
        };
        match shaped {
            None if ty.is_non_null() => None,
            None => Some(Value::Null),
            some => some,
        }
    }

    fn collect<'f>(
        &'f self,
        ty: &str,
        set: &'f [Selection],
        fields: &mut IndexMap<String, Vec<&'f Field>>,
    ) {
        for selection in set {
            if !self.included(selection) {
                continue;
            }
            let (on, below) = match selection {
                Selection::Field(field) => {
                    fields.entry(field.response_key().to_string()).or_default().push(field);
                    continue;
                }
                Selection::InlineFragment(inline) => {
                    (inline.type_condition.as_ref(), &inline.selection_set)
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.document.fragments.get(&spread.fragment_name) else {
                        continue;
                    };
                    (Some(fragment.type_condition()), &fragment.selection_set)
                }
            };
            if on.is_none_or(|on| on == ty || self.schema.is_subtype(on, ty)) {
                self.collect(ty, &below.selections, fields);
            }
        }
    }

    fn included(&self, selection: &Selection) -> bool {
        let holds = |name: &str| {
            let directive = selection.directives().get(name)?;
            let value = directive.specified_argument_by_name("if")?;
            match value.as_variable() {
                Some(variable) => self.variables[variable.as_str()].as_bool(),
                None => value.to_bool(),
            }
        };
        holds("skip") != Some(true) && holds("include") != Some(false)
    }
}
