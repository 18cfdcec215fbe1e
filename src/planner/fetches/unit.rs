//! Splits a group into `_entities` fields.

use super::{
    Source,
    group::{Entry, Group},
    representation,
};

/// Entries of a group whose representations agree.
pub(super) struct Unit<'g> {
    pub(super) entries: Vec<&'g Entry>,
}

impl Group {
    /// Splits the entries so that in each unit no representation needs two values under one name (the same field with
    /// different arguments).
    pub(super) fn units(&self, source: &Source) -> Vec<Unit<'_>> {
        let mut units: Vec<(Unit, Vec<representation::Draft>)> = Vec::new();
        for entry in &self.entries {
            let Some(draft) = representation::draft(source, entry.fact) else {
                continue;
            };
            let fits =
                |drafts: &[representation::Draft]| drafts.iter().all(|other| other.agrees(&draft));
            match units.iter_mut().find(|(_, drafts)| fits(drafts)) {
                Some((unit, drafts)) => {
                    unit.entries.push(entry);
                    drafts.push(draft);
                }
                None => units.push((
                    Unit {
                        entries: vec![entry],
                    },
                    vec![draft],
                )),
            }
        }
        units.into_iter().map(|(unit, _)| unit).collect()
    }
}
