//! Facts and moves: an AND/OR graph of what can be known about an operation's positions, and how.
//!
//! A fact is something a plan can establish: "the objects at `reviews` are being read in subgraph A", "`name` is known
//! for products". A move establishes one fact out of others: all of its inputs are needed (AND); a fact may have
//! several moves (OR). Searching this graph never enumerates paths: it has a fact per position and subgraph.

use super::tree::NodeId;
use crate::schema::{FieldSet, SetField, SubgraphId, TypeId};
use smallvec::SmallVec;

/// Index of a [`Fact`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::planner) struct FactId(pub u32);

/// Index of a [`Move`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::planner) struct MoveId(pub u32);

impl FactId {
    pub(in crate::planner) fn index(self) -> usize {
        self.0 as usize
    }
}

impl MoveId {
    pub(in crate::planner) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Something a plan can establish.
#[derive(Debug)]
pub(in crate::planner) enum Fact<'a> {
    /// The objects at a position are being read in a subgraph.
    State(State<'a>),
    /// A leaf is known, for one class of its parent's types.
    Value { node: NodeId, class: usize },
    /// The runtime type of the objects of a class is known.
    Typename,
    /// The objects of a position are known to exist (or to be null).
    Exists,
}

/// Objects being read in a subgraph.
#[derive(Clone, Debug)]
pub(in crate::planner) struct State<'a> {
    pub position: NodeId,
    /// The class of types that is read; none: all of them.
    pub class: Option<usize>,
    pub subgraph: SubgraphId,
    /// The type the subgraph declares here: for a state inside a fetch that of the field, for an entry by interface
    /// the interface.
    pub declared: TypeId,
    /// The subgraph knows the objects as an `@interfaceObject`: it cannot tell their runtime types.
    pub opaque: bool,
    /// What a `@provides` around it adds to what the subgraph resolves here.
    pub view: Vec<&'a SetField>,
    /// The only field that may be read: an entry made for its `@requires`, or a mutation's root field.
    pub only: Option<NodeId>,
}

/// How a fact follows from others.
#[derive(Debug)]
pub(in crate::planner) struct Move<'a> {
    pub output: FactId,
    pub inputs: SmallVec<[FactId; 4]>,
    pub weight: u32,
    pub kind: MoveKind<'a>,
}

/// The kinds of moves. The `Enter` ones start a fetch.
#[derive(Clone, Copy, Debug)]
pub(in crate::planner) enum MoveKind<'a> {
    /// Within the same fetch.
    Within,
    /// As root fields of the subgraph.
    EnterRoot,
    /// As entities, by a key; with what a field requires.
    Enter {
        key: &'a FieldSet,
        typename: EntryTypename,
        requires: Option<&'a FieldSet>,
    },
}

/// Which `__typename` a representation carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::planner) enum EntryTypename {
    Runtime,
    Interface(TypeId),
}

impl MoveKind<'_> {
    /// Whether the move starts a fetch.
    pub(in crate::planner) fn enters(&self) -> bool {
        !matches!(self, Self::Within)
    }
}

/// The graph of one operation.
#[derive(Debug, Default)]
pub(in crate::planner) struct Facts<'a> {
    pub facts: Vec<Fact<'a>>,
    pub moves: Vec<Move<'a>>,
    /// By fact: the moves that establish it.
    pub made_by: Vec<SmallVec<[MoveId; 4]>>,
    /// By fact: the moves it is an input of.
    pub used_by: Vec<SmallVec<[MoveId; 4]>>,
}

impl<'a> Facts<'a> {
    pub(in crate::planner) fn add(&mut self, fact: Fact<'a>) -> FactId {
        let id = FactId(self.facts.len() as u32);
        self.facts.push(fact);
        self.made_by.push(SmallVec::new());
        self.used_by.push(SmallVec::new());
        id
    }

    pub(in crate::planner) fn connect(
        &mut self,
        output: FactId,
        inputs: impl IntoIterator<Item = FactId>,
        (weight, kind): (u32, MoveKind<'a>),
    ) {
        let id = MoveId(self.moves.len() as u32);
        let inputs: SmallVec<[FactId; 4]> = inputs.into_iter().collect();
        for input in &inputs {
            self.used_by[input.index()].push(id);
        }
        self.made_by[output.index()].push(id);
        self.moves.push(Move {
            output,
            inputs,
            weight,
            kind,
        });
    }

    /// The state behind a fact; none for other facts.
    pub(in crate::planner) fn state(&self, id: FactId) -> Option<&State<'a>> {
        match &self.facts[id.index()] {
            Fact::State(state) => Some(state),
            _ => None,
        }
    }
}
