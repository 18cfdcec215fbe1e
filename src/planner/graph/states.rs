//! The states at a position, found by the class they are for.

use super::FactId;
use smallvec::SmallVec;

/// The states of one position.
#[derive(Clone, Debug, Default)]
pub(in crate::planner) struct States {
    /// Inside a fetch of the parent, or as a root: for objects of every class.
    pub whole: SmallVec<[FactId; 4]>,
    /// Entered, by class.
    pub entered: SmallVec<[SmallVec<[FactId; 4]>; 1]>,
}

impl States {
    /// Adds a state; `class`: none for objects of every class.
    pub(super) fn add(&mut self, class: Option<usize>, state: FactId) {
        match class {
            None => self.whole.push(state),
            Some(class) => {
                if self.entered.len() <= class {
                    self.entered.resize(class + 1, SmallVec::new());
                }
                self.entered[class].push(state);
            }
        }
    }

    /// The states entered for a class.
    pub(in crate::planner) fn of_class(&self, class: usize) -> &[FactId] {
        self.entered.get(class).map_or(&[], SmallVec::as_slice)
    }

    /// The states in which objects of a class are read.
    pub(super) fn reading(&self, class: usize) -> impl Iterator<Item = FactId> + '_ {
        self.whole.iter().chain(self.of_class(class)).copied()
    }

    /// All of them.
    pub(in crate::planner) fn iter(&self) -> impl Iterator<Item = FactId> + '_ {
        self.whole
            .iter()
            .chain(self.entered.iter().flatten())
            .copied()
    }
}
