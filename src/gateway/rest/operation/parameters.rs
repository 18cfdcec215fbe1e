//! From a request to the variables of an operation.
//!
//! Everything that is wrong is found before anything is sent, and told by the name that the client knows it by.

use super::{config::Source, query::Query, text::Reader};
use crate::gateway::{
    Code, Refusal,
    authentication::{Caller, Rejection},
};
use http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// The variables of an operation, and where each comes from.
#[derive(Debug)]
pub(in crate::gateway::rest) struct Parameters {
    pub(super) bindings: Vec<Binding>,
    /// Whether query parameters that none of them comes from are refused.
    pub(super) strict: bool,
}

/// A variable.
#[derive(Debug)]
pub(in crate::gateway::rest) struct Binding {
    pub(in crate::gateway::rest) variable: String,
    pub(in crate::gateway::rest) source: Source,
    pub(super) reader: Reader,
    /// Whether there is no default, and null will not do.
    pub(in crate::gateway::rest) required: bool,
}

/// A request, as far as variables come from it.
pub(in crate::gateway::rest) struct Asked<'a> {
    /// The named parts of the path, as they stand in it.
    pub(in crate::gateway::rest) captures: &'a [(&'a str, &'a str)],
    pub(in crate::gateway::rest) query: Option<&'a str>,
    pub(in crate::gateway::rest) headers: &'a HeaderMap,
    pub(in crate::gateway::rest) caller: &'a Caller,
    /// None: it is not asked for.
    pub(in crate::gateway::rest) body: Option<&'a [u8]>,
}

/// Why a variable has no value.
enum Lack {
    /// It need not have one.
    NotGiven,
    Wrong(String),
    /// The client has to say who it is.
    NoClaim,
}

impl Parameters {
    /// All variables, in the order of the operation.
    pub(in crate::gateway::rest) fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// Whether any variable comes from the body.
    pub(super) fn need_body(&self) -> bool {
        let mut sources = self.bindings.iter().map(|binding| &binding.source);
        sources.any(|source| matches!(source, Source::Body(_)))
    }

    /// The variables that a request gives; not coerced.
    pub(super) fn read(&self, asked: &Asked<'_>) -> Result<Map<String, Value>, Refusal> {
        let query = Query::parse(asked.query.unwrap_or_default())
            .ok_or_else(|| Refusal::new(Code::InvalidParameter, "The query is not UTF-8"))?;
        let body = asked.body.map(serde_json::from_slice::<Value>).transpose();
        let body = body.map_err(|error| {
            Refusal::new(
                Code::InvalidRequest,
                format!("The body is not JSON: {error}"),
            )
        })?;
        let mut wrong = self.strangers(&query);
        let mut variables = Map::new();
        for binding in &self.bindings {
            match binding.value(asked, (&query, body.as_ref())) {
                Ok(value) => {
                    variables.insert(binding.variable.clone(), value);
                }
                Err(Lack::NotGiven) => {}
                Err(Lack::Wrong(message)) => wrong.push(message),
                Err(Lack::NoClaim) if asked.caller.is_anonymous() => {
                    return Err(Rejection::NoToken.into());
                }
                Err(Lack::NoClaim) => {
                    let message = "The token does not say what is needed here";
                    return Err(Refusal::new(Code::Unauthenticated, message));
                }
            }
        }
        match wrong.is_empty() {
            true => Ok(variables),
            false => Err(Refusal::all(Code::InvalidParameter, wrong)),
        }
    }

    /// Complaints about query parameters that no variable comes from, if that matters.
    fn strangers(&self, query: &Query<'_>) -> Vec<String> {
        if !self.strict {
            return Vec::new();
        }
        let is_known = |name: &str| {
            let mut sources = self.bindings.iter().map(|binding| &binding.source);
            sources.any(|source| matches!(source, Source::Query(known) if known == name))
        };
        let strangers = query.names().filter(|name| !is_known(name));
        strangers
            .map(|name| format!("There is no query parameter {}", quoted(name)))
            .collect()
    }
}

impl Binding {
    /// What messages call it.
    fn label(&self) -> String {
        match &self.source {
            Source::Path(name) => format!("`{name}` in the path"),
            Source::Query(name) => format!("The query parameter `{name}`"),
            Source::Header(name) => format!("The header `{}`", name.0),
            Source::Claim(name) => format!("The claim `{name}`"),
            Source::Body(place) if place.steps().is_empty() => "The body".to_owned(),
            Source::Body(place) => format!("`{place}` in the body"),
            Source::Value(_) => format!("The variable `{}`", self.variable),
        }
    }

    /// The value of a variable that is always the same; or why it is none.
    pub(super) fn constant(&self, value: &Value) -> Result<Value, String> {
        self.json(value).map_err(|lack| match lack {
            Lack::Wrong(message) => message,
            Lack::NotGiven | Lack::NoClaim => format!("{} has no value", self.label()),
        })
    }

    fn value(
        &self,
        asked: &Asked<'_>,
        (query, body): (&Query<'_>, Option<&Value>),
    ) -> Result<Value, Lack> {
        match &self.source {
            Source::Path(name) => {
                let capture = asked.captures.iter().find(|(known, _)| known == name);
                let text = capture.map(|(_, text)| percent_decode_str(text).decode_utf8_lossy());
                self.texts(text.as_slice())
            }
            Source::Query(name) => self.texts(&query.values(name)),
            Source::Header(name) => self.texts(&self.header(asked.headers, &name.0)?),
            Source::Claim(name) => match asked.caller.claim(name) {
                Some(value) => self.json(value),
                None if self.required => Err(Lack::NoClaim),
                None => Err(Lack::NotGiven),
            },
            Source::Body(place) => match body.and_then(|body| place.find(body)) {
                Some(value) => Ok(value.clone()),
                None => self.missing(),
            },
            Source::Value(value) => self.json(value),
        }
    }

    fn texts<T: std::borrow::Borrow<str>>(&self, texts: &[T]) -> Result<Value, Lack> {
        if texts.is_empty() {
            return self.missing();
        }
        let read = self.reader.read(texts);
        read.map_err(|what| Lack::Wrong(format!("{} {what}", self.label())))
    }

    /// A value that is JSON already, unless it is the text of something else.
    fn json(&self, value: &Value) -> Result<Value, Lack> {
        match value {
            Value::String(text) => self.texts(&[text.as_str()]),
            other => Ok(other.clone()),
        }
    }

    /// The values of a header. Those of a list may be on one line, with commas between them.
    fn header<'a>(&self, headers: &'a HeaderMap, name: &HeaderName) -> Result<Vec<&'a str>, Lack> {
        let mut values = Vec::new();
        for line in headers.get_all(name) {
            let line = line
                .to_str()
                .map_err(|_| Lack::Wrong(format!("{} must be ASCII", self.label())))?;
            match self.reader.takes_several() {
                true => {
                    let items = line.split(',').map(str::trim);
                    values.extend(items.filter(|item| !item.is_empty()));
                }
                false => values.push(line.trim()),
            }
        }
        Ok(values)
    }

    fn missing<T>(&self) -> Result<T, Lack> {
        Err(match self.required {
            true => Lack::Wrong(format!("{} is missing", self.label())),
            false => Lack::NotGiven,
        })
    }
}

/// What a client thought of, for a message.
fn quoted(name: &str) -> String {
    const SHOWN_BYTES_MAX: usize = 64;
    match name.len() {
        0..=SHOWN_BYTES_MAX => format!("`{name}`"),
        _ => "of such a long name".to_owned(),
    }
}
