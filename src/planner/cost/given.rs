//! What arguments say about the length of lists.

use crate::schema::{Argument, FieldId, Supergraph};
use apollo_compiler::{
    ast::{InputValueDefinition, Value},
    schema::ExtendedType,
};
use serde_json::{Map, Value as Json};

/// A number that an argument gives, or something inside of one.
#[derive(Debug)]
pub(super) enum Given {
    Number(Number),
    Variable {
        name: String,
        /// The fields of input objects that lead to it.
        path: Vec<String>,
        /// What the schema gives where the request has no such variable.
        default: Option<Number>,
    },
}

/// A number of items.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    pub(super) size: f64,
    /// Whether the schema gives it, not the client.
    pub(super) is_default: bool,
}

impl Given {
    /// The argument that a path such as `first` or `page.first` begins with. None: no number is given.
    pub(super) fn new(
        supergraph: &Supergraph,
        (fields, given): (&[FieldId], &[Argument]),
        path: &str,
    ) -> Option<Self> {
        let path: Vec<&str> = path.split('.').collect();
        let (name, inside) = path.split_first()?;
        let written = given.iter().find(|argument| argument.name == *name);
        let mut fields = fields.iter();
        let definition = fields.find_map(|field| argument(supergraph, *field, name))?;
        Self::find(
            supergraph,
            definition,
            written.map(|argument| &*argument.value),
            inside,
        )
    }

    /// What is at the end of a path, if this is `written` where it begins.
    fn find(
        supergraph: &Supergraph,
        definition: &InputValueDefinition,
        written: Option<&Value>,
        path: &[&str],
    ) -> Option<Self> {
        let default = || Self::default(supergraph, definition, path);
        let number = |size| {
            let is_default = false;
            Some(Self::Number(Number { size, is_default }))
        };
        match (written, path) {
            (None, _) => default().map(Self::Number),
            (Some(Value::Variable(name)), _) => Some(Self::Variable {
                name: name.to_string(),
                path: path.iter().map(|step| (*step).to_owned()).collect(),
                default: default(),
            }),
            (Some(Value::Object(fields)), [step, rest @ ..]) => {
                let named = definition.ty.inner_named_type();
                let definition = input_field(supergraph, named, step)?;
                let written = fields.iter().find(|(name, _)| name == *step);
                let written = written.map(|(_, value)| &**value);
                Self::find(supergraph, definition, written, rest)
            }
            (Some(Value::Int(size)), []) => number(size.try_to_f64().ok()?),
            (Some(Value::Float(size)), []) => number(size.try_to_f64().ok()?),
            _ => None,
        }
    }

    fn default(
        supergraph: &Supergraph,
        definition: &InputValueDefinition,
        path: &[&str],
    ) -> Option<Number> {
        let default = definition.default_value.as_deref()?;
        match Self::find(supergraph, definition, Some(default), path)? {
            Self::Number(Number { size, .. }) => Some(Number {
                size,
                is_default: true,
            }),
            Self::Variable { .. } => None,
        }
    }

    /// Its value, if it has one. A variable that is null is one without, and takes no default.
    pub(super) fn number(&self, variables: &Map<String, Json>) -> Option<Number> {
        let (name, path, default) = match self {
            Self::Number(number) => return Some(*number),
            Self::Variable {
                name,
                path,
                default,
            } => (name, path, default),
        };
        let Some(value) = variables.get(name) else {
            return *default;
        };
        let mut path = path.iter();
        let value = path.try_fold(value, |value, step| value.get(step))?;
        Some(Number {
            size: value.as_f64()?,
            is_default: false,
        })
    }
}

/// How clients see an argument.
pub(super) fn argument<'a>(
    supergraph: &'a Supergraph,
    field: FieldId,
    argument: &str,
) -> Option<&'a InputValueDefinition> {
    let field = supergraph.field(field);
    let parent = supergraph.type_name(field.parent);
    let definition = match supergraph.api().types.get(parent)? {
        ExtendedType::Object(ty) => ty.fields.get(&field.name)?,
        ExtendedType::Interface(ty) => ty.fields.get(&field.name)?,
        _ => return None,
    };
    definition.argument_by_name(argument).map(|node| &**node)
}

/// A field of an input object, as clients see it.
pub(super) fn input_field<'a>(
    supergraph: &'a Supergraph,
    object: &str,
    field: &str,
) -> Option<&'a InputValueDefinition> {
    let ExtendedType::InputObject(object) = supergraph.api().types.get(object)? else {
        return None;
    };
    object.fields.get(field).map(|component| &*component.node)
}
