//! Everything the client sees is read, whatever types the objects on the way to it have.
//!
//! Rows are told apart by what reads them: a position is looked at once for each set of readers that come down to it.

use super::{
    Subject, asked::Wanted, narrowed::Narrowed, readings::ReaderId, representations, rows::Rows,
};
use crate::planner::plan::PositionId;
use crate::schema::{TypeId, TypeSet};
use std::collections::HashSet;

/// Follows the plan from the root down.
pub(super) fn check(subject: &Subject, rows: &Rows, wanted: &Wanted) -> Result<(), String> {
    let narrowed = Narrowed::new(subject, wanted);
    let mut following = Following {
        rows,
        wanted,
        narrowed: &narrowed,
        seen: HashSet::default(),
        open: Vec::new(),
    };
    following.open(Place {
        position: PositionId(0),
        made_by: Vec::new(),
        is_shown: true,
    });
    while let Some(place) = following.open.pop() {
        following.follow(&place)?;
    }
    Ok(())
}

/// Rows of a position that the same readers make.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Place {
    position: PositionId,
    made_by: Vec<ReaderId>,
    is_shown: bool,
}

struct Following<'f, 'v, 'a> {
    rows: &'f Rows<'v, 'a>,
    wanted: &'f Wanted,
    narrowed: &'f Narrowed,
    seen: HashSet<Place, foldhash::fast::RandomState>,
    open: Vec<Place>,
}

impl Following<'_, '_, '_> {
    fn open(&mut self, place: Place) {
        if self.seen.insert(place.clone()) {
            self.open.push(place);
        }
    }

    fn follow(&mut self, place: &Place) -> Result<(), String> {
        let (rows, at) = (self.rows, place.position);
        let types = match at {
            PositionId(0) => TypeSet::of(rows.subject.operation.root),
            _ => rows.types(&place.made_by),
        };
        for object in types.iter() {
            let readers = rows.readers((at, &place.made_by), object, None);
            for entry in rows.entries(at).iter().filter(|entry| entry.is_for(object)) {
                representations::check(rows, self.narrowed, (entry, &place.made_by, object))?;
            }
            let is_certain = self.narrowed.types[at.0 as usize].contains(object);
            let is_needed = place.is_shown && is_certain;
            if is_needed && self.wanted.by_type[at.0 as usize] && !rows.knows_type(at, &readers) {
                let path = rows.subject.path(at);
                return Err(format!(
                    "nothing asks for the type of {path}, which is shown by it"
                ));
            }
            for &child in rows.children(at) {
                let below = rows.below(&readers, child, object);
                let is_shown = self.wanted.shown[child.0 as usize].contains(object);
                if is_needed && is_shown && !below.is_read {
                    return Err(self.unread(child, object, &readers));
                }
                if !below.readers.is_empty() {
                    self.open(Place {
                        position: child,
                        made_by: below.readers,
                        is_shown: place.is_shown && is_shown,
                    });
                }
            }
        }
        Ok(())
    }

    fn unread(&self, child: PositionId, object: TypeId, readers: &[ReaderId]) -> String {
        let subject = self.rows.subject;
        let mut fetches: Vec<usize> = readers
            .iter()
            .map(|&reader| self.rows.readings.reader(reader).fetch)
            .collect();
        fetches.sort_unstable();
        fetches.dedup();
        let fetches: Vec<String> = fetches.iter().map(|&fetch| subject.fetch(fetch)).collect();
        let (path, ty) = (subject.path(child), subject.supergraph.type_name(object));
        format!(
            "nothing reads {path} of a {ty}; its objects are read by {}",
            fetches.join(", ")
        )
    }
}
