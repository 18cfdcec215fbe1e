//! The pages under `tests/cases` that are whole exchanges with a router.

use crate::kit;
use std::{
    fs,
    path::{Path, PathBuf},
};

fn pages(area: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(area);
    let entries = fs::read_dir(directory).unwrap();
    let mut pages: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    assert!(!pages.is_empty(), "{area} has no pages");
    pages
}

fn play_all(area: &str) {
    let failures: Vec<String> = pages(area)
        .iter()
        .filter_map(|page| kit::play(page).err())
        .collect();
    assert!(
        failures.is_empty(),
        "{}\n(UPDATE=1 rewrites the pages)",
        failures.join("\n\n")
    );
}

/// GraphQL over HTTP: methods, media types, parameters.
#[test]
fn http() {
    play_all("http");
}

/// Tokens: who is let in, and what subgraphs learn of them.
#[test]
fn authentication() {
    play_all("authentication");
}

/// Policies that look at arguments, or that another service decides.
#[test]
fn authorization() {
    play_all("authorization");
}

/// Which sites may read answers.
#[test]
fn cors() {
    play_all("cors");
}

/// Documents and variables that are refused.
#[test]
fn documents() {
    play_all("documents");
}

/// Operations that cost too much.
#[test]
fn demand_control() {
    play_all("demand_control");
}

/// What goes to subgraphs.
#[test]
fn headers() {
    play_all("headers");
}

/// Fields that move from one subgraph to another.
#[test]
fn override_labels() {
    play_all("override_labels");
}

/// Plans beside answers.
#[test]
fn expose() {
    play_all("expose");
}

/// Subgraphs that fail.
#[test]
fn subgraph_errors() {
    play_all("subgraph_errors");
}

/// Identical requests that come together.
#[test]
fn deduplication() {
    play_all("deduplication");
}

/// REST routes.
#[test]
fn rest() {
    play_all("rest");
}

/// Who comes in, by keys, tokens, groups and addresses.
#[test]
fn policies() {
    play_all("policies");
}
