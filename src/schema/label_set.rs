//! Sets of labels of `@override`, and what they decide.

use super::LabelId;
use smallvec::SmallVec;

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
