//! From what an operation answered to the response of its route.

use super::{
    config::{OnError, Shape},
    dotted::Dotted,
    shape,
};
use crate::{
    executor::{self, PathSegment},
    gateway::{
        Body, Code, Refusal,
        errors::FirstError,
        rest::problem::{refuse, respond},
    },
};
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// How data becomes a response.
#[derive(Debug)]
pub(super) struct Encoding {
    /// None: the data as it is.
    pub(super) shape: Option<Shape>,
    pub(super) status: StatusCode,
    pub(super) on_error: OnError,
    /// By codes that subgraphs give their errors.
    pub(super) statuses: BTreeMap<String, StatusCode>,
    pub(super) not_found_when_null: Option<Dotted>,
}

const NOT_COMPLETE: &str = "What is behind this path could not be had as a whole";
const NOT_THERE: &str = "What this path is for is not there";

impl Encoding {
    /// The response. `shown` is what the client may see of the errors, a JSON list.
    pub(super) fn respond(&self, answer: &executor::Response, shown: &[u8]) -> Response<Body> {
        self.respond_to(answer, shown).unwrap_or_else(|error| {
            tracing::error!(%error, "the data of an operation could not be read");
            refuse(&Refusal::internal())
        })
    }

    fn respond_to(
        &self,
        answer: &executor::Response,
        shown: &[u8],
    ) -> serde_json::Result<Response<Body>> {
        let data = std::str::from_utf8(answer.data()).map_err(serde::de::Error::custom)?;
        let errors = answer.errors.as_slice();
        if let Some(first) = errors.first()
            && (self.on_error == OnError::Fail || data == "null")
        {
            return Ok(self.fail(first, errors, serde_json::from_slice(shown)?));
        }
        if let Some(place) = &self.not_found_when_null
            && shape::is_null(data, place)?
            && !errors.iter().any(|error| explains(error, place))
        {
            return Ok(refuse(&Refusal::new(Code::NotFound, NOT_THERE)));
        }
        let mut body = Vec::with_capacity(data.len() + shown.len() + 16);
        match &self.shape {
            Some(shape) => shape::write(data, shape, &mut body)?,
            None => body.extend_from_slice(data.as_bytes()),
        }
        let Some(first) = errors.first() else {
            return Ok(self.success(body));
        };
        if !add_errors(&mut body, shown) {
            return Ok(self.fail(first, errors, serde_json::from_slice(shown)?));
        }
        let mut response = self.success(body);
        mark(&mut response, first);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }

    fn success(&self, body: Vec<u8>) -> Response<Body> {
        let is_empty = self.status == StatusCode::NO_CONTENT;
        let mut response = Response::new(match is_empty {
            true => Body::full(Vec::new()),
            false => Body::full(body),
        });
        *response.status_mut() = self.status;
        if !is_empty {
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
        }
        response
    }

    /// Problem details: of the first error whose code the configuration knows, else of the first.
    fn fail(
        &self,
        first: &executor::Error,
        errors: &[executor::Error],
        shown: &RawValue,
    ) -> Response<Body> {
        let mut known = errors.iter().filter_map(|error| {
            let code = error.extensions.get("code")?.as_str()?;
            self.statuses.get_key_value(code)
        });
        let mut response = match known.next() {
            Some((code, status)) => {
                let detail = format!("A service behind this path refused: {code}");
                respond(*status, code, &detail, Some(shown))
            }
            None => {
                let code = Code::of_field_error(first.code);
                respond(code.status_alone(), code.name(), NOT_COMPLETE, Some(shown))
            }
        };
        mark(&mut response, first);
        response
    }
}

fn mark(response: &mut Response<Body>, first: &executor::Error) {
    let code = Code::of_field_error(first.code);
    response.extensions_mut().insert(FirstError(code));
}

/// Adds the errors to an object. Nothing else has a place for them.
fn add_errors(body: &mut Vec<u8>, shown: &[u8]) -> bool {
    if body.first() != Some(&b'{') || body.pop() != Some(b'}') {
        return false;
    }
    if body.len() > 1 {
        body.push(b',');
    }
    body.extend_from_slice(b"\"errors\":");
    body.extend_from_slice(shown);
    body.push(b'}');
    true
}

/// Whether an error tells why there is nothing at a place: it is there, in it or around it.
fn explains(error: &executor::Error, place: &Dotted) -> bool {
    let steps = error.path.iter().zip(place.steps());
    let mut steps = steps.map(|(segment, step)| match segment {
        PathSegment::Key(key) => key.as_str() == step,
        PathSegment::Index(_) => true,
    });
    steps.all(|is_same| is_same)
}
