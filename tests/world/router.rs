//! Graphway's own layers, from a client's operation to its data, over the world's subgraphs.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use graphway::executor::{self, Answer, CallError, Reply, Request, Subgraphs};
use graphway::operation::{self, ParserLimits};
use graphway::planner::{self, Plan};
use graphway::schema::{Labels, Supergraph};
use serde_json::{Map, Value, json};

use super::interpreter::interpret;
use super::trial::{Call, Router};

/// A supergraph, ready to plan, and who carries the plans out.
pub struct Graphway {
    supergraph: Arc<Supergraph>,
    on: Labels,
    by: By,
}

#[derive(Clone, Copy)]
pub enum By {
    Executor,
    Interpreter,
}

impl Graphway {
    /// `on`: the names of the override labels that are on.
    pub fn with_labels(sdl: &str, by: By, on: &[String]) -> Result<Self, String> {
        let supergraph = Supergraph::parse(sdl).map_err(|error| error.to_string())?;
        let label = |name: &String| {
            let label = supergraph.label_id(name);
            label.ok_or_else(|| format!("there is no label {name}"))
        };
        Ok(Graphway {
            on: on.iter().map(label).collect::<Result<_, _>>()?,
            supergraph: Arc::new(supergraph),
            by,
        })
    }

    pub fn plan(
        &self,
        text: &str,
        variables: &Value,
    ) -> Result<(Plan, Map<String, Value>), String> {
        let supergraph = &self.supergraph;
        let document = operation::prepare(supergraph, text, None, &ParserLimits::default())
            .map_err(|error| format!("prepare: {error}"))?;
        let variables = variables.as_object().cloned().unwrap_or_default();
        let variables = document
            .coerce(supergraph, variables)
            .map_err(|error| format!("variables: {error}"))?;
        let labels = document.labels().iter();
        let on = labels.filter(|label| self.on.contains(*label)).collect();
        let operation = document
            .fold(supergraph, &document.conditions(&variables).with_labels(on))
            .map_err(|error| format!("fold: {error}"))?;
        let plan =
            planner::plan(supergraph, &operation).map_err(|error| format!("plan: {error}"))?;
        Ok((plan, variables))
    }

    pub fn shown(&self, plan: &Plan) -> String {
        plan.display(&self.supergraph).to_string()
    }

    fn run(&self, plan: Plan, variables: &Map<String, Value>, call: Call<'_>) -> Value {
        let program = executor::compile(&self.supergraph, plan);
        let request = Request {
            variables,
            introspection: None,
            subgraphs: &Called {
                supergraph: &self.supergraph,
                call,
            },
        };
        let Reply::One(response) = now(executor::run(&program, request));
        let data: Value = serde_json::from_slice(response.data())
            .unwrap_or_else(|error| json!(format!("data is not JSON: {error}")));
        if response.errors.is_empty() {
            json!({ "data": data })
        } else {
            let errors: Vec<_> = response.errors.iter().map(|e| format!("{e:?}")).collect();
            json!({ "errors": errors, "data": data })
        }
    }
}

/// Ends a future whose calls all answer at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime
        .unwrap_or_else(|error| panic!("{error}"))
        .block_on(future)
}

impl Router for Graphway {
    fn answer(&self, operation: &str, variables: &Value, call: Call<'_>) -> Result<Value, String> {
        let (plan, variables) = self.plan(operation, variables)?;
        Ok(match self.by {
            By::Executor => self.run(plan, &variables, call),
            By::Interpreter => interpret(&self.supergraph, &plan, &variables, call),
        })
    }

    fn explain(&self, operation: &str, variables: &Value) -> String {
        match self.plan(operation, variables) {
            Ok((plan, _)) => self.shown(&plan),
            Err(error) => error,
        }
    }
}

/// The world's subgraphs as the executor calls them.
struct Called<'c> {
    supergraph: &'c Supergraph,
    call: Call<'c>,
}

impl Subgraphs for Called<'_> {
    fn call<'a>(
        &'a self,
        call: executor::Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + 'a>> {
        let name = &self.supergraph.subgraph(call.subgraph).name;
        let body = serde_json::from_slice(&call.body).unwrap_or_default();
        let answer = (self.call)(name, &body);
        Box::pin(ready(Ok(Answer {
            status: http::StatusCode::OK,
            headers: http::HeaderMap::new(),
            body: answer.to_string().into(),
            shared: None,
        })))
    }
}
