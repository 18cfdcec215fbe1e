//! Arguments from contexts in the `_entities` fields of a request.

use super::{
    Source,
    document::{Variables, position},
    group::Group,
    representation::{self, opening},
    scope,
    unit::Unit,
};
use crate::planner::graph::{FactId, NodeId};
use crate::planner::plan::{ContextSource, ContextVariable, Entities, PositionId, Target};
use crate::planner::template::{Piece, Template, TemplateField};
use apollo_compiler::{Name, ast};
use std::collections::BTreeSet;

/// An argument of a field that an entry reads.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Argument {
    pub(super) node: NodeId,
    pub(super) name: Name,
    pub(super) value: Value,
}

/// What an argument is set to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    pub(super) ty: ast::Type,
    pub(super) sources: Vec<ContextSource>,
}

/// The arguments from contexts of the field that an entry is made for.
pub(super) fn arguments(source: &Source, entry: FactId) -> Vec<Argument> {
    let tree = &source.graph.tree;
    let state = source.graph.facts.state(entry);
    let field = opening(source, entry).and_then(|opening| opening.field);
    let (Some(state), Some(field)) = (state, field) else {
        return Vec::new();
    };
    let argument = |argument| {
        let sources = tree.context_sources(state.position, argument)?;
        let sources = sources.into_iter().map(|from| ContextSource {
            position: position(from.at),
            fields: representation::context_value(source, &from),
            types: from.types,
        });
        Some(Argument {
            node: state.only?,
            name: argument.name.clone(),
            value: Value {
                ty: argument.ty.clone(),
                sources: sources.collect(),
            },
        })
    };
    field.contexts.iter().filter_map(argument).collect()
}

/// The positions of the objects that set `arguments`.
pub(super) fn around(arguments: &[Argument]) -> BTreeSet<PositionId> {
    let sources = arguments.iter().flat_map(|argument| &argument.value.sources);
    sources.map(|source| source.position).collect()
}

/// Between two of these stands the index of a context variable. No GraphQL document has this character.
const MARK: char = '\0';

/// What stands for a context variable while a selection set is printed.
pub(super) fn mark(index: usize) -> String {
    format!("{MARK}{index}{MARK}")
}

/// A selection set with marks, in pieces.
fn pieces(text: &str) -> Vec<Piece> {
    let pieces = text.split(MARK).enumerate();
    let piece = |(index, text): (usize, &str)| match index % 2 {
        0 => Some(Piece::Text(text.to_owned())),
        _ => text.parse().ok().map(Piece::Variable),
    };
    pieces.filter_map(piece).collect()
}

/// An `_entities` field while others may still share it.
struct Field<'a> {
    text: String,
    types: Vec<ast::Type>,
    targets: Vec<Target>,
    variables: Variables<'a>,
}

/// The `_entities` fields of a request in which some take arguments from contexts.
pub(super) fn entities(source: &Source, units: &[(&Group, Unit)]) -> (Vec<Entities>, Template) {
    let mut fields: Vec<Field> = Vec::new();
    for (group, unit) in units {
        let mut variables = Variables::of_field(source.operation, fields.len());
        let (text, mut targets) = scope::print_entities(source, (group, unit), &mut variables);
        let values = unit.context_values();
        for target in &mut targets {
            target.contexts = values.iter().map(|value| value.sources.clone()).collect();
        }
        let types: Vec<ast::Type> = values.into_iter().map(|value| value.ty).collect();
        match fields.iter_mut().find(|known| known.text == text && known.types == types) {
            Some(known) => known.targets.extend(targets),
            None => fields.push(Field {
                text,
                types,
                targets,
                variables,
            }),
        }
    }
    let single = fields.len() == 1;
    let mut all = Vec::new();
    let mut template = Template::default();
    for (index, field) in fields.into_iter().enumerate() {
        let (key, variable, context) = match single {
            true => ("_entities".to_owned(), "representations".to_owned(), "_c".to_owned()),
            false => (format!("_e{index}"), format!("_r{index}"), format!("_c{index}_")),
        };
        let variables = &field.variables;
        let variable = variables.free_name(variable);
        let contexts = field.types.into_iter().enumerate();
        let contexts = contexts.map(|(at, ty)| ContextVariable {
            name: variables.free_name(format!("{context}{at}")),
            ty,
        });
        let contexts: Vec<ContextVariable> = contexts.collect();
        template.fields.push(TemplateField {
            key: key.clone(),
            variable: variable.clone(),
            contexts: contexts.clone(),
            selections: pieces(&field.text),
            variables: variables.declarations(),
            fragments: variables.fragments_text(),
        });
        all.push(Entities {
            key,
            variable,
            contexts,
            targets: field.targets,
        });
    }
    (all, template)
}
