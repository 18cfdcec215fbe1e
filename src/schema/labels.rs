//! Labels of `@override(from:, label:)`: a field has two owners then, and each request decides between them.
//!
//! A label is on for a request or off. Composition writes it on the field in both subgraphs (`@join__field(overrideLabel:)`):
//! the one with `override` resolves the field while the label is on, the other while it is off.

use super::{
    Guard, LabelId,
    join::{Join, string},
    model::Supergraph,
};
use apollo_compiler::{Schema, ast, schema::ExtendedType};
use std::collections::BTreeSet;

impl Supergraph {
    /// The labels that some field has, in the order of their names.
    pub fn labels(&self) -> impl Iterator<Item = (LabelId, &str)> {
        let names = self.labels.iter().enumerate();
        names.map(|(index, name)| (LabelId(index as u32), name.as_str()))
    }

    /// The name of a label: `percent(20)`, or whatever the subgraph's `@override` says.
    pub fn label(&self, id: LabelId) -> &str {
        &self.labels[id.index()]
    }

    /// The label with this name.
    pub fn label_id(&self, name: &str) -> Option<LabelId> {
        let found = self
            .labels
            .binary_search_by(|label| label.as_str().cmp(name));
        found.ok().map(|index| LabelId(index as u32))
    }
}

/// The names of all labels, sorted.
pub(super) fn names(schema: &Schema, join: &Join) -> Vec<String> {
    let mut names = BTreeSet::new();
    for ty in schema.types.values() {
        let fields = match ty {
            ExtendedType::Object(object) => &object.fields,
            ExtendedType::Interface(interface) => &interface.fields,
            _ => continue,
        };
        for field in fields.values() {
            let owners = field.directives.get_all(&join.field);
            names.extend(owners.filter_map(|owner| label(owner)));
        }
    }
    names.into_iter().collect()
}

/// What a `@join__field` says of when its subgraph resolves the field.
pub(super) fn guard(owner: &ast::Directive, names: &[String]) -> Option<Guard> {
    let index = names.binary_search(&label(owner)?).ok()?;
    Some(Guard {
        label: LabelId(index as u32),
        when: string(owner, "override").is_some(),
    })
}

fn label(owner: &ast::Directive) -> Option<String> {
    string(owner, "overrideLabel")
}
