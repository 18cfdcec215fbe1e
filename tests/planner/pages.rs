//! Runs the pages under `tests/cases/plans` and `tests/cases/federation`.
//!
//! A page has the subgraphs it is about (`graphql subgraph NAME`, their `@link` left out), or none for the sample's. Then
//! come operations, each with its variables if its conditions have some, and its plan. `UPDATE=1` rewrites the plans. Those
//! under `federation` are supergraphs of `tests/world` too, which carries their plans out.

use super::{compose, plan};
use crate::kit::{self, Block, Page};
use graphway::schema::Supergraph;
use serde_json::{Map, Value};
use std::{borrow::Cow, fs, path::Path};

#[test]
fn every_page_holds() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut pages = Vec::new();
    for directory in ["plans", "federation"] {
        let entries = fs::read_dir(cases.join(directory)).unwrap();
        let before = pages.len();
        pages.extend(entries.map(|entry| entry.unwrap().path()));
        assert!(pages.len() > before + 10, "{directory} has no pages");
    }
    pages.sort();
    let broken: Vec<String> = pages.iter().filter_map(|page| check(page)).collect();
    assert!(
        broken.is_empty(),
        "{}\n(UPDATE=1 rewrites the pages)",
        broken.join("\n")
    );
}

/// What is wrong with one page.
fn check(path: &Path) -> Option<String> {
    let page = Page::read(path);
    let blocks = page.blocks();
    let own = kit::subgraphs(&blocks);
    let supergraph = match own.is_empty() {
        true => None,
        false => {
            let own = own.iter().map(|(name, sdl)| (name.as_str(), sdl.as_str()));
            Some(Supergraph::parse(&compose(own)).unwrap())
        }
    };
    let supergraph = supergraph.as_ref().unwrap_or_else(|| kit::sample());
    let happened = happened(supergraph, &blocks);
    let differs: Vec<&str> = blocks
        .iter()
        .zip(&happened)
        .filter(|(block, text)| block.text != **text)
        .map(|(_, text)| text.as_ref())
        .collect();
    if differs.is_empty() {
        return None;
    }
    if std::env::var_os("UPDATE").is_some() {
        let texts: Vec<String> = happened.iter().map(|text| text.to_string()).collect();
        page.write(&texts);
        return None;
    }
    Some(format!(
        "{} does not hold; it is planned like this:\n{}",
        path.display(),
        differs.join("\n")
    ))
}

/// The blocks as they should be: every plan as it is now.
fn happened<'a>(supergraph: &Supergraph, blocks: &'a [Block]) -> Vec<Cow<'a, str>> {
    let mut operation = None;
    let mut variables = Map::new();
    let mut plans = 0;
    let texts = blocks
        .iter()
        .map(|block| {
            let kind = block.kind.split(' ').next().unwrap_or_default();
            match kind {
                "subgraph" => {}
                "operation" => {
                    operation = Some(&block.text);
                    variables = Map::new();
                }
                "variables" => {
                    let given: Value = serde_json::from_str(&block.text).unwrap();
                    variables = given.as_object().unwrap().clone();
                }
                "plan" => {
                    let text = operation.expect("an operation before its plan");
                    plans += 1;
                    return Cow::Owned(match plan(supergraph, text, variables.clone()) {
                        Ok(plan) => plan.display(supergraph).to_string(),
                        Err(error) => format!("{error}\n"),
                    });
                }
                other => panic!("a page of plans has no {other:?}"),
            }
            Cow::Borrowed(block.text.as_str())
        })
        .collect();
    assert!(plans > 0, "a page shows a plan");
    texts
}
