//! Makes a failing operation smaller while it still fails.

use super::document::{Document, Selection, What};

/// How many smaller operations are tried.
const TRIES: usize = 600;

/// The smallest operation found that `fails`, by taking away one piece at a time.
pub fn shrink(document: Document, fails: &dyn Fn(&Document) -> bool) -> Document {
    let mut smallest = document;
    let mut tries = 0;
    'smaller: loop {
        for edit in [Edit::Remove, Edit::Open, Edit::Uncondition, Edit::Unalias] {
            for index in 0..size(&smallest) {
                let Some(candidate) = edited(&smallest, edit, index) else {
                    continue;
                };
                tries += 1;
                if tries > TRIES {
                    return smallest;
                }
                if fails(&candidate) {
                    smallest = candidate;
                    continue 'smaller;
                }
            }
        }
        return smallest;
    }
}

#[derive(Clone, Copy)]
enum Edit {
    /// Take a selection away.
    Remove,
    /// Put a fragment's selections in its place.
    Open,
    /// Take its conditions away.
    Uncondition,
    /// Take its alias away.
    Unalias,
}

fn size(document: &Document) -> usize {
    let sets = document.fragments.iter().map(|f| count(&f.selections));
    count(&document.selections) + sets.sum::<usize>()
}

fn count(selections: &[Selection]) -> usize {
    let below = selections.iter().map(|s| count(&s.selections));
    selections.len() + below.sum::<usize>()
}

/// The document with an edit made to its `index`-th selection; `None` when that changes nothing.
fn edited(document: &Document, edit: Edit, index: usize) -> Option<Document> {
    let mut smaller = document.clone();
    let mut left = index;
    let bodies = document.fragments.clone();
    let body = |name: &str| {
        let fragment = bodies.iter().find(|fragment| fragment.name == name);
        fragment.map(|f| (Some(f.on.clone()), f.selections.clone()))
    };
    let mut sets = vec![&mut smaller.selections];
    sets.extend(smaller.fragments.iter_mut().map(|f| &mut f.selections));
    let mut changed = None;
    for set in sets {
        changed = edit_in(set, edit, &mut left, &body);
        if changed.is_some() {
            break;
        }
    }
    if changed != Some(Changed::Yes) {
        return None;
    }
    let before = document.to_string();
    smaller.tidy();
    (smaller.to_string() != before).then_some(smaller)
}

#[derive(PartialEq)]
enum Changed {
    Yes,
    No,
}

type Body<'b> = dyn Fn(&str) -> Option<(Option<apollo_compiler::Name>, Vec<Selection>)> + 'b;

fn edit_in(
    selections: &mut Vec<Selection>,
    edit: Edit,
    left: &mut usize,
    body: &Body<'_>,
) -> Option<Changed> {
    for index in 0..selections.len() {
        if *left > 0 {
            *left -= 1;
            let below = edit_in(&mut selections[index].selections, edit, left, body);
            if below.is_some() {
                return below;
            }
            continue;
        }
        let selection = &mut selections[index];
        let changed = match (edit, &mut selection.what) {
            (Edit::Remove, _) => {
                selections.remove(index);
                true
            }
            (Edit::Open, What::Spread(name)) => {
                let (on, inside) = body(name)?;
                selection.what = What::Inline(on);
                selection.selections = inside;
                selection.is_composite = true;
                true
            }
            (Edit::Open, What::Inline(_)) => {
                let inside = std::mem::take(&mut selection.selections);
                selections.splice(index..=index, inside);
                true
            }
            (Edit::Uncondition, _) => {
                let had = !selection.conditions.is_empty();
                selection.conditions.clear();
                had
            }
            (Edit::Unalias, What::Field(alias, _, _)) => {
                let had = !alias.is_empty();
                alias.clear();
                had
            }
            _ => false,
        };
        return Some(if changed { Changed::Yes } else { Changed::No });
    }
    None
}
