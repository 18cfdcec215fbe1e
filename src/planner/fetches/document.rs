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
}

impl<'a> Variables<'a> {
    pub(super) fn new(operation: &'a Operation) -> Self {
        Self {
            operation,
            used: vec![false; operation.variables.len()],
            representations: Vec::new(),
            fragments: Vec::new(),
        }
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
        let name = format!("_f{}", self.fragments.len());
        self.fragments
            .push((name.clone(), on.clone(), selections.to_owned()));
        name
    }

    /// The client variables that were printed.
    pub(super) fn used(&self) -> Vec<Name> {
        let used = self.operation.variables.iter().zip(&self.used);
        used.filter(|(_, used)| **used)
            .map(|(variable, _)| variable.name.clone())
            .collect()
    }

    /// Prints arguments with their parentheses; nothing when there are none.
    pub(super) fn arguments(&mut self, arguments: &[Argument], into: &mut String) {
        for (index, argument) in arguments.iter().enumerate() {
            into.push_str(if index == 0 { "(" } else { ", " });
            let _ = write!(
                into,
                "{}: {}",
                argument.name,
                argument.value.serialize().no_indent()
            );
            self.note(&argument.value);
        }
        if !arguments.is_empty() {
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
        let used = self.operation.variables.iter().zip(&self.used);
        declared.extend(
            used.filter(|(_, used)| **used)
                .map(|(variable, _)| variable.declaration.clone()),
        );
        let mut document = match (kind, declared.is_empty()) {
            (OperationKind::Query, true) => selections.to_owned(),
            (_, true) => format!("{kind} {selections}"),
            (_, false) => format!("{kind}({}) {selections}", declared.join(", ")),
        };
        for (name, on, selections) in &self.fragments {
            let _ = write!(document, " fragment {name} on {on} {selections}");
        }
        document
    }
}
