//! What is asked for is read, and what is read is asked for.

use super::{
    objects::{Asked, Asking, Objects},
    readings::Known,
};
use crate::planner::plan::{Read, ReadField};
use crate::schema::TypeSet;
use std::collections::HashMap;

/// Everything asked for is read, `__typename` is asked for where it is read, and no row gets two values of one key.
pub(super) fn check(
    asking: &Asking,
    objects: &Objects,
    asked: &[Asked],
    read: &Read,
) -> Result<(), String> {
    let wrong = |what: String| Err(format!("{} {what}", asking.name(objects.position)));
    let mut read_keys: HashMap<&str, Vec<&ReadField>, foldhash::fast::RandomState> =
        HashMap::default();
    for field in &read.fields {
        let same = read_keys.entry(&field.key).or_default();
        let overlaps = |other: &&ReadField| match (&other.types, &field.types) {
            (Some(a), Some(b)) => a.intersects(b),
            _ => true,
        };
        if let Some(other) = same.iter().find(|other| overlaps(other)) {
            let (key, path) = (&field.key, asking.subject.path(other.position));
            return wrong(format!("reads {key} twice, once into {path}"));
        }
        same.push(field);
    }
    let is_read = |one: &Asked| {
        let reads = read_keys.get(one.field.response_key().as_str());
        let mut reads = reads.into_iter().flatten();
        reads.any(|field| match (&field.types, &objects.known) {
            (Some(types), Known::Types(_)) => types.intersects(&one.types),
            _ => true,
        })
    };
    let types = objects.known.types();
    for one in asked {
        let key = one.field.response_key();
        let is_typename = one.field.name == "__typename";
        if !is_typename && !objects.is_shared && one.types.intersects(&types) && !is_read(one) {
            return wrong(format!("asks for {key}, which it does not read"));
        }
    }
    if let Some(key) = &read.typename {
        let told = asked
            .iter()
            .filter(|one| one.field.name == "__typename" && *one.field.response_key() == **key);
        let told = told.fold(TypeSet::default(), |all, one| all.union(&one.types));
        if !types.is_subset(&told) {
            return wrong(format!("reads types from {key}, which it does not ask for"));
        }
    }
    Ok(())
}
