//! Labels of `@override(from:, label:)`: a field has two owners then, and each request decides between them.
//!
//! A label is on for a request or off. Composition writes it on the field in both subgraphs (`@join__field(overrideLabel:)`):
//! the one with `override` resolves the field while the label is on, the other while it is off.

use super::{
    LabelId,
    join::{Join, string},
    model::Supergraph,
};
use apollo_compiler::{Schema, ast, schema::ExtendedType};
use smallvec::SmallVec;
use std::collections::BTreeSet;

/// A set of labels, such as those that are on for a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Labels(SmallVec<[LabelId; 4]>);

/// When a subgraph resolves a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    pub label: LabelId,
    /// Whether the label must be on, or off.
    pub when: bool,
}

impl Labels {
    /// Whether `label` is in the set.
    pub fn contains(&self, label: LabelId) -> bool {
        self.0.binary_search(&label).is_ok()
    }

    /// The labels, ascending.
    pub fn iter(&self) -> impl Iterator<Item = LabelId> + '_ {
        self.0.iter().copied()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds `label`.
    pub fn insert(&mut self, label: LabelId) {
        if let Err(at) = self.0.binary_search(&label) {
            self.0.insert(at, label);
        }
    }
}

impl FromIterator<LabelId> for Labels {
    fn from_iter<I: IntoIterator<Item = LabelId>>(labels: I) -> Self {
        let mut set = Self::default();
        labels.into_iter().for_each(|label| set.insert(label));
        set
    }
}

impl Guard {
    /// Whether it is met while these labels are on.
    pub fn is_met(&self, on: &Labels) -> bool {
        on.contains(self.label) == self.when
    }
}

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
