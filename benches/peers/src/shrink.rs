//! Cuts an operation back to what still shows something.

use crate::document::{Document, Selection, What};
use anyhow::Result;

/// The smallest operation found, by leaving out one selection after another, that `still` holds for.
pub fn shrink(
    mut document: Document,
    mut still: impl FnMut(&Document) -> Result<bool>,
) -> Result<Document> {
    loop {
        let (mut at, before) = (0, document.clone());
        while at < document.size() {
            let mut smaller = None;
            for candidate in candidates(&document, at) {
                if still(&candidate)? {
                    smaller = Some(candidate);
                    break;
                }
            }
            match smaller {
                Some(smaller) => document = smaller,
                None => at += 1,
            }
        }
        // What could not go before the rest went may go now.
        if document == before {
            return Ok(document);
        }
    }
}

/// The document without its selection number `at` in document order; with its selections in its place; and without its
/// arguments and alias.
fn candidates(document: &Document, at: usize) -> Vec<Document> {
    let replacements: [fn(Selection) -> Vec<Selection>; 3] = [
        |_| Vec::new(),
        |selection| selection.selections,
        |selection| vec![plain(selection)],
    ];
    let mut found = Vec::new();
    for replace in replacements {
        let mut left = at;
        let mut changed = document.clone();
        edit(&mut changed.selections, &mut left, replace);
        if changed != *document && !changed.selections.is_empty() && !found.contains(&changed) {
            found.push(changed);
        }
    }
    found
}

/// Replaces the selection that is `left` further on. Whether it was found.
fn edit(
    selections: &mut Vec<Selection>,
    left: &mut usize,
    replace: fn(Selection) -> Vec<Selection>,
) -> bool {
    for index in 0..selections.len() {
        if *left == 0 {
            let old = selections.remove(index);
            selections.splice(index..index, replace(old));
            return true;
        }
        *left -= 1;
        let below = &mut selections[index].selections;
        let had = !below.is_empty();
        if edit(below, left, replace) {
            // Nothing below is left of it: then it goes too.
            if had && below.is_empty() {
                selections.remove(index);
            }
            return true;
        }
    }
    false
}

fn plain(mut selection: Selection) -> Selection {
    if let What::Field {
        alias, arguments, ..
    } = &mut selection.what
    {
        *alias = None;
        arguments.clear();
    }
    selection
}
