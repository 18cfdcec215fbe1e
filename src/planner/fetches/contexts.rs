//! Arguments from contexts in the `_entities` fields of a request.

use super::{Source, argument::pieces, document::Variables, group::Group, scope, unit::Unit};
use crate::planner::plan::{Entities, Target};
use crate::planner::template::{ContextVariable, Template, TemplateField};
use apollo_compiler::ast;

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
        match fields
            .iter_mut()
            .find(|known| known.text == text && known.types == types)
        {
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
            true => (
                "_entities".to_owned(),
                "representations".to_owned(),
                "_c".to_owned(),
            ),
            false => (
                format!("_e{index}"),
                format!("_r{index}"),
                format!("_c{index}_"),
            ),
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
