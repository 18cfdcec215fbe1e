//! Variable coercion (GraphQL spec section 6.1.2), by `apollo-compiler`.

use super::Error;
use apollo_compiler::{Schema, executable, request, response::JsonMap, validation::Valid};
use serde_json::{Map, Value};

/// Checks and completes a request's variables. Those the operation does not declare are dropped.
pub(super) fn coerce(
    schema: &Valid<Schema>,
    operation: &executable::Operation,
    mut variables: Map<String, Value>,
) -> Result<Map<String, Value>, Error> {
    variables.retain(|name, _| {
        operation
            .variables
            .iter()
            .any(|variable| variable.name == name.as_str())
    });
    let given: JsonMap = serde_json::from_value(Value::Object(variables)).map_err(internal)?;
    let coerced = request::coerce_variable_values(schema, operation, &given)
        .map_err(|error| Error::Variables(error.message().to_string()))?;
    match serde_json::to_value(coerced.into_inner()).map_err(internal)? {
        Value::Object(map) => Ok(map),
        _ => Ok(Map::new()),
    }
}

fn internal(error: serde_json::Error) -> Error {
    Error::Variables(format!("variables cannot be read: {error}"))
}
