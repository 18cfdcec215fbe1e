//! What an operation is folded by, beside its text.

use crate::schema::Labels;

/// How everything came out that an operation's plan depends on beside its text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Conditions {
    values: Box<[bool]>,
    labels: Labels,
    unmet: Box<[u32]>,
}

impl Conditions {
    /// The values of the condition variables, in [`super::Document::condition_variables`]'s order. No label is on.
    pub fn new(values: Box<[bool]>) -> Self {
        Self {
            values,
            labels: Labels::default(),
            unmet: Box::default(),
        }
    }

    /// The same with these labels of `@override` on.
    pub fn with_labels(self, labels: Labels) -> Self {
        Self { labels, ..self }
    }

    /// The same for a caller who does not meet these of [`super::Document::claims`], by index.
    pub fn without(self, unmet: Box<[u32]>) -> Self {
        Self { unmet, ..self }
    }

    /// Which claims the caller does not meet.
    pub fn unmet(&self) -> &[u32] {
        &self.unmet
    }

    /// The values in order.
    pub fn values(&self) -> impl Iterator<Item = bool> + '_ {
        self.values.iter().copied()
    }

    /// The labels that are on.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }
}
