//! Cycles among the modules of one parent.

use super::{
    library::Library,
    source::{Breach, Source},
};
use std::collections::{BTreeMap, BTreeSet};

/// Cycles among the modules of one parent, tests aside.
pub(super) fn cycles(library: &Library<'_>) -> Vec<Breach> {
    let mut edges: BTreeMap<Vec<String>, BTreeMap<(String, String), (&Source, usize)>> =
        BTreeMap::new();
    for (source, from, reference) in library.references() {
        if reference.test
            || from.is_empty()
            || reference.path.len() < 2
            || reference.path[0] != "crate"
        {
            continue;
        }
        let to = library.home(&reference.path[1..]);
        let shared = reference
            .from
            .iter()
            .zip(&to)
            .take_while(|(a, b)| a == b)
            .count();
        if let (Some(a), Some(b)) = (reference.from.get(shared), to.get(shared))
            && shared > 0
        {
            let parent = edges.entry(to[..shared].to_vec()).or_default();
            parent
                .entry((a.clone(), b.clone()))
                .or_insert((source, reference.line));
        }
    }
    let mut breaches = Vec::new();
    for (parent, edges) in &edges {
        for ((a, b), (source, line)) in edges {
            if reaches(edges.keys(), b, a) {
                let says = format!(
                    "in crate::{}, `{a}` uses `{b}`, and `{b}` needs `{a}`",
                    parent.join("::")
                );
                breaches.push(source.breach(*line, "cycle", says));
            }
        }
    }
    breaches
}

fn reaches<'e>(
    edges: impl Iterator<Item = &'e (String, String)> + Clone,
    from: &'e str,
    to: &str,
) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut waiting = vec![from];
    while let Some(at) = waiting.pop() {
        if at == to {
            return true;
        }
        waiting.extend(
            edges
                .clone()
                .filter(|(a, _)| a == at)
                .map(|(_, b)| b.as_str())
                .filter(|b| seen.insert(b)),
        );
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<_> = files
            .iter()
            .map(|(path, text)| Source::new(path, text))
            .collect();
        cycles(&Library::new(&sources))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn siblings_that_need_each_other_are_told_also_through_their_parent() {
        let told = told(&[
            (
                "src/planner/mod.rs",
                "mod a; mod b; mod c;\npub use a::A; pub use b::B; pub use c::C;",
            ),
            ("src/planner/a.rs", "use super::B;"),
            ("src/planner/b.rs", "use super::c;"),
            ("src/planner/c/mod.rs", "mod inner;"),
            ("src/planner/c/inner.rs", "\nfn f() { crate::planner::A }"),
        ]);
        assert_eq!(
            told,
            [
                "src/planner/a.rs:1: [cycle] in crate::planner, `a` uses `b`, and `b` needs `a`",
                "src/planner/b.rs:1: [cycle] in crate::planner, `b` uses `c`, and `c` needs `b`",
                "src/planner/c/inner.rs:2: [cycle] in crate::planner, `c` uses `a`, and `a` needs `c`",
            ]
        );
    }

    #[test]
    fn one_way_use_and_tests_are_no_cycle() {
        let told = told(&[
            ("src/planner/mod.rs", "mod a; mod b;\npub use a::A;"),
            ("src/planner/a.rs", "use super::b::B;"),
            (
                "src/planner/b.rs",
                "#[cfg(test)] mod tests { use crate::planner::A; }",
            ),
        ]);
        assert!(told.is_empty(), "{told:?}");
    }
}
