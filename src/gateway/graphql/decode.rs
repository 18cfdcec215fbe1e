//! From an HTTP request to the GraphQL request in it: `POST` with a JSON body, `GET` with a query string.

use crate::{
    gateway::{Code, Refusal},
    upstream::{Body, Coding, CollectError, InflateError, UnknownCoding, collect},
};
use http::{HeaderMap, Uri, header, request::Parts};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

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
    coding(headers)?;
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    match (values.next(), values.next()) {
        (Some(only), None) if is_json_type(only.as_bytes()) => Ok(true),
        (None, _) if method == Method::Get => Ok(false),
        _ => Err(Refusal::new(
            Code::UnsupportedMediaType,
            "The content type must be application/json, in UTF-8",
        )),
    }
}

/// The coding of the body.
fn coding(headers: &HeaderMap) -> Result<Option<Coding>, Refusal> {
    Coding::of(headers).map_err(|UnknownCoding| Refusal {
        lists_codings: true,
        ..Refusal::new(
            Code::UnsupportedMediaType,
            "The body may be compressed as gzip, br or zstd, once (content-encoding)",
        )
    })
}

fn is_json_type(value: &[u8]) -> bool {
    if value == b"application/json" {
        return true;
    }
    let Ok(value) = std::str::from_utf8(value) else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let charset_fits = |parameter: &str| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        !name.trim().eq_ignore_ascii_case("charset")
            || matches!(
                value.trim().trim_matches('"').to_ascii_lowercase().as_str(),
                "utf-8" | "utf8"
            )
    };
    essence.eq_ignore_ascii_case("application/json") && parts.all(charset_fits)
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
            let collected = timeout_at(deadline, collect(body, body_bytes_max)).await;
            let body = collected.map_err(|_| {
                Refusal::new(Code::SlowRequest, "The request body did not arrive in time")
            })?;
            let mut body = body.map_err(unreadable)?;
            if let Some(coding) = coding(&head.headers)? {
                let inflated = coding.inflate(body, body_bytes_max).await;
                body = inflated.map_err(not_inflated)?;
            }
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

fn unreadable(error: CollectError) -> Refusal {
    match error {
        CollectError::TooLarge { limit } => too_large(limit),
        CollectError::Broken(_) => invalid("The request body broke off".to_owned()),
    }
}

fn not_inflated(error: InflateError) -> Refusal {
    match error {
        InflateError::TooLarge { limit } => too_large(limit),
        InflateError::Invalid(coding) => invalid(format!("The request body is not valid {coding}")),
    }
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(
        Code::TooLarge,
        format!("The request body is larger than {limit} bytes"),
    )
}

fn invalid(message: String) -> Refusal {
    Refusal::new(Code::InvalidRequest, message)
}
