//! Graphway's own layers, from a client's operation to its data, over the world's subgraphs.

use graphway::operation::{self, ParserLimits};
use graphway::planner::{self, Plan};
use graphway::schema::Supergraph;
use serde_json::{Map, Value};

use super::interpreter::interpret;
use super::trial::{Call, Router};

/// A supergraph, ready to plan.
pub struct Graphway(Supergraph);

impl Graphway {
    pub fn new(sdl: &str) -> Result<Self, String> {
        let supergraph = Supergraph::parse(sdl).map_err(|error| error.to_string())?;
        Ok(Graphway(supergraph))
    }

    fn planned(
        &self,
        text: &str,
        variables: &Value,
    ) -> Result<(Plan, Map<String, Value>), String> {
        let Graphway(supergraph) = self;
        let limits = ParserLimits::default();
        let document = operation::prepare(supergraph, text, None, &limits)
            .map_err(|error| format!("prepare: {error}"))?;
        let variables = variables.as_object().cloned().unwrap_or_default();
        let variables = document
            .coerce(supergraph, variables)
            .map_err(|error| format!("variables: {error}"))?;
        let operation = document
            .fold(supergraph, &document.conditions(&variables))
            .map_err(|error| format!("fold: {error}"))?;
        let plan = planner::plan(supergraph, &operation)
            .map_err(|error| format!("plan: {error}"))?;
        Ok((plan, variables))
    }
}

/// Graphway's plans, carried out by the interpreter.
pub struct Interpreted(pub Graphway);

impl Router for Interpreted {
    fn answer(&self, operation: &str, variables: &Value, call: Call<'_>) -> Result<Value, String> {
        let (plan, variables) = self.0.planned(operation, variables)?;
        Ok(interpret(&self.0.0, &plan, &variables, call))
    }

    fn explain(&self, operation: &str, variables: &Value) -> String {
        match self.0.planned(operation, variables) {
            Ok((plan, _)) if std::env::var("DBG").is_ok() => format!("{:#?}", plan),
            Ok((plan, _)) => plan.display(&self.0.0).to_string(),
            Err(error) => error,
        }
    }
}
