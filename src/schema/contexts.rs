//! Contexts: values that types set for fields below them (the context spec, <https://specs.apollo.dev/context/v0.1>).

use super::{
    Error, FieldId, SetField, SubgraphId, TypeSet,
    field_set::Reader,
    join::string,
    link::Links,
    model::{ContextArgument, ContextValue, Supergraph},
};
use apollo_compiler::{Name, Node, Schema, ast};
use indexmap::IndexMap;
use std::collections::HashMap;

/// By context: the types that set it.
#[derive(Debug, Default)]
pub(super) struct Contexts(HashMap<String, Vec<Name>>);

impl Contexts {
    pub(super) fn read(schema: &Schema, links: &Links) -> Self {
        let mut contexts = Self::default();
        let Some(directive) = links.directive("context", "context") else {
            return contexts;
        };
        for (name, ty) in &schema.types {
            for context in ty.directives().get_all(&directive) {
                let context = string(context, "name").unwrap_or_default();
                contexts.0.entry(context).or_default().push(name.clone());
            }
        }
        contexts
    }

    /// The arguments that a `@join__field` lists.
    pub(super) fn arguments(
        &self,
        directive: &ast::Directive,
        (reader, supergraph): (&Reader, &Supergraph),
        coordinate: &str,
    ) -> Result<Vec<ContextArgument>, Error> {
        let listed = directive.specified_argument_by_name("contextArguments");
        let listed = listed.and_then(|value| value.as_list()).unwrap_or_default();
        let argument = |entry: &Node<ast::Value>| {
            let text = |key: &str| {
                let mut fields = entry.as_object().unwrap_or_default().iter();
                let value = fields.find(|(name, _)| name == key);
                value.and_then(|(_, value)| value.as_str()).ok_or_else(|| {
                    Error::at(coordinate, format!("a context argument has no {key}"))
                })
            };
            let (name, ty) = (text("name")?, text("type")?);
            let bad =
                |what: &str| Error::at(coordinate, format!("context argument `{name}`: {what}"));
            let context = text("context")?;
            let setters = self.0.get(context);
            let setters = setters.ok_or_else(|| bad(&format!("no type sets `{context}`")))?;
            let types = setters.iter().filter_map(|setter| (reader.types)(setter));
            let types = types.fold(TypeSet::default(), |all, (_, types)| all.union(&types));
            Ok(ContextArgument {
                name: Name::new(name).map_err(|_| bad("not a name"))?,
                ty: ast::Type::parse(ty, "type").map_err(|_| bad("not a type"))?,
                values: values(
                    (reader, supergraph),
                    &types,
                    (text("selection")?, coordinate),
                )?,
            })
        };
        listed.iter().map(argument).collect()
    }
}

/// Reads a selection for each of the types that set a context. Branches for other types are left out.
fn values(
    (reader, supergraph): (&Reader, &Supergraph),
    types: &TypeSet,
    (text, coordinate): (&str, &str),
) -> Result<Vec<ContextValue>, Error> {
    let bad = |message: String| {
        Error::at(
            coordinate,
            format!("context selection \"{text}\": {message}"),
        )
    };
    let parse = |text: &str| ast::Document::parse(text, "context selection");
    let document = parse(text)
        .or_else(|_| parse(&format!("{{{text}}}")))
        .map_err(|_| bad("it is not a selection set".to_owned()))?;
    let selections = document.definitions.first().and_then(|definition| {
        let operation = definition.as_operation_definition()?;
        Some(&*operation.selection_set)
    });
    let mut branches: IndexMap<String, TypeSet> = IndexMap::new();
    for object in types.iter() {
        let mut branch = String::new();
        let applies = |condition: &Name| {
            let known = (reader.types)(condition);
            known.is_some_and(|(_, types)| types.contains(object))
        };
        add_branch(selections.unwrap_or_default(), &applies, &mut branch);
        branches.entry(branch).or_default().insert(object);
    }
    branches.shift_remove("");
    let value = |(branch, types): (String, TypeSet)| {
        let on = types.first().map(|object| supergraph.type_name(object));
        let on = on.ok_or_else(|| bad("no type has it".to_owned()))?;
        let mut fields = reader.read(on, &branch, coordinate)?;
        for field in &mut fields.fields {
            field.types = types.clone();
        }
        match leads_to_one_leaf((reader, supergraph), &fields.fields) {
            true => Ok(ContextValue { types, fields }),
            false => Err(bad("it must select one leaf".to_owned())),
        }
    };
    branches.into_iter().map(value).collect()
}

/// Adds the fields whose type conditions `apply`, as text.
fn add_branch(selections: &[ast::Selection], applies: &dyn Fn(&Name) -> bool, into: &mut String) {
    for selection in selections {
        match selection {
            ast::Selection::Field(field) => {
                into.push_str(&field.serialize().no_indent().to_string());
                into.push(' ');
            }
            ast::Selection::InlineFragment(fragment) => {
                if fragment.type_condition.as_ref().is_none_or(applies) {
                    add_branch(&fragment.selection_set, applies, into);
                }
            }
            ast::Selection::FragmentSpread(_) => {}
        }
    }
}

fn leads_to_one_leaf((reader, supergraph): (&Reader, &Supergraph), fields: &[SetField]) -> bool {
    let mut types = TypeSet::default();
    !fields.is_empty()
        && fields.iter().all(|field| {
            let is_first = !types.intersects(&field.types);
            types.unite(&field.types);
            let parent = supergraph.type_name(field.parent);
            let definition = reader.schema.type_field(parent, &field.name).ok();
            let named = definition.map(|definition| definition.ty.inner_named_type());
            let is_leaf = named
                .and_then(|named| reader.schema.types.get(named))
                .is_some_and(|ty| ty.is_scalar() || ty.is_enum());
            is_first && (is_leaf || leads_to_one_leaf((reader, supergraph), &field.fields))
        })
}

/// Lists the fields that take arguments from contexts.
pub(super) fn list(supergraph: &Supergraph) -> Vec<(FieldId, SubgraphId)> {
    let all = supergraph.fields.iter().enumerate();
    let contextual = all.flat_map(|(index, field)| {
        let known = field.in_subgraphs.iter();
        let contextual = known.filter(|(_, known)| !known.contexts.is_empty());
        contextual.map(move |(subgraph, _)| (FieldId(index as u32), subgraph))
    });
    contextual.collect()
}
