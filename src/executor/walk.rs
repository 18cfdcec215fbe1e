//! From positions to the rows there, and to their paths in the client's response.

use super::PathSegment;
use super::compile::Program;
use super::rows::{Datum, RowId, Rows};
use crate::planner::PositionId;
use foldhash::fast::RandomState;
use std::collections::HashSet;

/// All rows at a position, each once, through the lists above and at it, in the order of the response.
pub(super) fn rows_at(program: &Program, rows: &Rows, position: PositionId) -> Vec<RowId> {
    let mut here = vec![RowId::ROOT];
    for id in program.chain(position) {
        let slot = program.position(id).slot;
        let mut below = Vec::with_capacity(here.len());
        for row in here {
            rows.objects_in(rows.get(row, slot), &mut below);
        }
        if rows.shared {
            // Level by level: entities in entities would be found as often as the response shows them.
            let mut seen = HashSet::with_capacity_and_hasher(below.len(), RandomState::default());
            below.retain(|row| seen.insert(*row));
        }
        here = below;
    }
    here
}

/// The rows at a position, each with the rows it is inside of.
pub(super) struct Lineage {
    /// From the root down to the position: the rows, and where among those of the level above their parents are.
    levels: Vec<Vec<(RowId, usize)>>,
}

impl Lineage {
    pub(super) fn new(program: &Program, rows: &Rows, position: PositionId) -> Self {
        let mut levels = vec![vec![(RowId::ROOT, 0)]];
        let mut found = Vec::new();
        for id in program.chain(position) {
            let slot = program.position(id).slot;
            let above = levels.last().map_or(&[][..], Vec::as_slice);
            let mut below = Vec::with_capacity(above.len());
            for (parent, (row, _)) in above.iter().enumerate() {
                rows.objects_in(rows.get(*row, slot), &mut found);
                below.extend(found.drain(..).map(|row| (row, parent)));
            }
            levels.push(below);
        }
        Self { levels }
    }

    /// The rows, in the order of the response.
    pub(super) fn rows(&self) -> impl Iterator<Item = RowId> + '_ {
        self.levels
            .last()
            .into_iter()
            .flatten()
            .map(|(row, _)| *row)
    }

    /// The row `up` levels above the `index`th one.
    pub(super) fn above(&self, index: usize, up: usize) -> Option<RowId> {
        let mut levels = self.levels.iter().rev();
        let mut here = levels.next()?.get(index)?;
        for level in levels.take(up) {
            here = level.get(here.1)?;
        }
        Some(here.0)
    }
}

/// All rows at a position with their paths, or those of what is around them where clients do not see them. Slow: for
/// errors.
pub(super) fn paths_at(
    program: &Program,
    rows: &Rows,
    position: PositionId,
) -> Vec<(RowId, Vec<PathSegment>)> {
    let mut here = vec![(RowId::ROOT, Vec::new())];
    let mut hidden = false;
    for id in program.chain(position) {
        let key = program.shown_as(id).filter(|_| !hidden);
        hidden = key.is_none();
        let mut below = Vec::with_capacity(here.len());
        for (row, mut path) in here {
            let datum = rows.get(row, program.position(id).slot);
            if let Some(key) = key {
                path.push(PathSegment::Key(key.clone()));
                add_paths(rows, datum, path, &mut below);
            } else {
                let mut found = Vec::new();
                rows.objects_in(datum, &mut found);
                below.extend(found.into_iter().map(|row| (row, path.clone())));
            }
        }
        here = below;
    }
    here
}

fn add_paths(
    rows: &Rows,
    datum: Datum,
    path: Vec<PathSegment>,
    found: &mut Vec<(RowId, Vec<PathSegment>)>,
) {
    match datum {
        Datum::Object(row) => found.push((row, path)),
        Datum::List(list) => {
            for (index, item) in rows.items(list).iter().enumerate() {
                let mut path = path.clone();
                path.push(PathSegment::Index(index));
                add_paths(rows, *item, path, found);
            }
        }
        Datum::Absent | Datum::Null | Datum::Leaf { .. } | Datum::Unfit(_) => {}
    }
}

/// The path of a position up to its first list, or to the last position that clients see.
pub(super) fn path_to_first_list(program: &Program, position: PositionId) -> Vec<PathSegment> {
    let mut path = Vec::new();
    for id in program.chain(position) {
        let Some(key) = program.shown_as(id) else {
            break;
        };
        path.push(PathSegment::Key(key.clone()));
        if program.position(id).lists > 0 {
            break;
        }
    }
    path
}
