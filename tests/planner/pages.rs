//! Runs the pages under `tests/cases/plans`, `tests/cases/federation` and `tests/cases/explain`.
//!
//! A page has the subgraphs it is about (`graphql subgraph NAME`, their `@link` left out), or none for the sample's; or, for
//! what composition refuses, the types of a supergraph (`graphql supergraph`). Then come operations, each with its plans or
//! the explanations of them; before one its variables if conditions have some (`json variables`), and the labels of `@override`
//! that are on (`text labels`, one a line). `UPDATE=1` rewrites plans and explanations.
//! Those under `federation` are supergraphs of `tests/world` too, which carries their plans out.

use super::{compose, operation, plan_with};
use crate::kit::{self, Block, Page};
use graphway::{
    planner,
    schema::{Labels, Supergraph},
};
use serde_json::{Map, Value};
use std::{borrow::Cow, fs, path::Path};

#[test]
fn every_plan_is_as_its_page_says() {
    every_page_holds("tests/cases/plans");
    every_page_holds("tests/cases/federation");
}

#[test]
fn every_explanation_is_as_its_page_says() {
    every_page_holds("tests/cases/explain");
}

fn every_page_holds(directory: &str) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let entries = fs::read_dir(directory).unwrap();
    let mut pages: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
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
    let own = own.iter().map(|(name, sdl)| (name.as_str(), sdl.as_str()));
    let edited = blocks.iter().find(|block| block.kind == "supergraph");
    let sdl = match edited {
        Some(block) => Some(format!("{}{}", kit::JOIN, block.text)),
        None => (own.len() > 0).then(|| compose(own)),
    };
    let supergraph = sdl.map(|sdl| Supergraph::parse(&sdl).unwrap());
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
    let mut text = None;
    let mut variables = Map::new();
    let mut labels = Labels::default();
    let mut plans = 0;
    let texts = blocks
        .iter()
        .map(|block| {
            let kind = block.kind.split(' ').next().unwrap_or_default();
            match kind {
                "subgraph" | "supergraph" => {}
                "operation" => {
                    text = Some(&block.text);
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
                    let text = text.expect("an operation before its plan");
                    plans += 1;
                    return Cow::Owned(
                        match plan_with((supergraph, labels.clone()), text, variables.clone()) {
                            Ok(plan) => plan.display(supergraph).to_string(),
                            Err(error) => format!("{error}\n"),
                        },
                    );
                }
                "explanation" => {
                    let text = text.expect("an operation before its explanation");
                    plans += 1;
                    return Cow::Owned(explained(
                        (supergraph, labels.clone()),
                        text,
                        variables.clone(),
                    ));
                }
                other => panic!("a page of plans has no {other:?}"),
            }
            Cow::Borrowed(block.text.as_str())
        })
        .collect();
    assert!(plans > 0, "a page shows a plan");
    texts
}

/// The explanation of an operation's plan, or why there is no plan: a line for each reason.
fn explained(
    (supergraph, labels): (&Supergraph, Labels),
    text: &str,
    variables: Map<String, Value>,
) -> String {
    let operation = operation((supergraph, labels), text, variables).unwrap();
    match planner::explain(supergraph, &operation) {
        Ok((_, explanation)) => explanation.to_string(),
        Err(planner::Error::Unreachable {
            coordinate,
            path,
            tried,
        }) => {
            let lines = tried.iter().map(|tried| format!("  {tried}\n"));
            let lines: String = lines.collect();
            format!("{coordinate} at {path}\n{lines}")
        }
        Err(error) => format!("{error}\n"),
    }
}
