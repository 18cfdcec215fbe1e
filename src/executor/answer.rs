//! What a subgraph answered: a GraphQL response, or why it is not one.

use super::{Answer, CallError, ErrorCode};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Value, value::RawValue};
use std::{fmt, str};

/// A GraphQL response of a subgraph, its parts not looked at yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Envelope<'a> {
    /// The text of `data`; none if there is none or it is null.
    pub data: Option<&'a RawValue>,
    /// What stands under `errors`; null if there is nothing.
    pub errors: Value,
}

/// Why a fetch gave nothing.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub code: ErrorCode,
    pub message: String,
}

impl Failure {
    pub(super) fn malformed(message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::Malformed,
            message: message.into(),
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let code = match &error {
            CallError::Timeout { .. } => ErrorCode::Timeout,
            CallError::Connect(_) | CallError::Broken(_) => ErrorCode::Connection,
            CallError::TooLarge { .. } => ErrorCode::Malformed,
        };
        Self {
            code,
            message: error.to_string(),
        }
    }
}

/// Opens an answer. A body that is a GraphQL response counts as one whatever its status
/// (<https://graphql.github.io/graphql-over-http/draft/#sec-Processing-the-response>).
pub(super) fn open(answer: &Answer) -> Result<Envelope<'_>, Failure> {
    parse(&answer.body).map_err(|failure| {
        if answer.status.is_success() {
            failure
        } else {
            Failure {
                code: ErrorCode::Http(answer.status.as_u16()),
                message: format!("HTTP status {}", answer.status),
            }
        }
    })
}

fn parse(body: &[u8]) -> Result<Envelope<'_>, Failure> {
    let text =
        str::from_utf8(body).map_err(|error| Failure::malformed(format!("not UTF-8: {error}")))?;
    let envelope: Envelope<'_> = serde_json::from_str(text)
        .map_err(|error| Failure::malformed(format!("not a GraphQL response: {error}")))?;
    if envelope.data.is_none() && !envelope.has_errors() {
        return Err(Failure::malformed("neither data nor errors"));
    }
    if envelope
        .data
        .is_some_and(|data| !data.get().starts_with('{'))
    {
        return Err(Failure::malformed("data is not an object"));
    }
    Ok(envelope)
}

impl Envelope<'_> {
    pub(super) fn has_errors(&self) -> bool {
        match &self.errors {
            Value::Null => false,
            Value::Array(errors) => !errors.is_empty(),
            _ => true,
        }
    }
}

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope<'de>, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(part) = map.next_key::<Part>()? {
            match part {
                Part::Data => envelope.data = map.next_value()?,
                Part::Errors => envelope.errors = map.next_value()?,
                Part::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(envelope)
    }
}

/// A key of a GraphQL response.
#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Part {
    Data,
    Errors,
    #[serde(other)]
    Other,
}
