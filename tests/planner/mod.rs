//! Plans: as pages, by what holds for all of them, and for operations and supergraphs that are large.

mod costs;
mod pages;
mod properties;
mod sizes;

use crate::kit;
use graphway::{
    composition::{self, SubgraphSdl},
    operation,
    planner::{self, Plan},
    schema::{Labels, Supergraph},
};
use serde_json::{Map, Value};

/// The plan of an operation, or why there is none.
fn plan(
    supergraph: &Supergraph,
    text: &str,
    variables: Map<String, Value>,
) -> Result<Plan, String> {
    plan_with((supergraph, Labels::default()), text, variables)
}

/// The same while these labels of `@override` are on.
fn plan_with(
    (supergraph, labels): (&Supergraph, Labels),
    text: &str,
    variables: Map<String, Value>,
) -> Result<Plan, String> {
    let operation = operation((supergraph, labels), text, variables)?;
    planner::plan(supergraph, &operation).map_err(|error| error.to_string())
}

/// An operation under the conditions that variables and labels settle.
fn operation(
    (supergraph, labels): (&Supergraph, Labels),
    text: &str,
    variables: Map<String, Value>,
) -> Result<operation::Operation, String> {
    let document = kit::prepare(supergraph, text).map_err(said)?;
    let variables = document
        .coerce(supergraph, variables)
        .map_err(|error| error.to_string())?;
    let conditions = document.conditions(&variables).with_labels(labels);
    document
        .fold(supergraph, &conditions)
        .map_err(|error| error.to_string())
}

/// What is wrong with a document, one problem a line.
fn said(error: operation::Error) -> String {
    match error {
        operation::Error::Validation(all) => {
            let messages: Vec<String> = all.into_iter().map(|one| one.message).collect();
            messages.join("\n")
        }
        other => other.to_string(),
    }
}

/// The supergraph SDL of subgraphs, each a name and an SDL, without its `@link` if it is the usual one.
fn compose<'a>(subgraphs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let sdls: Vec<SubgraphSdl> = subgraphs
        .into_iter()
        .map(|(name, sdl)| SubgraphSdl {
            name: name.to_owned(),
            routing_url: format!("http://{name}.test/graphql"),
            sdl: kit::linked(sdl),
            origin: format!("{name}.graphql"),
        })
        .collect();
    match composition::compose(&sdls) {
        Ok(composed) => composed.supergraph,
        Err(errors) => {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("{}", errors.join("\n"))
        }
    }
}
