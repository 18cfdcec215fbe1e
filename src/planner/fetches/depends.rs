//! What an entry depends on, beyond the inputs of its move.

use super::Source;
use crate::planner::graph::{EntryTypename, FactId, MoveKind, NodeId};

impl Source<'_, '_> {
    /// The facts that must be established before `fact`.
    pub(in crate::planner) fn inputs(
        &self,
        fact: FactId,
    ) -> impl Iterator<Item = FactId> + use<'_> {
        let awaited = self.awaited_type(fact);
        self.move_inputs(fact).iter().copied().chain(awaited)
    }

    fn move_inputs(&self, fact: FactId) -> &[FactId] {
        let step = self.selection.chosen[fact.index()];
        step.map_or(&[], |step| self.graph.facts.inputs(step))
    }

    /// Whether the rows of an entry know their runtime types when it is made.
    pub(super) fn knows_type(&self, entry: FactId) -> bool {
        let Some(state) = self.graph.facts.state(entry) else {
            return false;
        };
        let at = state.position;
        if !self.has_opaque_origin(at) {
            return true;
        }
        self.reaches(entry, |fact| {
            let state = self.graph.facts.state(fact);
            fact != entry && state.is_some_and(|state| state.position == at && !state.opaque)
        })
    }

    /// An entry by interface takes rows whose runtime type nobody knows yet. When it is for some of the types only and
    /// the type will be known anyway, it waits for it, so that rows of other types are not sent.
    fn awaited_type(&self, entry: FactId) -> Option<FactId> {
        let facts = &self.graph.facts;
        let step = self.selection.chosen[entry.index()]?;
        let MoveKind::Enter {
            typename: EntryTypename::Interface(_),
            ..
        } = facts.kind(step)
        else {
            return None;
        };
        let state = facts.state(entry)?;
        let (at, class) = (state.position, state.class?);
        if !self.has_opaque_origin(at) || self.enters_all_classes(entry) {
            return None;
        }
        let typename = *self.graph.typenames[at.index()].get(class)?;
        let is_cycle = || self.reaches_by_moves(typename, |fact| fact == entry);
        (self.selection.contains(typename) && !is_cycle()).then_some(typename)
    }

    /// Whether every class of an entry's position enters the same subgraph for the same.
    fn enters_all_classes(&self, entry: FactId) -> bool {
        let facts = &self.graph.facts;
        let Some(state) = facts.state(entry) else {
            return false;
        };
        let alike = self.graph.states[state.position.index()]
            .iter()
            .filter(|&other| {
                self.selection.contains(other)
                    && facts.state(other).is_some_and(|other| {
                        (other.subgraph, other.only, other.class.is_some())
                            == (state.subgraph, state.only, true)
                    })
            });
        alike.count() >= self.graph.tree.node(state.position).classes.len()
    }

    /// Whether objects of a position come from a subgraph that cannot tell their types.
    fn has_opaque_origin(&self, at: NodeId) -> bool {
        let facts = &self.graph.facts;
        let mut states = self.graph.states[at.index()].iter();
        states.any(|fact| {
            self.selection.contains(fact)
                && facts
                    .state(fact)
                    .is_some_and(|state| state.class.is_none() && state.opaque)
        })
    }

    /// Whether what `fact` depends on (itself included) has one that `is_found`.
    fn reaches(&self, fact: FactId, is_found: impl Fn(FactId) -> bool) -> bool {
        self.search(fact, |at| self.inputs(at), is_found)
    }

    fn reaches_by_moves(&self, fact: FactId, is_found: impl Fn(FactId) -> bool) -> bool {
        let inputs = |at: FactId| self.move_inputs(at).iter().copied();
        self.search(fact, inputs, is_found)
    }

    fn search<I: Iterator<Item = FactId>>(
        &self,
        from: FactId,
        inputs: impl Fn(FactId) -> I,
        is_found: impl Fn(FactId) -> bool,
    ) -> bool {
        let mut seen = std::collections::BTreeSet::new();
        let mut open = vec![from];
        while let Some(fact) = open.pop() {
            if is_found(fact) {
                return true;
            }
            open.extend(inputs(fact).filter(|input| seen.insert(*input)));
        }
        false
    }
}
