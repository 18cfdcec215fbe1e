//! Routes that answer by themselves, always the same.

use super::{
    header_field::Field,
    json::JsonTemplate,
    pairs::Pairs,
    template::{Place, Template, Variables},
};
use crate::gateway::{Body, misfit::Misfit};
use http::{HeaderValue, Response, StatusCode, header};
use serde::Deserialize;

/// `respond` of a route.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixed {
    #[serde(default)]
    status: Status,
    #[serde(default)]
    headers: Pairs<Field, Template>,
    /// As it is, braces and all.
    #[serde(default)]
    body: Option<String>,
    /// Texts in it are templates.
    #[serde(default)]
    json: Option<JsonTemplate>,
}

/// The status of an answer that is the last one to its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
struct Status(StatusCode);

impl Default for Status {
    fn default() -> Self {
        Self(StatusCode::OK)
    }
}

impl TryFrom<u64> for Status {
    type Error = String;

    fn try_from(written: u64) -> Result<Self, String> {
        let status = u16::try_from(written).ok().filter(|status| *status >= 200);
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        status.map(Self).ok_or_else(|| {
            format!("{written} is not the status of an answer; they go from 200 to 999")
        })
    }
}

impl Fixed {
    /// Checks that its keys fit together, and what it says of captures.
    pub(super) fn check(&self, captures: &[&str]) -> Result<(), Misfit> {
        if self.body.is_some() && self.json.is_some() {
            return Err(Misfit::new(&["json"], "there is a `body` already"));
        }
        let has_body = self.body.is_some() || self.json.is_some();
        let status = self.status.0;
        if has_body && matches!(status.as_u16(), 204 | 205 | 304) {
            let message = format!("an answer with status {} has no body", status.as_u16());
            return Err(Misfit::new(&["status"], message));
        }
        for (name, value) in &self.headers.0 {
            let checked = value.check(captures);
            checked.map_err(|message| Misfit::new(&["headers", name.0.as_str()], message))?;
        }
        match &self.json {
            None => Ok(()),
            Some(json) => json
                .check(captures)
                .map_err(|message| Misfit::new(&["json"], message)),
        }
    }

    /// The answer to a request.
    pub(super) fn answer(&self, variables: &Variables<'_>) -> Response<Body> {
        let (body, kind) = match (&self.body, &self.json) {
            (Some(text), _) => (text.clone(), "text/plain; charset=utf-8"),
            (None, Some(json)) => (json.render(variables).to_string(), "application/json"),
            (None, None) => (String::new(), ""),
        };
        let mut response = Response::new(Body::full(body));
        *response.status_mut() = self.status.0;
        let headers = response.headers_mut();
        if !kind.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        for (Field(name), value) in &self.headers.0 {
            let value = value.render(variables, Place::Header);
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.insert(name, value);
            }
        }
        response
    }
}
