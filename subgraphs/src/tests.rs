//! The door: names, exported schemas, the supergraph configuration.

use super::*;
use async_graphql::{Value, value};

/// The files are written by `cargo run -p subgraphs -- sdl NAME > supergraph/NAME.graphql`.
#[test]
fn exported_schemas_are_what_the_subgraphs_serve() {
    for (subgraph, file) in [
        (
            Subgraph::Users,
            include_str!("../../supergraph/users.graphql"),
        ),
        (
            Subgraph::Orders,
            include_str!("../../supergraph/orders.graphql"),
        ),
        (
            Subgraph::Products,
            include_str!("../../supergraph/products.graphql"),
        ),
    ] {
        let stale = subgraph.sdl() != file;
        assert!(
            !stale,
            "supergraph/{subgraph}.graphql is stale: export it again"
        );
    }
}

#[tokio::test]
async fn introspection_answers_the_exported_schema() {
    let query = "{ _service { sdl } }";
    let answer = |sdl: String| value!({ "_service": { "sdl": Value::from(sdl) } });
    let users = asking::data(&users::schema(), query).await;
    assert_eq!(users, answer(Subgraph::Users.sdl()));
    let orders = asking::data(&orders::schema(), query).await;
    assert_eq!(orders, answer(Subgraph::Orders.sdl()));
    let products = asking::data(&products::schema(), query).await;
    assert_eq!(products, answer(Subgraph::Products.sdl()));
}

/// What rover and the router read must name each subgraph with the port and file it really has.
#[test]
fn the_supergraph_configuration_names_each_subgraph() {
    let yaml = include_str!("../../supergraph/supergraph.yaml");
    for subgraph in Subgraph::ALL {
        let (name, port) = (subgraph.name(), subgraph.port());
        let entry = format!(
            "  {name}:\n    routing_url: http://127.0.0.1:{port}/graphql\n    schema:\n      file: ./{name}.graphql\n"
        );
        assert!(yaml.contains(&entry), "{name}");
    }
}

#[test]
fn names_are_read_as_they_are_written() {
    for subgraph in Subgraph::ALL {
        assert_eq!(subgraph.to_string().parse(), Ok(subgraph));
    }
    let error = "payments".parse::<Subgraph>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no subgraph payments; there are users, orders, products"
    );
}
