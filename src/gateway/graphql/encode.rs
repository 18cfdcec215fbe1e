//! From a reply, or a refusal, to an HTTP response.

use super::Media;
use crate::{
    executor::{self, PathSegment, Reply},
    gateway::{
        Code, Refusal,
        errors::FirstError,
        expose::Exposed,
        subgraph_rules::{Returned, SubgraphTable},
    },
};
use bytes::Bytes;
use http::{Response, StatusCode, header};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

/// The response to an operation that was executed, with its plan if that is shown.
pub(in crate::gateway) fn encode(
    subgraphs: &SubgraphTable,
    media: Media,
    reply: Reply,
    exposed: Option<&Exposed>,
) -> Response<Bytes> {
    let Reply::One(executor::Response {
        text: mut body,
        errors,
        headers,
        ..
    }) = reply;
    if !errors.is_empty() {
        body.extend_from_slice(b",\"errors\":");
        write_errors(&mut body, subgraphs, &errors);
    }
    if let Some(exposed) = exposed {
        write_plan(&mut body, exposed);
    }
    body.push(b'}');
    let mut response = respond(StatusCode::OK, media, body);
    let returned = Returned {
        answers: &headers,
        has_errors: !errors.is_empty(),
    };
    subgraphs.add_returned(&returned, response.headers_mut());
    if let Some(first) = errors.first() {
        let code = Code::of_field_error(first.code);
        response.extensions_mut().insert(FirstError(code));
    }
    response
}

/// The response to an operation that was planned only.
pub(in crate::gateway) fn encode_plan(media: Media, exposed: &Exposed) -> Response<Bytes> {
    let mut body = b"{\"data\":null".to_vec();
    write_plan(&mut body, exposed);
    body.push(b'}');
    respond(StatusCode::OK, media, body)
}

fn write_plan(body: &mut Vec<u8>, exposed: &Exposed) {
    body.extend_from_slice(b",\"extensions\":{");
    for (index, key) in exposed.asked.keys.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        write_json(body, key);
        body.push(b':');
        body.extend_from_slice(exposed.plan.as_bytes());
    }
    body.push(b'}');
}

/// Writes errors as a client may see them, a JSON list.
pub(in crate::gateway) fn write_errors(
    body: &mut Vec<u8>,
    subgraphs: &SubgraphTable,
    errors: &[executor::Error],
) {
    log(subgraphs, errors);
    let shown: Vec<Shown> = errors
        .iter()
        .map(|error| Shown { error, subgraphs })
        .collect();
    write_json(body, &shown);
}

/// The log gets what the client may not see: one line a response, however many errors.
fn log(subgraphs: &SubgraphTable, errors: &[executor::Error]) {
    let of_subgraphs = errors
        .iter()
        .filter_map(|error| Some((error, error.subgraph?)));
    if let Some((error, subgraph)) = of_subgraphs.clone().next() {
        tracing::warn!(
            subgraph = subgraphs.get(subgraph).name,
            code = Code::of_field_error(error.code).name(),
            // Not `message`: that is the event's own, and is written as it is, line breaks and all.
            cause = error.message,
            errors = of_subgraphs.count(),
            "a subgraph failed in part of a response"
        );
    }
}

/// The response to a request that is refused.
pub(crate) fn refuse(media: Media, refusal: &Refusal) -> Response<Bytes> {
    if let Some(answered) = &refusal.answered {
        let mut response = answered.response();
        response.extensions_mut().insert(FirstError(refusal.code));
        return response;
    }
    #[derive(Serialize)]
    struct Errors<'a> {
        errors: Vec<RequestError<'a>>,
    }
    #[derive(Serialize)]
    struct RequestError<'a> {
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        locations: Option<[Location; 1]>,
        extensions: Extensions,
    }
    #[derive(Serialize)]
    struct Location {
        line: usize,
        column: usize,
    }
    #[derive(Serialize)]
    struct Extensions {
        code: &'static str,
    }
    let problems = refusal.problems.iter();
    let errors = problems.map(|problem| RequestError {
        message: &problem.message,
        locations: problem
            .location
            .map(|(line, column)| [Location { line, column }]),
        extensions: Extensions {
            code: refusal.code.name(),
        },
    });
    let mut body = Vec::new();
    write_json(
        &mut body,
        &Errors {
            errors: errors.collect(),
        },
    );
    let status = match media {
        Media::Json => refusal.code.status_in_json(),
        Media::GraphqlResponse => refusal.code.status(),
    };
    let mut response = respond(status, media, body);
    response.extensions_mut().insert(FirstError(refusal.code));
    refusal.add_headers(response.headers_mut());
    response
}

fn respond(status: StatusCode, media: Media, body: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media.content_type());
    response
}

fn write_json(body: &mut Vec<u8>, value: &impl Serialize) {
    // Writing to memory cannot fail, and neither can these types: their maps have string keys.
    if let Err(error) = serde_json::to_writer(body, value) {
        tracing::error!(%error, "a response could not be written");
    }
}

/// A field error as the client may see it.
struct Shown<'a> {
    error: &'a executor::Error,
    subgraphs: &'a SubgraphTable,
}

impl Shown<'_> {
    /// The subgraph by name, if its errors are included.
    fn included(&self) -> Option<&str> {
        let rules = self.subgraphs.get(self.error.subgraph?);
        rules.includes_errors.then_some(rules.name.as_str())
    }

    /// The message: a subgraph's own words, and what our client says of its connection (addresses), only if its
    /// errors are included. What we ourselves found wrong with a value is always told.
    fn message(&self) -> &str {
        use executor::ErrorCode as E;
        let masked = match self.error.code {
            E::Subgraph => "Subgraph errors redacted",
            E::Connection => "A subgraph could not be reached",
            E::Http(_) => "A subgraph answered with an HTTP status of failure",
            E::Malformed => "A subgraph gave a malformed response",
            E::Timeout => "A subgraph did not answer in time",
            E::TooExpensive => "A subgraph was not asked, for that would cost too much",
            E::Unauthorized | E::WrongType | E::UnexpectedNull => return &self.error.message,
        };
        if self.included().is_some() {
            &self.error.message
        } else {
            masked
        }
    }

    fn extensions(&self) -> Map<String, Value> {
        let code = Code::of_field_error(self.error.code).name();
        let Some(service) = self.included() else {
            return Map::from_iter([("code".to_owned(), code.into())]);
        };
        let mut extensions = self.error.extensions.clone();
        extensions.entry("code").or_insert_with(|| code.into());
        extensions.insert("service".to_owned(), service.into());
        if let executor::ErrorCode::Http(status) = self.error.code {
            extensions.insert("http".to_owned(), serde_json::json!({ "status": status }));
        }
        extensions
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut error = serializer.serialize_map(None)?;
        error.serialize_entry("message", self.message())?;
        if !self.error.path.is_empty() {
            let path = self.error.path.iter().map(|segment| match segment {
                PathSegment::Key(key) => Value::from(key.as_str()),
                PathSegment::Index(index) => Value::from(*index),
            });
            error.serialize_entry("path", &path.collect::<Vec<_>>())?;
        }
        error.serialize_entry("extensions", &self.extensions())?;
        error.end()
    }
}
