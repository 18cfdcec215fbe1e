//! Which fetches read a row, as a plan is followed from the root down.

use super::{
    Subject,
    order::Order,
    readings::{Entry, Known, ReaderId, Readings},
};
use crate::planner::plan::PositionId;
use crate::schema::{TypeId, TypeSet};
use std::collections::HashMap;

/// What reads rows.
pub(super) struct Rows<'v, 'a> {
    pub(super) subject: &'v Subject<'a>,
    pub(super) readings: &'v Readings<'a>,
    pub(super) order: &'v Order,
    entries: HashMap<PositionId, Vec<&'v Entry<'a>>, foldhash::fast::RandomState>,
    children: Vec<Vec<PositionId>>,
}

/// What is known of a position of some rows.
#[derive(Default)]
pub(super) struct Below {
    /// Whether any fetch reads it.
    pub(super) is_read: bool,
    /// What reads its objects.
    pub(super) readers: Vec<ReaderId>,
}

impl<'v, 'a> Rows<'v, 'a> {
    pub(super) fn new(
        subject: &'v Subject<'a>,
        readings: &'v Readings<'a>,
        order: &'v Order,
    ) -> Self {
        let mut entries: HashMap<PositionId, Vec<&Entry>, _> = HashMap::default();
        for entry in &readings.entries {
            entries.entry(entry.position).or_default().push(entry);
        }
        let mut children = vec![Vec::new(); subject.plan.positions.len()];
        for (index, position) in subject.plan.positions.iter().enumerate() {
            if let Some(parent) = position.parent {
                children[parent.0 as usize].push(PositionId(index as u32));
            }
        }
        Self {
            subject,
            readings,
            order,
            entries,
            children,
        }
    }

    /// The positions below one.
    pub(super) fn children(&self, position: PositionId) -> &[PositionId] {
        &self.children[position.0 as usize]
    }

    /// The entries at a position.
    pub(super) fn entries(&self, position: PositionId) -> &[&'v Entry<'a>] {
        self.entries.get(&position).map_or(&[], Vec::as_slice)
    }

    /// The types that rows can have, which `readers` make.
    pub(super) fn types(&self, readers: &[ReaderId]) -> TypeSet {
        let mut types = TypeSet::default();
        for &reader in readers {
            match &self.readings.reader(reader).known {
                Known::Types(returned) => types.unite(returned),
                Known::As(interface) => {
                    types.unite(&self.subject.supergraph.ty(*interface).possible)
                }
            }
        }
        types
    }

    /// What reads rows of type `object`, which `made_by` make: these and what enters at their position; of those, what
    /// is there before the fetch `before` starts.
    pub(super) fn readers(
        &self,
        (position, made_by): (PositionId, &[ReaderId]),
        object: TypeId,
        before: Option<usize>,
    ) -> Vec<ReaderId> {
        let is_there =
            |fetch: usize| before.is_none_or(|before| self.order.is_before(fetch, before));
        let made = made_by.iter().copied();
        let mut readers: Vec<ReaderId> = made
            .filter(|&reader| is_there(self.readings.reader(reader).fetch))
            .collect();
        for entry in self.entries(position) {
            if is_there(entry.fetch) && entry.is_for(object) && !readers.contains(&entry.reader) {
                readers.push(entry.reader);
            }
        }
        readers
    }

    /// What `readers` read of a position of rows of type `object`.
    pub(super) fn below(
        &self,
        readers: &[ReaderId],
        position: PositionId,
        object: TypeId,
    ) -> Below {
        let mut below = Below::default();
        let parent = self.subject.plan.positions[position.0 as usize].parent;
        let parent = parent.unwrap_or(PositionId(0));
        let read_by = &self.readings.read_by[position.0 as usize];
        for &reader in read_by.iter().filter(|reader| readers.contains(reader)) {
            let is_known = || {
                let fetch = self.readings.reader(reader).fetch;
                let before = readers.iter().copied();
                let before = before.filter(|&other| {
                    let other = self.readings.reader(other).fetch;
                    self.order.is_before(other, fetch)
                });
                self.knows_type(parent, &before.collect::<Vec<_>>())
            };
            let known = &self.readings.reader(reader).known;
            let is_known = matches!(known, Known::Types(_)) || is_known();
            for inner in self.readings.below(reader, position, (object, is_known)) {
                below.is_read = true;
                below.readers.extend(inner);
            }
        }
        below.readers.sort_unstable();
        below.readers.dedup();
        below
    }

    /// Whether the types of rows are known that `readers` read.
    pub(super) fn knows_type(&self, position: PositionId, readers: &[ReaderId]) -> bool {
        let place = &self.subject.plan.positions[position.0 as usize];
        let mut readers = readers.iter();
        position == PositionId(0)
            || place.object.is_some()
            || readers.any(|&reader| self.readings.reader(reader).is_typed)
    }
}

impl Entry<'_> {
    /// Whether the entry is for rows of type `object`.
    pub(super) fn is_for(&self, object: TypeId) -> bool {
        let types = self.target.and_then(|target| target.types.as_ref());
        types.is_none_or(|types| types.contains(object))
    }
}
