//! The one table of what clients are told when something goes wrong: code, HTTP status, words.
//!
//! Every error of the layers below is turned into a [`Code`] here, by exhaustive matches, and nowhere else. The list
//! is closed: codes are part of the public interface (`docs/errors.md`) and keep their meaning.

use super::{authentication::Rejection, planning::NotRun};
use crate::{executor, operation, planner, upstream::Coding};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use operation::Measured;

/// What went wrong, as `extensions.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    // The HTTP request.
    BadRequest,
    HeadTooLarge,
    HttpVersion,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    UnsupportedMediaType,
    Csrf,
    TooLarge,
    SlowRequest,
    InvalidRequest,
    BatchingNotEnabled,
    MissingQuery,
    InvalidParameter,
    // Whoever sends it.
    Unauthenticated,
    NoKeysYet,
    NotImplemented,
    // The document and its variables.
    ParseFailed,
    TokenLimit,
    RecursionLimit,
    ValidationFailed,
    UnknownOperation,
    Variables,
    Unsupported,
    TooComplex,
    DepthLimit,
    HeightLimit,
    AliasesLimit,
    RootFieldsLimit,
    IntrospectionDisabled,
    // Us.
    PlanningFailed,
    Overloaded,
    RateLimited,
    Throttled,
    QuotaExceeded,
    RatesUnavailable,
    Timeout,
    Internal,
    // Upstreams of REST routes.
    UpstreamUnreachable,
    UpstreamBroken,
    UpstreamUnavailable,
    NotCached,
    Maintenance,
    RequestTooLarge,
    UpstreamTooLarge,
    // Subgraphs. These come with data, at a path.
    SubgraphError,
    SubgraphHttp,
    SubgraphMalformed,
    InvalidResponse,
    // The caller may not have it.
    UnauthorizedField,
    UnauthorizedOperation,
}

/// A code's row: its name on the wire, and the HTTP status of a response that has nothing but errors of this code.
struct Row {
    name: &'static str,
    status: StatusCode,
    /// Whether a client that takes `application/json` gets 200 instead: the request was well-formed, so by the legacy
    /// rule of GraphQL over HTTP the status speaks of the transport alone.
    ok_in_json: bool,
}

impl Code {
    /// All codes, in the order of the documentation.
    pub const ALL: [Self; 51] = [
        Self::BadRequest,
        Self::HeadTooLarge,
        Self::HttpVersion,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::UnsupportedMediaType,
        Self::Csrf,
        Self::TooLarge,
        Self::SlowRequest,
        Self::InvalidRequest,
        Self::BatchingNotEnabled,
        Self::MissingQuery,
        Self::InvalidParameter,
        Self::Unauthenticated,
        Self::NoKeysYet,
        Self::NotImplemented,
        Self::ParseFailed,
        Self::TokenLimit,
        Self::RecursionLimit,
        Self::ValidationFailed,
        Self::UnknownOperation,
        Self::Variables,
        Self::Unsupported,
        Self::TooComplex,
        Self::DepthLimit,
        Self::HeightLimit,
        Self::AliasesLimit,
        Self::RootFieldsLimit,
        Self::IntrospectionDisabled,
        Self::PlanningFailed,
        Self::Overloaded,
        Self::RateLimited,
        Self::Throttled,
        Self::QuotaExceeded,
        Self::RatesUnavailable,
        Self::Timeout,
        Self::Internal,
        Self::UpstreamUnreachable,
        Self::UpstreamBroken,
        Self::UpstreamUnavailable,
        Self::NotCached,
        Self::Maintenance,
        Self::RequestTooLarge,
        Self::UpstreamTooLarge,
        Self::SubgraphError,
        Self::SubgraphHttp,
        Self::SubgraphMalformed,
        Self::InvalidResponse,
        Self::UnauthorizedField,
        Self::UnauthorizedOperation,
    ];

    fn row(self) -> Row {
        use StatusCode as S;
        let (name, status, ok_in_json) = match self {
            Self::BadRequest => ("BAD_REQUEST", S::BAD_REQUEST, false),
            Self::HeadTooLarge => (
                "REQUEST_HEAD_TOO_LARGE",
                S::REQUEST_HEADER_FIELDS_TOO_LARGE,
                false,
            ),
            Self::HttpVersion => (
                "HTTP_VERSION_NOT_SUPPORTED",
                S::HTTP_VERSION_NOT_SUPPORTED,
                false,
            ),
            Self::NotFound => ("NOT_FOUND", S::NOT_FOUND, false),
            Self::MethodNotAllowed => ("METHOD_NOT_ALLOWED", S::METHOD_NOT_ALLOWED, false),
            Self::NotAcceptable => ("INVALID_ACCEPT_HEADER", S::NOT_ACCEPTABLE, false),
            Self::UnsupportedMediaType => (
                "INVALID_CONTENT_TYPE_HEADER",
                S::UNSUPPORTED_MEDIA_TYPE,
                false,
            ),
            Self::Csrf => ("CSRF_ERROR", S::BAD_REQUEST, false),
            Self::TooLarge => ("INVALID_GRAPHQL_REQUEST", S::PAYLOAD_TOO_LARGE, false),
            Self::SlowRequest => ("REQUEST_TIMEOUT", S::REQUEST_TIMEOUT, false),
            Self::InvalidRequest => ("INVALID_GRAPHQL_REQUEST", S::BAD_REQUEST, false),
            Self::BatchingNotEnabled => ("BATCHING_NOT_ENABLED", S::BAD_REQUEST, false),
            Self::MissingQuery => ("MISSING_QUERY_STRING", S::BAD_REQUEST, false),
            Self::InvalidParameter => ("INVALID_PARAMETER", S::BAD_REQUEST, false),
            Self::Unauthenticated => ("AUTH_ERROR", S::UNAUTHORIZED, false),
            Self::NoKeysYet => ("AUTH_KEYS_UNAVAILABLE", S::SERVICE_UNAVAILABLE, false),
            Self::NotImplemented => ("NOT_IMPLEMENTED", S::NOT_IMPLEMENTED, false),
            Self::ParseFailed => ("GRAPHQL_PARSE_FAILED", S::BAD_REQUEST, false),
            Self::TokenLimit => ("MAX_TOKENS_LIMIT", S::BAD_REQUEST, false),
            Self::RecursionLimit => ("MAX_RECURSION_LIMIT", S::BAD_REQUEST, false),
            Self::ValidationFailed => ("GRAPHQL_VALIDATION_FAILED", S::BAD_REQUEST, true),
            Self::UnknownOperation => ("GRAPHQL_UNKNOWN_OPERATION_NAME", S::BAD_REQUEST, false),
            Self::Variables => ("VALIDATION_INVALID_TYPE_VARIABLE", S::BAD_REQUEST, false),
            Self::Unsupported => ("NOT_SUPPORTED", S::BAD_REQUEST, false),
            Self::TooComplex => ("OPERATION_TOO_COMPLEX", S::BAD_REQUEST, false),
            Self::DepthLimit => ("MAX_DEPTH_LIMIT", S::BAD_REQUEST, false),
            Self::HeightLimit => ("MAX_HEIGHT_LIMIT", S::BAD_REQUEST, false),
            Self::AliasesLimit => ("MAX_ALIASES_LIMIT", S::BAD_REQUEST, false),
            Self::RootFieldsLimit => ("MAX_ROOT_FIELDS_LIMIT", S::BAD_REQUEST, false),
            Self::IntrospectionDisabled => ("INTROSPECTION_DISABLED", S::BAD_REQUEST, true),
            Self::PlanningFailed => ("QUERY_PLANNING_FAILED", S::INTERNAL_SERVER_ERROR, false),
            Self::Overloaded => ("REQUEST_CONCURRENCY_LIMITED", S::SERVICE_UNAVAILABLE, false),
            Self::RateLimited => ("REQUEST_RATE_LIMITED", S::SERVICE_UNAVAILABLE, false),
            Self::Throttled => ("RATE_LIMITED", S::TOO_MANY_REQUESTS, false),
            Self::QuotaExceeded => ("QUOTA_EXCEEDED", S::TOO_MANY_REQUESTS, false),
            Self::RatesUnavailable => (
                "RATE_LIMIT_STORE_UNAVAILABLE",
                S::SERVICE_UNAVAILABLE,
                false,
            ),
            Self::Timeout => ("GATEWAY_TIMEOUT", S::GATEWAY_TIMEOUT, false),
            Self::Internal => ("INTERNAL_SERVER_ERROR", S::INTERNAL_SERVER_ERROR, false),
            Self::UpstreamUnreachable => ("UPSTREAM_UNREACHABLE", S::BAD_GATEWAY, false),
            Self::UpstreamBroken => ("UPSTREAM_BROKEN", S::BAD_GATEWAY, false),
            Self::UpstreamUnavailable => ("UPSTREAM_UNAVAILABLE", S::SERVICE_UNAVAILABLE, false),
            Self::NotCached => ("NOT_CACHED", S::GATEWAY_TIMEOUT, false),
            Self::Maintenance => ("MAINTENANCE", S::SERVICE_UNAVAILABLE, false),
            Self::RequestTooLarge => ("REQUEST_TOO_LARGE", S::PAYLOAD_TOO_LARGE, false),
            Self::UpstreamTooLarge => ("UPSTREAM_TOO_LARGE", S::BAD_GATEWAY, false),
            Self::SubgraphError => ("DOWNSTREAM_SERVICE_ERROR", S::OK, true),
            Self::SubgraphHttp => ("SUBREQUEST_HTTP_ERROR", S::OK, true),
            Self::SubgraphMalformed => ("SUBREQUEST_MALFORMED_RESPONSE", S::OK, true),
            Self::InvalidResponse => ("RESPONSE_VALIDATION_FAILED", S::OK, true),
            Self::UnauthorizedField => ("UNAUTHORIZED_FIELD_OR_TYPE", S::OK, true),
            Self::UnauthorizedOperation => ("UNAUTHORIZED_FIELD_OR_TYPE", S::FORBIDDEN, false),
        };
        Row {
            name,
            status,
            ok_in_json,
        }
    }

    /// The value of `extensions.code`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The HTTP status towards a client that takes `application/graphql-response+json`.
    pub fn status(self) -> StatusCode {
        self.row().status
    }

    /// The HTTP status towards a client that takes `application/json`.
    pub fn status_in_json(self) -> StatusCode {
        let row = self.row();
        if row.ok_in_json {
            StatusCode::OK
        } else {
            row.status
        }
    }

    /// The HTTP status of an answer that is nothing but this error, outside of GraphQL: what subgraphs did wrong is 502.
    pub fn status_alone(self) -> StatusCode {
        match self.row().status {
            _ if self == Self::UnauthorizedField => Self::UnauthorizedOperation.status(),
            StatusCode::OK => StatusCode::BAD_GATEWAY,
            status => status,
        }
    }

    /// The code of an error in a part of a response.
    pub fn of_field_error(code: executor::ErrorCode) -> Self {
        use executor::ErrorCode as E;
        match code {
            E::Subgraph => Self::SubgraphError,
            E::Connection | E::Http(_) => Self::SubgraphHttp,
            E::Timeout => Self::Timeout,
            E::Malformed => Self::SubgraphMalformed,
            E::Unauthorized => Self::UnauthorizedField,
            E::WrongType | E::UnexpectedNull => Self::InvalidResponse,
        }
    }
}

/// The code of the first error in a response: an extension of the response, for whoever observes its request.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstError(pub(super) Code);

/// A request that gets errors and no data.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub code: Code,
    /// At least one.
    pub problems: Vec<Problem>,
    /// `Allow`, on 405.
    pub allow: Option<HeaderValue>,
    /// `Retry-After` in seconds, on 429 and 503.
    pub retry_after: Option<u32>,
    /// Whether `Accept-Encoding` lists the content codings there are: on 415, if it is for one that there is not.
    pub lists_codings: bool,
    /// `WWW-Authenticate`, on 401.
    pub challenge: Option<HeaderValue>,
    /// Limits that this was too much for, on 429.
    pub violated: Vec<String>,
}

/// One error of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub message: String,
    /// Line and column in the document, from 1.
    pub location: Option<(usize, usize)>,
}

impl Refusal {
    /// Adds the headers that say more than the status: how to do it right, or when to try again.
    pub(in crate::gateway) fn add_headers(&self, headers: &mut HeaderMap) {
        if let Some(allow) = &self.allow {
            headers.insert(header::ALLOW, allow.clone());
        }
        if let Some(challenge) = &self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge.clone());
        }
        if self.lists_codings {
            headers.insert(header::ACCEPT_ENCODING, Coding::ACCEPTED);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }

    /// Refuses with one sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self::all(code, vec![message.into()])
    }

    /// Something failed that is our fault. The client learns nothing more; the log should.
    pub fn internal() -> Self {
        Self::new(Code::Internal, "Internal server error")
    }

    /// Only these methods.
    pub fn method(allowed: &'static str, message: impl Into<String>) -> Self {
        Self {
            allow: Some(HeaderValue::from_static(allowed)),
            ..Self::new(Code::MethodNotAllowed, message)
        }
    }

    /// The whole request took longer than it may.
    pub fn timeout() -> Self {
        Self::new(Code::Timeout, "The request took too long")
    }

    /// Refuses with a sentence for each thing that is wrong; there is at least one.
    pub fn all(code: Code, messages: Vec<String>) -> Self {
        let problems = messages.into_iter().map(|message| Problem {
            message,
            location: None,
        });
        Self::with_problems(code, problems.collect())
    }

    fn with_problems(code: Code, problems: Vec<Problem>) -> Self {
        Self {
            code,
            problems,
            allow: None,
            lists_codings: false,
            retry_after: None,
            challenge: None,
            violated: Vec::new(),
        }
    }
}

impl From<Rejection> for Refusal {
    /// The challenge is that of RFC 6750 section 3. Its words, and those of the message, tell nothing of the token
    /// that its sender does not know.
    fn from(rejection: Rejection) -> Self {
        let message = rejection.to_string();
        let challenge = match rejection {
            Rejection::NoKeysYet => {
                return Self {
                    retry_after: Some(1),
                    ..Self::new(Code::NoKeysYet, message)
                };
            }
            Rejection::NoToken => "Bearer realm=\"graphway\"".to_owned(),
            _ => format!(
                "Bearer realm=\"graphway\", error=\"invalid_token\", error_description=\"{message}\""
            ),
        };
        Self {
            challenge: HeaderValue::try_from(challenge).ok(),
            ..Self::new(Code::Unauthenticated, message)
        }
    }
}

impl From<operation::Error> for Refusal {
    fn from(error: operation::Error) -> Self {
        use operation::Error as E;
        let message = sentence(&error.to_string());
        match error {
            E::Syntax(diagnostics) => {
                Self::with_problems(Code::ParseFailed, problems(diagnostics, message))
            }
            E::Validation(diagnostics) => {
                Self::with_problems(Code::ValidationFailed, problems(diagnostics, message))
            }
            E::TokenLimit { .. } => Self::new(Code::TokenLimit, message),
            E::RecursionLimit { .. } => Self::new(Code::RecursionLimit, message),
            E::TooComplex { .. } => Self::new(Code::TooComplex, message),
            E::NoOperation | E::UnknownOperation(_) | E::AmbiguousOperation => {
                Self::new(Code::UnknownOperation, message)
            }
            E::Variables(_) => Self::new(Code::Variables, message),
            E::Unsupported(_) => Self::new(Code::Unsupported, message),
        }
    }
}

/// The text with a capital at its beginning.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// How many errors of one document a response lists; the rest would only repeat the mistake.
const PROBLEMS_MAX: usize = 50;

fn problems(diagnostics: Vec<operation::Diagnostic>, otherwise: String) -> Vec<Problem> {
    if diagnostics.is_empty() {
        return vec![Problem {
            message: otherwise,
            location: None,
        }];
    }
    let listed = diagnostics.into_iter().take(PROBLEMS_MAX);
    listed
        .map(|diagnostic| Problem {
            message: diagnostic.message,
            location: diagnostic.location,
        })
        .collect()
}

impl From<operation::LimitExceeded> for Refusal {
    fn from(exceeded: operation::LimitExceeded) -> Self {
        let operation::LimitExceeded {
            measured,
            limit,
            found,
        } = exceeded;
        let (code, what, key) = match measured {
            Measured::Depth => (Code::DepthLimit, "levels of fields", "max_depth"),
            Measured::Height => (Code::HeightLimit, "fields", "max_height"),
            Measured::Aliases => (Code::AliasesLimit, "aliases", "max_aliases"),
            Measured::RootFields => (Code::RootFieldsLimit, "root fields", "max_root_fields"),
        };
        Self::new(
            code,
            format!("The operation has {found} {what}, at most {limit} are allowed (limits.{key})"),
        )
    }
}

impl From<executor::IntrospectionError> for Refusal {
    fn from(error: executor::IntrospectionError) -> Self {
        let code = match error {
            executor::IntrospectionError::TooDeep(_) => Code::TooComplex,
            executor::IntrospectionError::Failed(_) => Code::ValidationFailed,
        };
        Self::new(code, sentence(&error.to_string()))
    }
}

impl From<planner::Error> for Refusal {
    fn from(error: planner::Error) -> Self {
        match error {
            planner::Error::TooLarge { .. } | planner::Error::OverBudget { .. } => {
                Self::new(Code::TooComplex, sentence(&error.to_string()))
            }
            // Nobody reads this.
            planner::Error::Cancelled => Self::internal(),
            planner::Error::Unreachable { .. } => {
                tracing::error!(%error, "an operation could not be planned");
                Self::new(Code::PlanningFailed, "The operation could not be planned")
            }
        }
    }
}

impl From<NotRun> for Refusal {
    fn from(reason: NotRun) -> Self {
        match reason {
            NotRun::QueueFull => Self {
                retry_after: Some(1),
                ..Self::new(
                    Code::Overloaded,
                    "Too many new operations are waiting to be planned",
                )
            },
            NotRun::Panicked => Self::internal(),
        }
    }
}
