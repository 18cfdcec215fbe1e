//! Routes that a GraphQL operation over the supergraph answers: `graphql` in place of `to`.
//!
//! An [`Operation`] is checked whole when a snapshot is made: its document, where each variable comes from, what becomes of
//! its data. `gateway::handle` then takes a request through the same stages as one to `/graphql`; what is particular to a
//! route is how it is read into variables ([`parameters`]) and how data become a response ([`encode`]).

mod answer;
mod config;
mod dotted;
mod encode;
mod parameters;
mod query;
mod shape;
mod text;

pub(super) use answer::{Answer, Kind, Members};
pub(super) use config::Config;
pub(super) use config::Source;
pub(super) use parameters::Asked;
pub(super) use parameters::Binding;

use crate::{
    executor,
    gateway::{
        Body, Refusal, documents::Documents, limits::Limits, misfit::Misfit, prepared::Prepared,
    },
    operation::{Conditions, Document, Error, OperationKind},
};
use apollo_compiler::executable;
use config::OnError;
use encode::Encoding;
use http::{Method, Response, StatusCode};
use parameters::Parameters;
use serde_json::{Map, Value};
use std::sync::Arc;
use text::Reader;

/// The operation that answers a route.
pub(in crate::gateway) struct Operation {
    prepared: Arc<Prepared>,
    parameters: Parameters,
    encoding: Encoding,
    /// What the response holds.
    answer: Answer,
    description: Option<String>,
}

/// The route that an operation answers, as far as it matters.
pub(super) struct Site<'a> {
    pub(super) methods: Vec<&'a Method>,
    /// The named parts of its path.
    pub(super) captures: Vec<&'a str>,
}

/// The methods of routes that change something.
const UNSAFE: [Method; 4] = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// The methods whose bodies mean something.
const WITH_BODY: [Method; 3] = [Method::POST, Method::PUT, Method::PATCH];
/// Of how many condition variables every combination is planned beforehand.
const CONDITIONS_PLANNED_MAX: usize = 5;

impl Operation {
    /// Prepares and checks an operation, and plans it.
    pub(super) fn new(
        config: &Config,
        site: &Site<'_>,
        documents: &Documents,
        limits: &Limits,
    ) -> Result<Self, Misfit> {
        let document_at = match config.file {
            Some(_) => "file",
            None => "operation",
        };
        let in_document = |message: String| fault(&[document_at], message);
        let text = config.operation.as_deref().unwrap_or_default();
        let prepared = documents
            .own(text, config.operation_name.as_deref())
            .map_err(|error| in_document(told(&error)))?;
        let document = prepared.document();
        if document.has_introspection() {
            return Err(in_document(
                "`__schema` and `__type` are not answered by routes".to_owned(),
            ));
        }
        limits.check(document.measures()).map_err(|refusal| {
            let problem = refusal.problems.into_iter().next();
            in_document(problem.map_or_else(String::new, |problem| problem.message))
        })?;
        check_methods(document.kind(), site)?;
        let supergraph = documents.supergraph();
        let parameters = bind(config, site, (documents, document))?;
        let (executable, operation) = document.executable();
        let data = Answer::of(supergraph, executable, &operation.selection_set);
        check_not_found(config, &data)?;
        let answer = shaped(config, data)?;
        plan(documents, &prepared).map_err(in_document)?;
        Ok(Self {
            parameters,
            encoding: Encoding {
                shape: config.result.clone(),
                status: status(config.status.0),
                on_error: config.on_error,
                statuses: config
                    .statuses
                    .iter()
                    .map(|(code, failure)| (code.clone(), status(failure.0)))
                    .collect(),
                not_found_when_null: config.not_found_when_null.clone(),
            },
            answer,
            description: config.description.clone(),
            prepared,
        })
    }

    /// The document, prepared.
    pub(in crate::gateway) fn prepared(&self) -> &Arc<Prepared> {
        &self.prepared
    }

    /// Whether variables come from a body.
    pub(in crate::gateway) fn needs_body(&self) -> bool {
        self.parameters.need_body()
    }

    /// The variables that a request gives; not coerced.
    pub(super) fn variables(&self, asked: &Asked<'_>) -> Result<Map<String, Value>, Refusal> {
        self.parameters.read(asked)
    }

    /// The response. `shown` is what the client may see of the errors, a JSON list.
    pub(in crate::gateway) fn respond(
        &self,
        answer: &executor::Response,
        shown: &[u8],
    ) -> Response<Body> {
        self.encoding.respond(answer, shown)
    }
}

/// What OpenAPI tells.
impl Operation {
    pub(super) fn bindings(&self) -> &[Binding] {
        self.parameters.bindings()
    }

    /// The declaration of a variable.
    pub(super) fn declaration(&self, variable: &str) -> Option<&executable::VariableDefinition> {
        let (_, operation) = self.prepared.document().executable();
        let mut declared = operation.variables.iter();
        let found = declared.find(|declared| declared.name == variable);
        found.map(AsRef::as_ref)
    }

    pub(super) fn answer(&self) -> &Answer {
        &self.answer
    }

    pub(super) fn status(&self) -> StatusCode {
        self.encoding.status
    }

    /// Whether errors stand beside data.
    pub(super) fn is_partial(&self) -> bool {
        self.encoding.on_error == OnError::Partial
    }

    pub(super) fn may_be_not_found(&self) -> bool {
        self.encoding.not_found_when_null.is_some()
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.prepared.document().name()
    }

    pub(super) fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Operation").field(&self.name()).finish()
    }
}

/// Something wrong below `graphql`.
fn fault(at: &[&str], message: impl Into<String>) -> Misfit {
    Misfit::new(at, message).below(&["graphql"])
}

/// What is wrong with a document, each with its place there.
fn told(error: &Error) -> String {
    const LISTED_MAX: usize = 3;
    let (Error::Syntax(diagnostics) | Error::Validation(diagnostics)) = error else {
        return error.to_string();
    };
    let listed = diagnostics.iter().take(LISTED_MAX);
    let listed = listed.map(|diagnostic| match diagnostic.location {
        Some((line, column)) => format!("line {line}, column {column}: {}", diagnostic.message),
        None => diagnostic.message.clone(),
    });
    let mut listed: Vec<String> = listed.collect();
    match diagnostics.len().saturating_sub(LISTED_MAX) {
        0 if listed.is_empty() => return error.to_string(),
        0 => {}
        more => listed.push(format!("{more} more")),
    }
    listed.join("; ")
}

/// A mutation must not be had by a method that promises to change nothing (RFC 9110 section 9.2.1).
fn check_methods(kind: OperationKind, site: &Site<'_>) -> Result<(), Misfit> {
    if kind != OperationKind::Mutation {
        return Ok(());
    }
    match site.methods.iter().all(|method| UNSAFE.contains(method)) {
        true => Ok(()),
        false => Err(Misfit::new(
            &["match", "methods"],
            "a mutation is for POST, PUT, PATCH and DELETE alone, and `methods` must say which",
        )),
    }
}

/// Where each variable comes from.
fn bind(
    config: &Config,
    site: &Site<'_>,
    (documents, document): (&Documents, &Document),
) -> Result<Parameters, Misfit> {
    let (_, operation) = document.executable();
    let is_declared = |name: &str| operation.variables.iter().any(|known| known.name == name);
    if let Some(name) = config.variables.keys().find(|name| !is_declared(name)) {
        let message = format!("the operation has no variable `${name}`");
        return Err(fault(&["variables", name], message));
    }
    let schema = documents.supergraph().api();
    let bindings = operation.variables.iter().map(|declared| {
        let name = declared.name.as_str();
        let source = config.variables.get(name).cloned();
        let source = source.unwrap_or_else(|| match site.captures.contains(&name) {
            true => Source::Path(name.to_owned()),
            false => Source::Query(name.to_owned()),
        });
        let binding = Binding {
            variable: name.to_owned(),
            reader: Reader::of(schema, &declared.ty),
            required: declared.ty.is_non_null() && declared.default_value.is_none(),
            source,
        };
        check_source(&binding, site, (documents, document))?;
        Ok(binding)
    });
    Ok(Parameters {
        bindings: bindings.collect::<Result<_, _>>()?,
        strict: config.strict,
    })
}

/// Whether anything can ever come from where a variable comes from.
fn check_source(
    binding: &Binding,
    site: &Site<'_>,
    (documents, document): (&Documents, &Document),
) -> Result<(), Misfit> {
    let at = ["variables", binding.variable.as_str()];
    match &binding.source {
        Source::Path(name) if !site.captures.contains(&name.as_str()) => {
            let message = format!("`match.path` has no part `{{{name}}}`");
            Err(fault(&at, message))
        }
        Source::Body(_) => {
            if site.methods.iter().all(|method| WITH_BODY.contains(method)) {
                return Ok(());
            }
            let message =
                "a body comes with POST, PUT and PATCH alone, and `match.methods` must say so";
            Err(fault(&at, message))
        }
        Source::Value(value) => {
            let given = binding
                .constant(value)
                .map_err(|message| fault(&at, message))?;
            let accepted = document.accepts(documents.supergraph(), &binding.variable, given);
            accepted.map_err(|error| fault(&at, error.to_string()))
        }
        _ => Ok(()),
    }
}

fn check_not_found(config: &Config, data: &Answer) -> Result<(), Misfit> {
    let Some(place) = &config.not_found_when_null else {
        return Ok(());
    };
    let message = match data.at(place) {
        None => format!("the operation answers nothing at `{place}`"),
        Some(found) if !found.nullable => format!("`{place}` is never null"),
        Some(_) if data.has_list_before(place) => format!("`{place}` is in a list"),
        Some(_) => return Ok(()),
    };
    Err(fault(&["not_found_when_null"], message))
}

/// What the response holds.
fn shaped(config: &Config, data: Answer) -> Result<Answer, Misfit> {
    let answer = match &config.result {
        None => data,
        Some(shape) => data.shaped(shape).map_err(|(names, place)| {
            let at: Vec<&str> = std::iter::once("result")
                .chain(names.iter().map(String::as_str))
                .collect();
            fault(&at, format!("the operation answers nothing at `{place}`"))
        })?,
    };
    if config.on_error == OnError::Partial && !answer.takes_errors() {
        let message =
            "the result must be an object without a member `errors`, for that is where errors go";
        return Err(fault(&["on_error"], message));
    }
    Ok(answer)
}

/// Plans what can be planned before anybody asks: no label of `@override` is on, and of conditions every combination.
fn plan(documents: &Documents, prepared: &Prepared) -> Result<(), String> {
    let variables = prepared.document().condition_variables().len();
    for combination in 0..1_usize << variables.min(CONDITIONS_PLANNED_MAX) {
        let is_on = |index: usize| index < CONDITIONS_PLANNED_MAX && combination >> index & 1 == 1;
        let conditions = Conditions::new((0..variables).map(is_on).collect());
        let planned = documents.plan_own(prepared, conditions);
        planned.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// A status that the configuration has checked.
fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
