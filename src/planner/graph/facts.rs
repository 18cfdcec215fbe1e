//! Facts and moves: an AND/OR graph of what can be known about an operation's positions, and how.
//!
//! A fact is something a plan can establish: "the objects at `reviews` are being read in subgraph A", "`name` is known
//! for products". A move establishes one fact out of others: all of its inputs are needed (AND); a fact may have
//! several moves (OR). Searching this graph never enumerates paths: it has a fact per position and subgraph.

use super::tree::NodeId;
use crate::schema::{FieldInSubgraph, FieldSet, SetField, SubgraphId, TypeId};

/// Index of a [`Fact`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::planner) struct FactId(pub u32);

/// Index of a move.
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
    /// The only field that may be read: an entry made for its inputs, or a mutation's root field.
    pub only: Option<NodeId>,
}

/// The kinds of moves. The `Enter` ones start a fetch.
#[derive(Clone, Copy, Debug)]
pub(in crate::planner) enum MoveKind<'a> {
    /// Within the same fetch.
    Within,
    /// As root fields of the subgraph.
    EnterRoot,
    /// As entities, by a key; with the inputs of the field that the entry is made for, if it is made for one.
    Enter {
        key: &'a FieldSet,
        typename: EntryTypename,
        field: Option<&'a FieldInSubgraph>,
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

/// The graph of one operation. Columns, not records: the search runs over a few of them.
#[derive(Debug, Default)]
pub(in crate::planner) struct Facts<'a> {
    pub facts: Vec<Fact<'a>>,
    outputs: Vec<FactId>,
    weights: Vec<u32>,
    kinds: Vec<MoveKind<'a>>,
    inputs: Vec<FactId>,
    /// By move: where its inputs end in `inputs`.
    ends: Vec<u32>,
    made_by: Lists,
    used_by: Lists,
}

/// Lists of moves, by fact.
#[derive(Debug, Default)]
struct Lists {
    starts: Vec<u32>,
    moves: Vec<MoveId>,
}

impl Lists {
    /// From (fact, move), in the order of moves.
    fn new(facts: usize, pairs: impl Iterator<Item = (FactId, MoveId)> + Clone) -> Self {
        let mut starts = vec![0; facts + 1];
        for (fact, _) in pairs.clone() {
            starts[fact.index() + 1] += 1;
        }
        for index in 0..facts {
            starts[index + 1] += starts[index];
        }
        let mut next = starts.clone();
        let mut moves = vec![MoveId(0); starts[facts] as usize];
        for (fact, step) in pairs {
            let at = &mut next[fact.index()];
            moves[*at as usize] = step;
            *at += 1;
        }
        Self { starts, moves }
    }

    fn of(&self, fact: FactId) -> &[MoveId] {
        match self.starts.get(fact.index()..fact.index() + 2) {
            Some(&[start, end]) => &self.moves[start as usize..end as usize],
            _ => &[],
        }
    }
}

impl<'a> Facts<'a> {
    /// None yet, with room for `count` facts and as many moves.
    pub(super) fn with_room(count: usize) -> Self {
        Self {
            facts: Vec::with_capacity(count),
            outputs: Vec::with_capacity(count),
            weights: Vec::with_capacity(count),
            kinds: Vec::with_capacity(count),
            inputs: Vec::with_capacity(count),
            ends: Vec::with_capacity(count),
            ..Self::default()
        }
    }

    pub(in crate::planner) fn add(&mut self, fact: Fact<'a>) -> FactId {
        let id = FactId(self.facts.len() as u32);
        self.facts.push(fact);
        id
    }

    /// Adds a move: `output` follows from all of `inputs`.
    pub(in crate::planner) fn connect(
        &mut self,
        output: FactId,
        inputs: impl IntoIterator<Item = FactId>,
        (weight, kind): (u32, MoveKind<'a>),
    ) {
        self.inputs.extend(inputs);
        self.ends.push(self.inputs.len() as u32);
        self.outputs.push(output);
        self.weights.push(weight);
        self.kinds.push(kind);
    }

    /// Makes [`Self::made_by`] and [`Self::used_by`] known, when all moves are there.
    pub(in crate::planner) fn seal(&mut self) {
        let moves = (0..self.outputs.len() as u32).map(MoveId);
        let made = moves.clone().map(|step| (self.output(step), step));
        self.made_by = Lists::new(self.facts.len(), made);
        let used = moves.flat_map(|step| self.inputs(step).iter().map(move |input| (*input, step)));
        self.used_by = Lists::new(self.facts.len(), used);
    }

    /// How much there is: facts, moves, inputs of moves.
    pub(in crate::planner) fn size(&self) -> usize {
        self.facts.len() + self.outputs.len() + self.inputs.len()
    }

    /// All moves.
    pub(in crate::planner) fn moves(&self) -> impl Iterator<Item = MoveId> + use<> {
        (0..self.outputs.len() as u32).map(MoveId)
    }

    /// What a move establishes.
    pub(in crate::planner) fn output(&self, step: MoveId) -> FactId {
        self.outputs[step.index()]
    }

    /// What a move needs, all of it.
    pub(in crate::planner) fn inputs(&self, step: MoveId) -> &[FactId] {
        let start = step.index().checked_sub(1);
        let start = start.map_or(0, |before| self.ends[before] as usize);
        &self.inputs[start..self.ends[step.index()] as usize]
    }

    /// By move: what it costs.
    pub(in crate::planner) fn weights(&self) -> &[u32] {
        &self.weights
    }

    /// How a move works.
    pub(in crate::planner) fn kind(&self, step: MoveId) -> MoveKind<'a> {
        self.kinds[step.index()]
    }

    /// The moves that establish a fact.
    pub(in crate::planner) fn made_by(&self, fact: FactId) -> &[MoveId] {
        self.made_by.of(fact)
    }

    /// The moves that a fact is an input of.
    pub(in crate::planner) fn used_by(&self, fact: FactId) -> &[MoveId] {
        self.used_by.of(fact)
    }

    /// The state behind a fact; none for other facts.
    pub(in crate::planner) fn state(&self, id: FactId) -> Option<&State<'a>> {
        match &self.facts[id.index()] {
            Fact::State(state) => Some(state),
            _ => None,
        }
    }
}
