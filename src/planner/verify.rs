//! What every plan must satisfy, checked in debug builds (and so in tests and under fuzzing) for every plan made.

use super::plan::{
    Fetch, FetchKind, Plan, PositionId, Read, RepresentationField, Target, Typename,
};
use std::collections::BTreeSet;

/// Checks that fetches come after those they wait for, and that everything a representation is made of was read by one
/// of those. Says what is wrong.
pub(super) fn verify(plan: &Plan) -> Result<(), String> {
    let mut before: Vec<BTreeSet<usize>> = Vec::new();
    let mut produced: Vec<Produced> = Vec::new();
    for (index, fetch) in plan.fetches.iter().enumerate() {
        let mut earlier = BTreeSet::new();
        for after in &fetch.after {
            let after = after.0 as usize;
            let known = before
                .get(after)
                .ok_or_else(|| format!("fetch {index} waits for {after}, which comes later"))?;
            earlier.extend(known.iter().copied().chain([after]));
        }
        let available = |kind: fn(&Produced) -> &BTreeSet<PositionId>, at: PositionId| {
            earlier
                .iter()
                .any(|&index| kind(&produced[index]).contains(&at))
        };
        for target in targets(fetch) {
            let row = &plan.positions[target.position.0 as usize];
            let is_typed =
                row.object.is_some() || available(|produced| &produced.typed, target.position);
            if target.representation.typename == Typename::Runtime && !is_typed {
                let path = plan.path(target.position);
                return Err(format!(
                    "fetch {index} needs the type of {path}, which nothing before it asks for"
                ));
            }
            let sources = || target.contexts.iter().flatten();
            if let Some(source) = sources().find(|source| {
                let typed = &plan.positions[source.position.0 as usize].object;
                source.types.is_some()
                    && typed.is_none()
                    && !available(|produced| &produced.typed, source.position)
            }) {
                let path = plan.path(source.position);
                return Err(format!(
                    "fetch {index} takes a context from {path}, whose type nothing before it asks for"
                ));
            }
            let mut missing = None;
            let mut note = |at| {
                if !available(|produced| &produced.read, at) {
                    missing = Some(at);
                }
            };
            visit(&target.representation.fields, &mut note);
            sources().for_each(|source| visit(&source.fields, &mut note));
            if let Some(missing) = missing {
                return Err(format!(
                    "fetch {index} sends {}, which nothing before it reads",
                    plan.path(missing)
                ));
            }
        }
        before.push(earlier);
        produced.push(Produced::of(fetch));
    }
    Ok(())
}

/// What a fetch establishes.
#[derive(Default)]
struct Produced {
    read: BTreeSet<PositionId>,
    typed: BTreeSet<PositionId>,
}

impl Produced {
    fn of(fetch: &Fetch) -> Self {
        let mut produced = Self::default();
        match &fetch.kind {
            FetchKind::Root { at, read } => produced.add(*at, read),
            FetchKind::Entities(_) => {
                targets(fetch).for_each(|target| produced.add(target.position, &target.read));
            }
        }
        produced
    }

    fn add(&mut self, at: PositionId, read: &Read) {
        if read.typename.is_some() {
            self.typed.insert(at);
        }
        for field in &read.fields {
            self.read.insert(field.position);
            if let Some(read) = &field.read {
                self.add(field.position, read);
            }
        }
    }
}

fn targets(fetch: &Fetch) -> impl Iterator<Item = &Target> {
    let entities = match &fetch.kind {
        FetchKind::Entities(entities) => entities.as_slice(),
        FetchKind::Root { .. } => &[],
    };
    entities.iter().flat_map(|entities| &entities.targets)
}

fn visit(fields: &[RepresentationField], apply: &mut dyn FnMut(PositionId)) {
    for field in fields {
        apply(field.position);
        visit(&field.fields, apply);
    }
}
