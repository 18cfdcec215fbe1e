//! Runs the pages under `tests/cases/plans`.
//!
//! A page has the subgraphs it is about (`graphql subgraph NAME`, their `@link` left out), or none for the sample's. Then
//! come operations, each with its plans; before a plan its variables if conditions have some (`json variables`), and the labels
//! of `@override` that are on (`text labels`, one a line). `UPDATE=1` rewrites the plans.

use super::{compose, plan_with};
use crate::kit::{self, Block, Page};
use graphway::schema::{Labels, Supergraph};
use serde_json::{Map, Value};
use std::{borrow::Cow, fs, path::Path};

#[test]
fn every_page_holds() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plans");
    let entries = fs::read_dir(directory).unwrap();
    let mut pages: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    assert!(pages.len() > 10, "the pages are not where they should be");
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
    let own: Vec<(&str, &str)> = blocks
        .iter()
        .filter_map(|block| Some((block.kind.strip_prefix("subgraph ")?, block.text.as_str())))
        .collect();
    let supergraph = match own.is_empty() {
        true => None,
        false => Some(Supergraph::parse(&compose(own)).unwrap()),
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
    let mut labels = Labels::default();
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
                    labels = Labels::default();
                }
                "labels" => {
                    let on = block.text.lines();
                    let on = on.map(|label| supergraph.label_id(label).unwrap());
                    labels = on.collect();
                }
                "variables" => {
                    let given: Value = serde_json::from_str(&block.text).unwrap();
                    variables = given.as_object().unwrap().clone();
                }
                "plan" => {
                    let text = operation.expect("an operation before its plan");
                    plans += 1;
                    return Cow::Owned(
                        match plan_with((supergraph, labels.clone()), text, variables.clone()) {
                            Ok(plan) => plan.display(supergraph).to_string(),
                            Err(error) => format!("{error}\n"),
                        },
                    );
                }
                other => panic!("a page of plans has no {other:?}"),
            }
            Cow::Borrowed(block.text.as_str())
        })
        .collect();
    assert!(plans > 0, "a page shows a plan");
    texts
}
