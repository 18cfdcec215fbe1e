//! What each fetch reads: its document and its shape together.

use super::Subject;
use crate::planner::plan::{PositionId, Target};
use crate::schema::{Argument, FieldSet, TypeId, TypeSet};
use apollo_compiler::Name;
use std::collections::HashMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ReaderId(pub(super) u32);

/// What all fetches read.
pub(super) struct Readings<'a> {
    pub(super) subject: Subject<'a>,
    pub(super) readers: Vec<Reader<'a>>,
    pub(super) entries: Vec<Entry<'a>>,
    /// By position: what reads it.
    pub(super) read_by: Vec<Vec<ReaderId>>,
    /// By position: the arguments it is read with.
    pub(super) arguments: Vec<Option<&'a [Argument]>>,
}

/// Where a fetch starts to read: at a root, or at the rows of a target.
pub(super) struct Entry<'a> {
    pub(super) fetch: usize,
    pub(super) position: PositionId,
    pub(super) target: Option<&'a Target>,
    pub(super) reader: ReaderId,
}

/// Objects of one fetch's answer, read into the rows of a position.
pub(super) struct Reader<'a> {
    pub(super) fetch: usize,
    pub(super) position: PositionId,
    pub(super) known: Known,
    /// Whether it tells the rows' runtime types.
    pub(super) is_typed: bool,
    pub(super) fields: HashMap<PositionId, Vec<Reads<'a>>, foldhash::fast::RandomState>,
    /// What fields require, by the types (as the subgraph knows them) that are asked for them.
    pub(super) requires: Vec<(TypeSet, &'a FieldSet)>,
}

/// As what a subgraph knows objects.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// By their own types, of which it can return these.
    Types(TypeSet),
    /// As an interface object.
    As(TypeId),
}

/// How a position is read.
pub(super) struct Reads<'a> {
    /// None: for rows of all types.
    pub(super) types: Option<&'a TypeSet>,
    /// By the object's type in the subgraph: what reads below; none for leaves.
    pub(super) below: Vec<(TypeSet, Option<ReaderId>)>,
}

impl Readings<'_> {
    pub(super) fn reader(&self, id: ReaderId) -> &Reader<'_> {
        &self.readers[id.0 as usize]
    }

    /// Whether `reader` reads `position` of a row of type `object`, and what reads below it. A row of a type that is not
    /// known (`is_known`) takes every field.
    pub(super) fn below(
        &self,
        reader: ReaderId,
        position: PositionId,
        (object, is_known): (TypeId, bool),
    ) -> impl Iterator<Item = Option<ReaderId>> {
        let reader = self.reader(reader);
        let local = reader.known.local(object);
        let reads = reader.fields.get(&position).into_iter().flatten();
        let reads = reads.filter(move |reads| {
            !is_known || reads.types.is_none_or(|types| types.contains(object))
        });
        let below = reads.flat_map(|reads| &reads.below);
        below.filter_map(move |(types, below)| types.contains(local?).then_some(*below))
    }

    /// Type names, as messages list them.
    pub(super) fn names(&self, types: &TypeSet) -> String {
        let names = types.iter().map(|ty| self.subject.supergraph.type_name(ty));
        names.map(Name::as_str).collect::<Vec<_>>().join(", ")
    }
}

impl Known {
    /// The type by which the subgraph knows an object; none where it returns no such objects.
    pub(super) fn local(&self, object: TypeId) -> Option<TypeId> {
        match self {
            Self::Types(types) => types.contains(object).then_some(object),
            Self::As(interface) => Some(*interface),
        }
    }

    pub(super) fn types(&self) -> TypeSet {
        match self {
            Self::Types(types) => types.clone(),
            Self::As(interface) => TypeSet::of(*interface),
        }
    }
}
