//! The house rules, checked on the source text: the order of the layers, their doors, sizes, names, comments.
//!
//! Nothing here runs the project; what a rule needs is read from the files. Each rule is a function from sources to
//! breaches, and each is shown, beside it, a text that breaks it. `docs/architecture.md` says what the rules are for.

mod budgets;
mod cut;
mod cycles;
mod habits;
mod layers;
mod library;
mod map;
mod ratchet;
mod references;
mod source;
mod tokens;

use library::Library;
use source::{Breach, top, tree};

/// Fails with every breach, one a line.
fn none(breaches: Vec<Breach>) {
    let told: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "\n{}\n", told.join("\n"));
}

#[test]
fn layers_import_only_what_the_map_allows() {
    none(layers::order(
        &Library::new(tree()),
        &map::map(&map::page()),
    ));
}

#[test]
fn the_map_has_every_layer_in_its_order() {
    let map = map::map(&map::page());
    let names = [
        "schema",
        "operation",
        "planner",
        "executor",
        "gateway",
        "server",
        "cli",
    ];
    for (index, name) in names.iter().enumerate() {
        for above in &names[index + 1..] {
            assert!(
                !map::allows(&map[*name], above, "Item"),
                "{name} may import {above}"
            );
        }
    }
    assert!(map["schema"].is_empty() && map["upstream"].is_empty());
}

#[test]
fn layers_are_entered_by_their_doors() {
    none(layers::doors(&Library::new(tree())));
}

#[test]
fn pure_layers_stay_pure_and_reserved_crates_in_their_layer() {
    none(layers::crates(&Library::new(tree())));
}

#[test]
fn pure_layers_can_be_cut_into_a_crate() {
    none(cut::cut(&Library::new(tree())));
}

#[test]
fn sizes_and_cycles_keep_within_their_budgets() {
    let sources = tree();
    let mut over = budgets::over(sources);
    over.extend(cycles::over(&Library::new(sources)));
    let list = std::fs::read_to_string(top().join(ratchet::FILE)).expect("tests/tidy/ratchet.txt");
    none(ratchet::turn(&over, &list));
}

#[test]
fn every_file_says_what_it_is() {
    none(habits::openings(tree()));
}

#[test]
fn what_doors_show_has_a_comment() {
    none(habits::comments(&Library::new(tree())));
}

#[test]
fn doors_name_what_they_show() {
    none(habits::globs(tree()));
}

#[test]
fn names_say_something() {
    none(habits::names(tree()));
}

#[test]
fn tests_neither_sleep_nor_are_skipped() {
    none(habits::tests(tree()));
}

#[test]
fn the_architecture_page_mentions_every_place() {
    let (page, places) = (map::page(), map::places());
    assert!(places.len() > 5, "the places were not found: {places:?}");
    none(map::missing(&page, places.iter().map(String::as_str)));
}

#[test]
fn the_architecture_page_says_why_each_dependency_is_there() {
    let manifest = |path| std::fs::read_to_string(top().join(path)).expect("a manifest");
    let (ours, samples) = (manifest("Cargo.toml"), manifest("subgraphs/Cargo.toml"));
    let crates = [map::dependencies(&ours), map::dependencies(&samples)].concat();
    assert!(
        crates.contains(&"tokio"),
        "the dependencies were not found: {crates:?}"
    );
    none(map::missing(&map::page(), crates));
}
