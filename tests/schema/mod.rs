//! Supergraph SDLs: what is read of them, what is refused, what clients see.

mod annotations;
mod api;
mod big;
mod labels;
mod lies;
mod links;
mod refused;
mod versions;

use crate::kit;
use graphway::{planner, schema::Supergraph};

/// The plan of an operation as text.
fn plan(supergraph: &Supergraph, text: &str) -> String {
    let document = kit::prepare(supergraph, text).unwrap();
    let operation = document
        .fold(supergraph, &document.conditions(&Default::default()))
        .unwrap();
    let plan = planner::plan(supergraph, &operation).unwrap();
    plan.display(supergraph).to_string()
}

/// Two subgraphs.
const GRAPHS: &str = r#"
enum join__Graph { A @join__graph(name: "a", url: "http://a.test") B @join__graph(name: "b", url: "http://b.test") }
"#;

/// The SDL of a supergraph over them with these types.
fn with(types: &str) -> String {
    format!("{}{GRAPHS}{types}", kit::JOIN)
}

/// The same with one more link.
fn linked(link: &str, types: &str) -> String {
    with(types).replacen("{ query: Query }", &format!("{link} {{ query: Query }}"), 1)
}
