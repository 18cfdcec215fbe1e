//! Contexts: arguments that a field takes from the nearest object around its own that sets them.

use std::rc::Rc;

use apollo_compiler::Name;
use apollo_compiler::ast::{Directive, Type};
use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::field_set::FieldSet;
use super::links::Links;
use super::model::Model;
use super::values::{Object, World};

/// An argument that only one subgraph has, filled from a context.
#[derive(Debug, Clone)]
pub struct ContextArgument {
    pub name: Name,
    pub ty: Type,
    pub context: String,
    pub selection: FieldSet,
}

/// By context: the types that set it.
pub type Setters = IndexMap<String, Vec<Name>>;

/// An object, and those it is inside of.
#[derive(Debug)]
pub struct Inside {
    pub object: Object,
    pub of: Option<Rc<Inside>>,
}

/// Reads `@context`.
pub fn setters(schema: &apollo_compiler::Schema, links: &Links) -> Setters {
    let directive = links.directive("context", "context");
    let mut setters = Setters::new();
    for (name, ty) in &schema.types {
        for context in ty.directives().get_all(&directive) {
            let called = context.specified_argument_by_name("name");
            let called = called.and_then(|value| value.as_str()).unwrap_or_default();
            let types = setters.entry(called.to_owned()).or_default();
            types.push(name.clone());
        }
    }
    setters
}

/// Reads what a `@join__field` says of contexts.
pub fn arguments(directive: &Directive) -> Result<Vec<ContextArgument>, String> {
    let entries = directive
        .specified_argument_by_name("contextArguments")
        .and_then(|value| value.as_list())
        .unwrap_or_default();
    let read = |entry: &apollo_compiler::Node<apollo_compiler::ast::Value>| {
        let fields = entry.as_object().unwrap_or_default();
        let text = |key: &str| {
            let found = fields.iter().find(|(name, _)| name == key);
            let found = found.and_then(|(_, value)| value.as_str());
            found.ok_or_else(|| format!("a context argument without {key}"))
        };
        Ok(ContextArgument {
            name: Name::new(text("name")?).map_err(|error| error.to_string())?,
            ty: Type::parse(text("type")?, "type").map_err(|error| error.to_string())?,
            context: text("context")?.to_owned(),
            selection: FieldSet::parse(text("selection")?)?,
        })
    };
    entries.iter().map(read).collect()
}

impl Model {
    /// What a field of an object type takes from contexts, in whichever subgraph.
    pub fn context_arguments(&self, ty: &str, field: &str) -> &[ContextArgument] {
        let mut subgraphs = self.subgraphs.values();
        let found = subgraphs.find_map(|subgraph| {
            let local = subgraph.local_type(self, ty)?;
            let arguments = &subgraph.types[local].fields.get(field)?.context_arguments;
            (!arguments.is_empty()).then_some(arguments.as_slice())
        });
        found.unwrap_or_default()
    }

    fn sets(&self, ty: &Name, context: &str) -> bool {
        let mut setters = self.setters.get(context).into_iter().flatten();
        setters.any(|setter| self.possible(setter).contains(ty))
    }
}

impl World {
    /// What contexts set the arguments of a field of an object to.
    pub fn set_by_contexts(&self, inside: &Inside, field: &str) -> Map<String, Value> {
        let arguments = self.model.context_arguments(&inside.object.ty, field);
        let value = |argument: &ContextArgument| {
            let mut at = inside.of.as_deref();
            while let Some(around) = at {
                if self.model.sets(&around.object.ty, &argument.context) {
                    return leaf(self.project(&around.object, &argument.selection));
                }
                at = around.of.as_deref();
            }
            Value::Null
        };
        let arguments = arguments.iter();
        arguments
            .map(|argument| (argument.name.to_string(), value(argument)))
            .collect()
    }
}

/// The one leaf of a selection.
fn leaf(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let first = fields.into_iter().next();
            first.map_or(Value::Null, |(_, value)| leaf(value))
        }
        Value::Array(items) => items.into_iter().map(leaf).collect(),
        leaf => leaf,
    }
}
