//! Documents whose `_entities` fields are repeated: arguments from contexts may differ from row to row, and one field
//! can be asked for with one set of arguments only.

use crate::operation::OperationKind;
use apollo_compiler::{Name, ast::Type};
use std::fmt::Write;

/// What the document of a fetch is made of. A field without rows is left out, with all that only it needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    /// By `_entities` field of the fetch.
    pub fields: Vec<TemplateField>,
}

/// A variable whose value comes from a context.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextVariable {
    /// Its name, without `$`; see [`copy_of`].
    pub name: String,
    pub ty: Type,
}

/// An `_entities` field of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateField {
    /// The response key and the variable with the representations; see [`copy_of`].
    pub key: String,
    pub variable: String,
    pub contexts: Vec<ContextVariable>,
    pub selections: Vec<Piece>,
    /// The client variables it uses, with their declarations.
    pub variables: Vec<(Name, String)>,
    /// Definitions of the fragments it spreads.
    pub fragments: String,
}

/// A piece of a selection set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    /// The name of one of the context variables, with its `$`.
    Variable(usize),
}

/// The name of a key or variable in a copy of its field. The first copy, 0, has it as it is.
pub fn copy_of(name: &str, copy: usize) -> String {
    match copy {
        0 => name.to_owned(),
        copy => format!("{name}_{copy}"),
    }
}

impl Template {
    /// The document with so many copies of each field.
    pub fn document(&self, copies: &[usize]) -> String {
        let used = || self.fields.iter().zip(copies.iter().copied());
        let mut declared: Vec<String> = Vec::new();
        let mut selections = String::new();
        for (field, copies) in used() {
            for copy in 0..copies {
                let variable = copy_of(&field.variable, copy);
                declared.push(format!("${variable}: [_Any!]!"));
                for ContextVariable { name, ty } in &field.contexts {
                    declared.push(format!("${}: {ty}", copy_of(name, copy)));
                }
                field.print(copy, &mut selections);
            }
        }
        for (_, declaration) in self.variables(copies) {
            declared.push(declaration.clone());
        }
        let mut document = format!(
            "{}({}) {{{selections} }}",
            OperationKind::Query,
            declared.join(", ")
        );
        for (field, copies) in used() {
            if copies > 0 {
                document.push_str(&field.fragments);
            }
        }
        document
    }

    /// The client variables that a document uses, with their declarations.
    pub fn variables(&self, copies: &[usize]) -> Vec<&(Name, String)> {
        let used = self
            .fields
            .iter()
            .zip(copies)
            .filter(|(_, copies)| **copies > 0);
        let mut variables = Vec::new();
        for variable in used.flat_map(|(field, _)| &field.variables) {
            if !variables.contains(&variable) {
                variables.push(variable);
            }
        }
        variables
    }
}

impl TemplateField {
    fn print(&self, copy: usize, into: &mut String) {
        let (key, variable) = (copy_of(&self.key, copy), copy_of(&self.variable, copy));
        into.push(' ');
        if key != "_entities" {
            into.extend([&*key, ": "]);
        }
        let _ = write!(into, "_entities(representations: ${variable}) ");
        for piece in &self.selections {
            match piece {
                Piece::Text(text) => into.push_str(text),
                Piece::Variable(index) => {
                    let name = self
                        .contexts
                        .get(*index)
                        .map(|context| copy_of(&context.name, copy));
                    into.extend(["$", name.as_deref().unwrap_or_default()]);
                }
            }
        }
    }
}
