//! Answers `__schema` and `__type` from the API schema, without any subgraph.

use apollo_compiler::executable::Operation;
use apollo_compiler::introspection::{check_max_depth, partial_execute};
use apollo_compiler::request::RequestError;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use serde_json::{Map, Value};

/// Why an introspection is not answered. It is the whole request that fails then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntrospectionError {
    /// Lists of fields, types or interfaces nested too deep: the answer could grow without bounds.
    #[error("the introspection is nested too deep: {0}")]
    TooDeep(String),
    #[error("the introspection failed: {0}")]
    Failed(String),
}

/// The values of all introspection fields at the root of a query, by response key. `variables` are coerced.
pub fn introspect(
    api: &Valid<Schema>,
    document: &Valid<ExecutableDocument>,
    operation: &Operation,
    variables: &Map<String, Value>,
) -> Result<Map<String, Value>, IntrospectionError> {
    check_max_depth(document, operation)
        .map_err(|error| IntrospectionError::TooDeep(message(&error)))?;
    let variables = variables.iter().map(|(name, value)| (name.as_str(), value));
    let variables: JsonMap = variables
        .map(|(name, value)| (name.into(), value.clone().into()))
        .collect();
    let implementers = api.implementers_map();
    let response = partial_execute(
        api,
        &implementers,
        document,
        operation,
        &Valid::assume_valid(variables),
    )
    .map_err(|error| IntrospectionError::Failed(message(&error)))?;
    if let Some(error) = response.errors.first() {
        return Err(IntrospectionError::Failed(error.message.clone()));
    }
    let data = response.data.unwrap_or_default();
    match serde_json::to_value(data) {
        Ok(Value::Object(data)) => Ok(data),
        _ => Err(IntrospectionError::Failed(
            "the answer is not an object".to_owned(),
        )),
    }
}

fn message(error: &RequestError) -> String {
    error.message().to_string()
}
