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

/// A supergraph over two subgraphs with the usual links.
const HEAD: &str = r#"
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION)
  @link(url: "https://specs.apollo.dev/inaccessible/v0.2", for: SECURITY) { query: Query }
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR
directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: Boolean, contextArguments: [join__ContextArgument!]) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT | INTERFACE
directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION
directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE
directive @inaccessible on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR | ENUM | ENUM_VALUE | INPUT_OBJECT | INPUT_FIELD_DEFINITION
enum link__Purpose { SECURITY EXECUTION }
scalar link__Import
input join__ContextArgument { name: String! type: String! context: String! selection: String! }
scalar join__FieldSet
enum join__Graph { A @join__graph(name: "a", url: "http://a.test") B @join__graph(name: "b", url: "http://b.test") }
"#;

/// A supergraph SDL with these types.
fn with(types: &str) -> String {
    format!("{HEAD}{types}")
}
