//! The text of a fetch's document, and the client variables in it.

use crate::operation::{Operation, OperationKind};
use crate::planner::{graph::NodeId, plan::PositionId};
use crate::schema::Argument;
use apollo_compiler::{Name, ast};
use std::fmt::Write;

/// The position of a node, before unused ones are dropped.
pub(super) fn position(node: NodeId) -> PositionId {
    PositionId(node.0)
}

/// Collects the variables that a document uses.
pub(super) struct Variables<'a> {
    operation: &'a Operation,
    used: Vec<bool>,
    representations: Vec<String>,
    /// Names, type conditions and selection sets.
    fragments: Vec<(String, Name, String)>,
    /// What the names of fragments begin with.
    prefix: String,
}

impl<'a> Variables<'a> {
    pub(super) fn new(operation: &'a Operation) -> Self {
        Self {
            operation,
            used: vec![false; operation.variables.len()],
            representations: Vec::new(),
            fragments: Vec::new(),
            prefix: "_f".to_owned(),
        }
    }

    /// For one field of a document of which fields may be left out: its fragments are its own.
    pub(super) fn of_field(operation: &'a Operation, index: usize) -> Self {
        Self {
            prefix: format!("_f{index}_"),
            ..Self::new(operation)
        }
    }

    /// `name`, but so that no client variable's begins with it.
    pub(super) fn free_name(&self, mut name: String) -> String {
        let mut variables = self.operation.variables.iter();
        while variables.any(|variable| variable.name.starts_with(name.as_str())) {
            name.insert(0, '_');
            variables = self.operation.variables.iter();
        }
        name
    }

    /// A name for the representations of the `index`th `_entities` field that is no client variable's.
    pub(super) fn representations(&mut self, index: usize, single: bool) -> String {
        let mut name = if single {
            "representations".to_owned()
        } else {
            format!("_r{index}")
        };
        while self
            .operation
            .variables
            .iter()
            .any(|variable| variable.name == name.as_str())
        {
            name.insert(0, '_');
        }
        self.representations.push(name.clone());
        name
    }

    /// The name of a fragment for a selection set that stands in several places.
    pub(super) fn fragment(&mut self, on: &Name, selections: &str) -> String {
        let mut fragments = self.fragments.iter();
        if let Some((name, ..)) = fragments.find(|(_, ty, known)| ty == on && known == selections) {
            return name.clone();
        }
        let name = format!("{}{}", self.prefix, self.fragments.len());
        self.fragments
            .push((name.clone(), on.clone(), selections.to_owned()));
        name
    }

    /// The client variables that were printed.
    pub(super) fn used(&self) -> Vec<Name> {
        self.declarations()
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    }

    /// The client variables that were printed, with their declarations.
    pub(super) fn declarations(&self) -> Vec<(Name, String)> {
        let used = self.operation.variables.iter().zip(&self.used);
        used.filter(|(_, used)| **used)
            .map(|(variable, _)| (variable.name.clone(), variable.declaration.clone()))
            .collect()
    }

    /// The definitions of all fragments.
    pub(super) fn fragments_text(&self) -> String {
        let mut text = String::new();
        for (name, on, selections) in &self.fragments {
            let _ = write!(text, " fragment {name} on {on} {selections}");
        }
        text
    }

    /// Prints arguments with their parentheses, those in `contexts` (names and what stands for their values) after the
    /// client's; nothing when there are none.
    pub(super) fn arguments(
        &mut self,
        arguments: &[Argument],
        contexts: Vec<(Name, String)>,
        into: &mut String,
    ) {
        let mut separator = "(";
        for argument in arguments {
            let value = argument.value.serialize().no_indent();
            let _ = write!(into, "{separator}{}: {value}", argument.name);
            separator = ", ";
            self.note(&argument.value);
        }
        for (name, value) in contexts {
            let _ = write!(into, "{separator}{name}: {value}");
            separator = ", ";
        }
        if separator != "(" {
            into.push(')');
        }
    }

    fn note(&mut self, value: &ast::Value) {
        match value {
            ast::Value::Variable(name) => {
                let variables = self.operation.variables.iter().zip(&mut self.used);
                for (_, used) in variables.filter(|(variable, _)| variable.name == *name) {
                    *used = true;
                }
            }
            ast::Value::List(items) => items.iter().for_each(|item| self.note(item)),
            ast::Value::Object(fields) => fields.iter().for_each(|(_, value)| self.note(value)),
            _ => {}
        }
    }

    /// The whole document.
    pub(super) fn document(&self, kind: OperationKind, selections: &str) -> String {
        let mut declared: Vec<String> = self
            .representations
            .iter()
            .map(|name| format!("${name}: [_Any!]!"))
            .collect();
        let used = self.declarations().into_iter();
        declared.extend(used.map(|(_, declaration)| declaration));
        let mut document = match (kind, declared.is_empty()) {
            (OperationKind::Query, true) => selections.to_owned(),
            (_, true) => format!("{kind} {selections}"),
            (_, false) => format!("{kind}({}) {selections}", declared.join(", ")),
        };
        document.push_str(&self.fragments_text());
        document
    }
}
