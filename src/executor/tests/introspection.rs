//! `__schema` and `__type`.

use super::draft::{Draft, supergraph};
use super::fakes::{Fakes, text};
use crate::executor::{IntrospectionError, Reply, Request, introspect, run};
use apollo_compiler::ExecutableDocument;
use futures_util::FutureExt;
use serde_json::{Map, Value, json};
use std::sync::Arc;

fn introspection(query: &str, variables: Value) -> Result<Map<String, Value>, IntrospectionError> {
    let api = supergraph().api();
    let document = ExecutableDocument::parse_and_validate(api, query, "query.graphql").unwrap();
    let operation = document.operations.get(None).unwrap();
    introspect(api, &document, operation, variables.as_object().unwrap())
}

#[test]
fn the_api_schema_is_what_clients_learn() {
    let query = "query ($name: String!, $no: Boolean!) {
        role: __type(name: $name) { name enumValues { name } }
        draft: __type(name: \"Draft\") { name }
        skipped: __type(name: \"User\") @include(if: $no) { name }
        __schema { queryType { name } }
        count
    }";
    let answers = introspection(query, json!({"name": "Role", "no": false})).unwrap();
    assert_eq!(
        Value::Object(answers),
        json!({
            "role": {"name": "Role", "enumValues": [{"name": "ADMIN"}, {"name": "USER"}]},
            "draft": null,
            "__schema": {"queryType": {"name": "Query"}},
        })
    );
}

#[test]
fn deep_introspection_is_refused() {
    let query =
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    let error = introspection(query, json!({})).unwrap_err();
    assert!(matches!(error, IntrospectionError::TooDeep(_)), "{error}");
}

#[test]
fn answers_stand_where_the_client_wants_them() {
    let program = Draft::query()
        .root("a", &[], "{ count }")
        .output("{ s: __schema count t: __type }");
    let answers = introspection(
        "{ t: __type(name: \"User\") { name } s: __schema { queryType { name } } }",
        json!({}),
    );
    let fakes = Fakes::default().answer("a", r#"{"data":{"count":1}}"#);
    let request = Request {
        variables: &Map::new(),
        introspection: Some(&Arc::new(answers.unwrap())),
        subgraphs: &fakes,
    };
    let Reply::One(response) = run(&program, request).now_or_never().unwrap();
    assert_eq!(
        text(&response),
        r#"{"s":{"queryType":{"name":"Query"}},"count":1,"t":{"name":"User"}}"#
    );
}
