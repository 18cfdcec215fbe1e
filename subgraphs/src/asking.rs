//! For tests: one question to a schema, and its answer.

use async_graphql::{Executor, Response, Value};

/// The data of an operation that must succeed.
pub(crate) async fn data(schema: &impl Executor, query: &str) -> Value {
    json(schema.execute(query.into()).await)
}

/// The data of a response without errors, as JSON has it: enum values are strings.
pub(crate) fn json(response: Response) -> Value {
    assert!(response.errors.is_empty(), "{:?}", response.errors);
    Value::from_json(response.data.into_json().unwrap()).unwrap()
}

/// The messages and codes of an operation that must fail.
pub(crate) async fn errors(schema: &impl Executor, query: &str) -> Vec<(String, Option<Value>)> {
    let response = schema.execute(query.into()).await;
    let errors = response.errors.into_iter().map(|error| {
        let code = error
            .extensions
            .as_ref()
            .and_then(|extensions| extensions.get("code").cloned());
        (error.message, code)
    });
    errors.collect()
}

/// The refusal with this message and code, as `errors` reports it.
pub(crate) fn refused(message: &str, code: &str) -> Vec<(String, Option<Value>)> {
    vec![(message.to_owned(), Some(Value::from(code)))]
}
