//! Plans: as pages, by what holds for all of them, and for operations and supergraphs that are large.

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

/// The head of a supergraph that composition did not make. What follows lists the subgraphs, too.
const HEAD: &str = r#"
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.4", for: EXECUTION) {
  query: Query
}
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION
directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, external: Boolean, override: String, usedOverridden: Boolean, overrideLabel: String) repeatable on FIELD_DEFINITION
directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT
enum link__Purpose { SECURITY EXECUTION }
scalar link__Import
scalar join__FieldSet
"#;

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
