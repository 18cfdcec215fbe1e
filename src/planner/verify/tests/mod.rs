//! Every check can fail: a good plan, broken by hand, and what is said of it.

mod fetches;
mod reading;
mod results;

use crate::operation::{Operation, ParserLimits, prepare};
use crate::planner::plan::{Entities, Fetch, FetchKind, Plan, Read, ReadField, Target};
use crate::schema::Supergraph;
use serde_json::Map;
use std::sync::LazyLock;

/// The sample's supergraph.
static SHOP: LazyLock<Supergraph> = LazyLock::new(|| {
    let sdl = include_str!("../../../../supergraph/supergraph.graphql");
    Supergraph::parse(sdl).unwrap()
});

/// What the sample has no example of.
static ODD: LazyLock<Supergraph> =
    LazyLock::new(|| Supergraph::parse(include_str!("supergraph.graphql")).unwrap());

/// What is said of the plan of `text` when `edit` has broken it.
fn broken(supergraph: &Supergraph, text: &str, edit: impl FnOnce(&mut Plan)) -> String {
    let operation = operation(supergraph, text);
    let mut plan = crate::planner::plan(supergraph, &operation).unwrap();
    edit(&mut plan);
    match super::verify(supergraph, &operation, &plan) {
        Ok(()) => panic!("nothing is wrong with\n{}", plan.display(supergraph)),
        Err(wrong) => wrong.lines().next().unwrap().to_owned(),
    }
}

fn operation(supergraph: &Supergraph, text: &str) -> Operation {
    let document = prepare(supergraph, text, None, &ParserLimits::default()).unwrap();
    let conditions = document.conditions(&Map::new());
    document.fold(supergraph, &conditions).unwrap()
}

/// Replaces a part of a fetch's document.
fn rewrite(fetch: &mut Fetch, from: &str, to: &str) {
    assert!(fetch.document.contains(from), "{}", fetch.document);
    fetch.document = fetch.document.replacen(from, to, 1).into();
}

fn entities(fetch: &mut Fetch) -> &mut Entities {
    match &mut fetch.kind {
        FetchKind::Entities(all) => &mut all[0],
        FetchKind::Root { .. } => panic!("a fetch of root fields"),
    }
}

fn target(fetch: &mut Fetch) -> &mut Target {
    &mut entities(fetch).targets[0]
}

fn read(fetch: &mut Fetch) -> &mut Read {
    match &mut fetch.kind {
        FetchKind::Root { read, .. } => read,
        FetchKind::Entities(all) => &mut all[0].targets[0].read,
    }
}

/// How a fetch reads the objects of its first field.
fn inner(fetch: &mut Fetch) -> &mut Read {
    read(fetch).fields[0].read.as_mut().unwrap()
}

/// The field of this key.
fn field<'r>(read: &'r mut Read, key: &str) -> &'r mut ReadField {
    let mut fields = read.fields.iter_mut();
    fields.find(|field| field.key == key).unwrap()
}
