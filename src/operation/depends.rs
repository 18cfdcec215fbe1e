//! What an operation's plan depends on beside its text: the variables of its conditions, and labels of `@override`.

use crate::schema::{Labels, Supergraph};
use apollo_compiler::{ExecutableDocument, Name, executable};
use indexmap::IndexSet;

/// The variables that `@skip` and `@include` in the operation use, sorted.
pub(super) fn condition_variables(
    document: &ExecutableDocument,
    operation: &executable::Operation,
) -> Vec<Name> {
    let mut found = IndexSet::new();
    each_selection(document, operation, |_, selection| {
        let directives = selection.directives();
        let conditions = ["skip", "include"];
        let conditions = conditions.iter().filter_map(|name| directives.get(name));
        found.extend(conditions.filter_map(|condition| {
            let value = condition.specified_argument_by_name("if")?;
            value.as_variable().cloned()
        }));
    });
    found.sort();
    found.into_iter().collect()
}

/// The labels that decide who resolves what the operation selects, or what joining that may need.
pub(super) fn labels(
    supergraph: &Supergraph,
    document: &ExecutableDocument,
    operation: &executable::Operation,
) -> Labels {
    let mut found = Labels::default();
    each_selection(document, operation, |set, selection| {
        let field = selection.as_field().and_then(|field| {
            let parent = supergraph.type_id(&set.ty)?;
            supergraph.field_of(parent, &field.name)
        });
        if let Some(field) = field {
            let behind = supergraph.labels_behind(field);
            behind.iter().for_each(|label| found.insert(label));
        }
    });
    found
}

/// Calls `visit` for every selection with the set it stands in; those of a fragment once, wherever it is spread.
pub(super) fn each_selection<'a>(
    document: &'a ExecutableDocument,
    operation: &'a executable::Operation,
    mut visit: impl FnMut(&'a executable::SelectionSet, &'a executable::Selection),
) {
    let mut entered = IndexSet::new();
    let mut pending = vec![&operation.selection_set];
    while let Some(set) = pending.pop() {
        for selection in &set.selections {
            visit(set, selection);
            match selection {
                executable::Selection::Field(field) => pending.push(&field.selection_set),
                executable::Selection::InlineFragment(fragment) => {
                    pending.push(&fragment.selection_set);
                }
                executable::Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = document.fragments.get(&spread.fragment_name)
                        && entered.insert(&fragment.name)
                    {
                        pending.push(&fragment.selection_set);
                    }
                }
            }
        }
    }
}
