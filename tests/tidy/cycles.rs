//! Cycles among the modules of one parent.

use super::{library::Library, ratchet::Over, source::Source};
use std::collections::{BTreeMap, BTreeSet};

/// The modules of one parent that use each other: who uses whom, and where first.
type Uses<'a> = BTreeMap<(String, String), (&'a Source, usize)>;

/// For each parent with cycles among its modules, how many of its arrows are on one. Tests may use what they like.
pub(super) fn over(library: &Library<'_>) -> Over {
    let mut parents: BTreeMap<Vec<String>, Uses<'_>> = BTreeMap::new();
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
            let uses = parents.entry(to[..shared].to_vec()).or_default();
            uses.entry((a.clone(), b.clone()))
                .or_insert((source, reference.line));
        }
    }
    let mut over = Over::default();
    for (parent, uses) in &parents {
        let circular: Vec<_> = uses
            .iter()
            .filter(|((a, b), _)| reaches(uses.keys(), b, a))
            .collect();
        let arrow = |((a, b), (source, line)): &(&(String, String), &(&Source, usize))| {
            format!(
                "{a} → {b} ({}:{line})",
                source.path.rsplit('/').next().unwrap_or_default()
            )
        };
        let arrows: Vec<_> = circular.iter().map(arrow).collect();
        if let Some((_, (source, line))) = circular.first() {
            let breach = source.breach(*line, "cycle", format!("{}; ", arrows.join(", ")));
            over.note(
                format!("cycles {}", parent.join("::")),
                breach,
                circular.len(),
                0,
            );
        }
    }
    over
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
    use crate::tidy::ratchet::turn;

    fn told(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<_> = files
            .iter()
            .map(|(path, text)| Source::new(path, text))
            .collect();
        let over = over(&Library::new(&sources));
        turn(&over, "").iter().map(ToString::to_string).collect()
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
        let arrows = "a → b (a.rs:1), b → c (b.rs:1), c → a (inner.rs:2)";
        let rest = "over the budget of 0; the ratchet's line would be: cycles planner 3";
        assert_eq!(
            told,
            [format!("src/planner/a.rs:1: [cycle] {arrows}; {rest}")]
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
