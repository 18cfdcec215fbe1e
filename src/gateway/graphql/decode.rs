//! From an HTTP request to the GraphQL request in it: `POST` with a JSON body, `GET` with a query string.

use crate::gateway::{Body, Code, Refusal, request_body};
use http::{HeaderMap, Uri, header, request::Parts};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

/// What a client asks for, as it wrote it.
#[derive(Debug, PartialEq)]
pub(crate) struct GraphqlRequest {
    /// The document.
    pub query: String,
    pub operation_name: Option<String>,
    /// Not coerced.
    pub variables: Map<String, Value>,
}

/// How a request came, as far as GraphQL over HTTP makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
}

const METHODS: &str = "GET, POST";

/// Refuses methods that GraphQL over HTTP has no meaning for.
pub(crate) fn check_method(method: &http::Method) -> Result<Method, Refusal> {
    match *method {
        http::Method::POST => Ok(Method::Post),
        http::Method::GET => Ok(Method::Get),
        _ => Err(Refusal::method(METHODS, "Use POST, or GET for queries")),
    }
}

/// Whether the content type is JSON. Any other one is refused, also with GET: a browser sends some of them without
/// asking (GHSA-hff2-gcpx-8f4p). None is allowed with GET alone. A coding that is not understood is refused likewise
/// (RFC 9110 section 8.4).
pub(crate) fn is_json(method: Method, headers: &HeaderMap) -> Result<bool, Refusal> {
    match method {
        Method::Get if !headers.contains_key(header::CONTENT_TYPE) => {
            request_body::check_coding(headers)?;
            Ok(false)
        }
        _ => request_body::check(headers).map(|()| true),
    }
}

/// Reads the GraphQL request. A body is read up to `body_bytes_max`, also when it is inflated, and until `deadline`.
pub(crate) async fn decode(
    method: Method,
    head: &Parts,
    body: Body,
    body_bytes_max: usize,
    deadline: Instant,
) -> Result<GraphqlRequest, Refusal> {
    let parameters = match method {
        Method::Get => from_query_string(&head.uri)?,
        Method::Post => {
            let body = request_body::read(&head.headers, body, body_bytes_max, deadline).await?;
            from_json(&body)?
        }
    };
    let query = parameters.query.filter(|query| !query.trim().is_empty());
    let query =
        query.ok_or_else(|| Refusal::new(Code::MissingQuery, "The request has no `query`"))?;
    Ok(GraphqlRequest {
        query,
        operation_name: parameters.operation_name.filter(|name| !name.is_empty()),
        variables: parameters.variables.unwrap_or_default(),
    })
}

/// The parameters of a request. Others are ignored (GraphQL over HTTP section 5.1).
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a JSON object")]
struct Parameters {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<Map<String, Value>>,
    /// Read so that a wrong type is refused; no extension means anything yet.
    extensions: Option<Map<String, Value>>,
}

fn from_json(body: &[u8]) -> Result<Parameters, Refusal> {
    serde_json::from_slice(body).map_err(|error| match body.trim_ascii_start().first() {
        Some(b'[') => Refusal::new(
            Code::BatchingNotEnabled,
            "The body is a list of requests: send them one by one",
        ),
        _ => invalid(format!("The body is not a GraphQL request: {error}")),
    })
}

fn from_query_string(uri: &Uri) -> Result<Parameters, Refusal> {
    let mut parameters = Parameters::default();
    for pair in uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "query" => set(&mut parameters.query, name, decoded(name, value)?)?,
            "operationName" => set(&mut parameters.operation_name, name, decoded(name, value)?)?,
            "variables" => set(&mut parameters.variables, name, object(name, value)?)?,
            "extensions" => set(&mut parameters.extensions, name, object(name, value)?)?,
            _ => {}
        }
    }
    Ok(parameters)
}

/// Two values of one parameter are refused: a cache before us might take the other one.
fn set<T>(parameter: &mut Option<T>, name: &str, value: T) -> Result<(), Refusal> {
    match parameter.replace(value) {
        None => Ok(()),
        Some(_) => Err(invalid(format!("The parameter `{name}` is given twice"))),
    }
}

fn decoded(name: &str, value: &str) -> Result<String, Refusal> {
    let spaced = value.replace('+', " ");
    let text = percent_decode_str(&spaced).decode_utf8();
    text.map(String::from)
        .map_err(|_| invalid(format!("The parameter `{name}` is not UTF-8")))
}

fn object(name: &str, value: &str) -> Result<Map<String, Value>, Refusal> {
    let text = decoded(name, value)?;
    if text.is_empty() {
        return Ok(Map::new());
    }
    let object: Result<Option<Map<String, Value>>, _> = serde_json::from_str(&text);
    let object = object.map_err(|error| {
        invalid(format!(
            "The parameter `{name}` is not a JSON object: {error}"
        ))
    })?;
    Ok(object.unwrap_or_default())
}

fn invalid(message: String) -> Refusal {
    Refusal::new(Code::InvalidRequest, message)
}
