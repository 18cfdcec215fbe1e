//! The one table of what clients are told when something goes wrong: code, HTTP status, words.
//!
//! Every error of the layers below is turned into a [`Code`] here, by exhaustive matches, and nowhere else. The list
//! is closed: codes are part of the public interface (`docs/errors.md`) and keep their meaning.

mod refusal;

pub use refusal::{Problem, Refusal};

use crate::executor;
use http::StatusCode;

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
    Forbidden,
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
    pub const ALL: [Self; 52] = [
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
        Self::Forbidden,
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
        let (name, status) = match self {
            Self::BadRequest => ("BAD_REQUEST", S::BAD_REQUEST),
            Self::HeadTooLarge => ("REQUEST_HEAD_TOO_LARGE", S::REQUEST_HEADER_FIELDS_TOO_LARGE),
            Self::HttpVersion => ("HTTP_VERSION_NOT_SUPPORTED", S::HTTP_VERSION_NOT_SUPPORTED),
            Self::NotFound => ("NOT_FOUND", S::NOT_FOUND),
            Self::MethodNotAllowed => ("METHOD_NOT_ALLOWED", S::METHOD_NOT_ALLOWED),
            Self::NotAcceptable => ("INVALID_ACCEPT_HEADER", S::NOT_ACCEPTABLE),
            Self::UnsupportedMediaType => {
                ("INVALID_CONTENT_TYPE_HEADER", S::UNSUPPORTED_MEDIA_TYPE)
            }
            Self::Csrf => ("CSRF_ERROR", S::BAD_REQUEST),
            Self::TooLarge => ("INVALID_GRAPHQL_REQUEST", S::PAYLOAD_TOO_LARGE),
            Self::SlowRequest => ("REQUEST_TIMEOUT", S::REQUEST_TIMEOUT),
            Self::InvalidRequest => ("INVALID_GRAPHQL_REQUEST", S::BAD_REQUEST),
            Self::BatchingNotEnabled => ("BATCHING_NOT_ENABLED", S::BAD_REQUEST),
            Self::MissingQuery => ("MISSING_QUERY_STRING", S::BAD_REQUEST),
            Self::InvalidParameter => ("INVALID_PARAMETER", S::BAD_REQUEST),
            Self::Unauthenticated => ("AUTH_ERROR", S::UNAUTHORIZED),
            Self::NoKeysYet => ("AUTH_KEYS_UNAVAILABLE", S::SERVICE_UNAVAILABLE),
            Self::Forbidden => ("FORBIDDEN", S::FORBIDDEN),
            Self::NotImplemented => ("NOT_IMPLEMENTED", S::NOT_IMPLEMENTED),
            Self::ParseFailed => ("GRAPHQL_PARSE_FAILED", S::BAD_REQUEST),
            Self::TokenLimit => ("MAX_TOKENS_LIMIT", S::BAD_REQUEST),
            Self::RecursionLimit => ("MAX_RECURSION_LIMIT", S::BAD_REQUEST),
            Self::ValidationFailed => ("GRAPHQL_VALIDATION_FAILED", S::BAD_REQUEST),
            Self::UnknownOperation => ("GRAPHQL_UNKNOWN_OPERATION_NAME", S::BAD_REQUEST),
            Self::Variables => ("VALIDATION_INVALID_TYPE_VARIABLE", S::BAD_REQUEST),
            Self::Unsupported => ("NOT_SUPPORTED", S::BAD_REQUEST),
            Self::TooComplex => ("OPERATION_TOO_COMPLEX", S::BAD_REQUEST),
            Self::DepthLimit => ("MAX_DEPTH_LIMIT", S::BAD_REQUEST),
            Self::HeightLimit => ("MAX_HEIGHT_LIMIT", S::BAD_REQUEST),
            Self::AliasesLimit => ("MAX_ALIASES_LIMIT", S::BAD_REQUEST),
            Self::RootFieldsLimit => ("MAX_ROOT_FIELDS_LIMIT", S::BAD_REQUEST),
            Self::IntrospectionDisabled => ("INTROSPECTION_DISABLED", S::BAD_REQUEST),
            Self::PlanningFailed => ("QUERY_PLANNING_FAILED", S::INTERNAL_SERVER_ERROR),
            Self::Overloaded => ("REQUEST_CONCURRENCY_LIMITED", S::SERVICE_UNAVAILABLE),
            Self::RateLimited => ("REQUEST_RATE_LIMITED", S::SERVICE_UNAVAILABLE),
            Self::Throttled => ("RATE_LIMITED", S::TOO_MANY_REQUESTS),
            Self::QuotaExceeded => ("QUOTA_EXCEEDED", S::TOO_MANY_REQUESTS),
            Self::RatesUnavailable => ("RATE_LIMIT_STORE_UNAVAILABLE", S::SERVICE_UNAVAILABLE),
            Self::Timeout => ("GATEWAY_TIMEOUT", S::GATEWAY_TIMEOUT),
            Self::Internal => ("INTERNAL_SERVER_ERROR", S::INTERNAL_SERVER_ERROR),
            Self::UpstreamUnreachable => ("UPSTREAM_UNREACHABLE", S::BAD_GATEWAY),
            Self::UpstreamBroken => ("UPSTREAM_BROKEN", S::BAD_GATEWAY),
            Self::UpstreamUnavailable => ("UPSTREAM_UNAVAILABLE", S::SERVICE_UNAVAILABLE),
            Self::NotCached => ("NOT_CACHED", S::GATEWAY_TIMEOUT),
            Self::Maintenance => ("MAINTENANCE", S::SERVICE_UNAVAILABLE),
            Self::RequestTooLarge => ("REQUEST_TOO_LARGE", S::PAYLOAD_TOO_LARGE),
            Self::UpstreamTooLarge => ("UPSTREAM_TOO_LARGE", S::BAD_GATEWAY),
            Self::SubgraphError => ("DOWNSTREAM_SERVICE_ERROR", S::OK),
            Self::SubgraphHttp => ("SUBREQUEST_HTTP_ERROR", S::OK),
            Self::SubgraphMalformed => ("SUBREQUEST_MALFORMED_RESPONSE", S::OK),
            Self::InvalidResponse => ("RESPONSE_VALIDATION_FAILED", S::OK),
            Self::UnauthorizedField => ("UNAUTHORIZED_FIELD_OR_TYPE", S::OK),
            Self::UnauthorizedOperation => ("UNAUTHORIZED_FIELD_OR_TYPE", S::FORBIDDEN),
        };
        let ok_in_json = match self {
            Self::ValidationFailed | Self::IntrospectionDisabled => true,
            _ => status == S::OK,
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
