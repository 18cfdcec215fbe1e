//! The OpenAPI document of the routes that operations answer (<https://spec.openapis.org/oas/v3.1.1.html>).
//!
//! It is made once for a snapshot, out of what the routes know of themselves: parameters by the variables they feed,
//! answers by selections and schema. The same configuration and supergraph give the same text.

mod config;
mod input;
mod output;
mod schemas;

pub use config::Config;

use super::operation::{Operation, Source};
use crate::{
    gateway::{Body, Refusal},
    schema::Supergraph,
};
use bytes::Bytes;
use http::{HeaderValue, Method, Response, header};
use schemas::Schemas;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// A route as the document tells it.
pub(super) struct Described<'a> {
    /// With `{name}` for what it captures.
    pub(super) path: String,
    pub(super) captures: Vec<&'a str>,
    pub(super) methods: Vec<&'a Method>,
    pub(super) operation: &'a Operation,
}

/// The document, and where it is.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Page {
    path: String,
    content: Bytes,
}

/// The methods that OpenAPI has a place for, and routes may have.
const METHODS: [Method; 6] = [
    Method::GET,
    Method::PUT,
    Method::POST,
    Method::DELETE,
    Method::OPTIONS,
    Method::PATCH,
];

impl Page {
    /// The document of these routes. None: it is not wanted.
    pub(super) fn new(
        config: &Config,
        routes: &[Described<'_>],
        supergraph: &Supergraph,
    ) -> Option<Self> {
        config.enabled.then(|| Self {
            path: config.path.as_str().to_owned(),
            content: document(config, routes, supergraph).to_string().into(),
        })
    }

    /// Where it is.
    pub(in crate::gateway) fn path(&self) -> &str {
        &self.path
    }

    /// The document.
    pub(in crate::gateway) fn answer(&self, method: &Method) -> Result<Response<Body>, Refusal> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return Err(Refusal::method("GET, HEAD", "The document is only read"));
        }
        let mut response = Response::new(Body::full(self.content.clone()));
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        Ok(response)
    }
}

fn document(config: &Config, routes: &[Described<'_>], supergraph: &Supergraph) -> Value {
    let mut writer = Writer {
        schemas: Schemas::new(supergraph.api()),
        ids: HashSet::new(),
    };
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let item = paths.entry(&route.path).or_insert_with(|| json!({}));
        for method in METHODS
            .iter()
            .filter(|method| route.methods.contains(method))
        {
            // Of two routes for the same requests, the first is taken.
            let key = method.as_str().to_ascii_lowercase();
            if item.get(&key).is_none() {
                item[key] = writer.operation(route, method);
            }
        }
    }
    let mut document = Map::new();
    document.insert("openapi".to_owned(), "3.1.0".into());
    document.insert("info".to_owned(), config.about());
    if !config.servers.is_empty() {
        let servers = config.servers.iter().map(|url| json!({ "url": url }));
        document.insert("servers".to_owned(), servers.collect());
    }
    document.insert("paths".to_owned(), Value::Object(paths));
    let problem = json!({
        "description": "What went wrong (RFC 9457).",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    let components = json!({
        "schemas": writer.schemas.finish(),
        "responses": { "Problem": problem },
    });
    document.insert("components".to_owned(), components);
    Value::Object(document)
}

struct Writer<'a> {
    schemas: Schemas<'a>,
    /// The ids of operations so far.
    ids: HashSet<String>,
}

impl Writer<'_> {
    fn operation(&mut self, route: &Described<'_>, method: &Method) -> Value {
        let mut item = Map::new();
        let operation = route.operation;
        if let Some(name) = operation.name() {
            item.insert("operationId".to_owned(), self.id(name).into());
        }
        if let Some(description) = operation.description() {
            item.insert("description".to_owned(), description.into());
        }
        let parameters = input::parameters(&self.schemas, route);
        let takes_parameters = !parameters.is_empty();
        if takes_parameters {
            item.insert("parameters".to_owned(), Value::Array(parameters));
        }
        let takes_body = |source: &Source| matches!(source, Source::Body(_));
        let mut sources = operation.bindings().iter().map(|binding| &binding.source);
        let has_body = sources.any(takes_body) && *method != Method::GET;
        if has_body {
            let body = input::body(&mut self.schemas, operation);
            item.insert("requestBody".to_owned(), body);
        }
        let responses = self.responses(operation, takes_parameters || has_body);
        item.insert("responses".to_owned(), responses);
        Value::Object(item)
    }

    /// Ids must differ, names need not.
    fn id(&mut self, name: &str) -> String {
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let mut ids = std::iter::once(name.to_owned()).chain(numbered);
        let id = ids.find(|id| !self.ids.contains(id)).unwrap_or_default();
        self.ids.insert(id.clone());
        id
    }

    fn responses(&mut self, operation: &Operation, takes_input: bool) -> Value {
        let status = operation.status();
        let reason = status.canonical_reason().unwrap_or_default();
        let mut success = json!({ "description": reason });
        if status != http::StatusCode::NO_CONTENT {
            let schema = output::schema(&mut self.schemas, operation);
            success["content"] = json!({ "application/json": { "schema": schema } });
        }
        let mut responses = Map::new();
        responses.insert(status.as_str().to_owned(), success);
        let problem = json!({ "$ref": "#/components/responses/Problem" });
        if takes_input {
            responses.insert("400".to_owned(), problem.clone());
        }
        if operation.may_be_not_found() {
            responses.insert("404".to_owned(), problem.clone());
        }
        responses.insert("default".to_owned(), problem);
        Value::Object(responses)
    }
}
