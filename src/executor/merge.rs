//! Fresh rows → the rows they belong to.
//!
//! A null never replaces a value, lists are joined index by index. What is not there yet is taken as it is: the row
//! that was read and the row it goes to then hold the same objects.

use super::rows::{BodyId, Datum, List, RowId, Rows};
use super::shape::{Composite, Shape};
use crate::planner::PositionId;

/// What was wrong with data that could be read all the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    /// Lists of another length than the one they were merged into: the object around, and the position of the list.
    pub uneven: Vec<(RowId, PositionId)>,
    /// `_entities` fields, by index, with fewer entities than representations, and how many came. None: no list at all.
    pub short: Vec<(usize, Option<usize>)>,
    /// Entities that are neither objects nor null: the `_entities` field, by index, and the representation.
    pub odd: Vec<(usize, usize)>,
}

impl Findings {
    pub(super) fn is_empty(&self) -> bool {
        self.uneven.is_empty() && self.short.is_empty() && self.odd.is_empty()
    }
}

/// Merges the second of two rows, which was read from `body` by `shape`, into the first.
pub(super) fn merge(
    (rows, body): (&mut Rows, BodyId),
    both: (RowId, RowId),
    shape: &Shape,
    findings: &mut Findings,
) {
    let mut merging = Merging {
        rows,
        body,
        findings,
    };
    merging.rows(both, shape);
}

struct Merging<'a> {
    rows: &'a mut Rows,
    body: BodyId,
    findings: &'a mut Findings,
}

impl Merging<'_> {
    fn rows(&mut self, (into, from): (RowId, RowId), shape: &Shape) {
        if into == from {
            return;
        }
        let object = match (self.rows.object(into), self.rows.object(from)) {
            (None, Some(object)) => {
                self.rows.set_object(into, object);
                Some(object)
            }
            (known, _) => known,
        };
        for one in shape.keys.iter().flat_map(|key| &key.uses) {
            let new = self.rows.get(from, one.slot);
            if new == Datum::Absent || !one.applies_to(object) {
                continue;
            }
            let merged = match (self.rows.get(into, one.slot), new, &one.composite) {
                (Datum::Absent, new, _) => new,
                (there, new, Some(composite)) => {
                    let place = (into, one.position);
                    self.composites((there, new), (composite, composite.lists), place)
                }
                (there @ Datum::Leaf { text, .. }, Datum::Null, None)
                    if !text.shares_body_with(self.body) =>
                {
                    there
                }
                (_, new, None) => new,
            };
            self.rows.set(into, one.slot, merged);
        }
    }

    /// `place`: the object around, and the position in it.
    fn composites(
        &mut self,
        (there, new): (Datum, Datum),
        (composite, lists): (&Composite, u8),
        place: (RowId, PositionId),
    ) -> Datum {
        match (there, new) {
            (Datum::Object(into), Datum::Object(from)) => {
                self.rows((into, from), &composite.shape);
                there
            }
            (Datum::List(into), Datum::List(from)) => {
                Datum::List(self.lists((into, from), (composite, lists), place))
            }
            (Datum::Object(_) | Datum::List(_), _) => there,
            (Datum::Absent | Datum::Null | Datum::Leaf { .. } | Datum::Unfit(_), new) => new,
        }
    }

    fn lists(
        &mut self,
        (into, from): (List, List),
        (composite, lists): (&Composite, u8),
        place: (RowId, PositionId),
    ) -> List {
        if into.len() != from.len() {
            self.findings.uneven.push(place);
        }
        let list = into.truncated(from.len());
        for index in 0..list.len() {
            let both = (self.rows.items(list)[index], self.rows.items(from)[index]);
            let merged = self.composites(both, (composite, lists.saturating_sub(1)), place);
            self.rows.items_mut(list)[index] = merged;
        }
        list
    }
}
