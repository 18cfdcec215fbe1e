//! Fetches that take arguments from contexts.

use super::{Draft, Need, parse, possible};
use crate::planner::{ContextSource, ContextVariable, FetchKind, Piece, Template, TemplateField};
use apollo_compiler::ast;

/// Objects that set a context: where they are, of which types, and the selection of the value.
pub(in crate::executor::tests) type Setter = (&'static str, Option<&'static str>, &'static str);

impl Draft {
    /// Gives the fields of the last fetch one more argument, which contexts set.
    pub(in crate::executor::tests) fn set_by(mut self, ty: &str, setters: &[Setter]) -> Self {
        let sources = setters.iter().map(|(position, types, selection)| {
            let at = self.find(position);
            let named = types.map_or(self.names[at.0 as usize].1, super::type_id);
            ContextSource {
                position: at,
                types: types.map(possible),
                fields: self.representation((at, named), &parse(selection), Need::Requires),
            }
        });
        let sources: Vec<ContextSource> = sources.collect();
        let fetch = self.plan.fetches.last_mut().unwrap();
        let FetchKind::Entities(fields) = &mut fetch.kind else {
            panic!("only entities take arguments from contexts");
        };
        let mut template = Template::default();
        for field in fields {
            field.contexts.push(ContextVariable {
                name: format!("c{}", field.contexts.len()),
                ty: ast::Type::parse(ty, "type").unwrap(),
            });
            for target in &mut field.targets {
                target.contexts.push(sources.clone());
            }
            template.fields.push(TemplateField {
                key: field.key.clone(),
                variable: field.variable.clone(),
                contexts: field.contexts.clone(),
                selections: vec![
                    Piece::Text("{ of(it: ".to_owned()),
                    Piece::Variable(0),
                    Piece::Text(") }".to_owned()),
                ],
                variables: Vec::new(),
                fragments: String::new(),
            });
        }
        fetch.template = Some(template);
        self
    }
}
