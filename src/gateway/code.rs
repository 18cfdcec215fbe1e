//! The one table of codes: their names on the wire, their statuses, and what they mean.
//!
//! The list is closed: codes are part of the public interface (`docs/errors.md`) and keep their meaning.

use crate::executor;
use http::StatusCode;

/// A code's row.
struct Row {
    name: &'static str,
    /// The HTTP status of a response that has nothing but errors of this code.
    status: StatusCode,
    /// Towards a client that takes `application/json`. 200 where the request was well-formed: by the legacy rule of GraphQL
    /// over HTTP the status speaks of the transport alone.
    status_in_json: StatusCode,
    meaning: &'static str,
}

/// Makes the codes of their rows: `Code: "NAME ON THE WIRE", STATUS or STATUS_IN_JSON, "what it means";`
macro_rules! codes {
    ($($code:ident: $name:literal, $status:ident $(or $json:ident)?, $meaning:literal;)*) => {
        /// What went wrong, as `extensions.code`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $code,)*
        }

        impl Code {
            /// All codes, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$code,)*];

            const fn row(self) -> Row {
                match self {
                    $(Self::$code => Row {
                        name: $name,
                        status: StatusCode::$status,
                        status_in_json: codes!(@last $status $($json)?),
                        meaning: $meaning,
                    },)*
                }
            }
        }
    };
    (@last $status:ident) => { StatusCode::$status };
    (@last $status:ident $json:ident) => { StatusCode::$json };
}

codes! {
    // The HTTP request.
    BadRequest: "BAD_REQUEST", BAD_REQUEST, "the request is not sound HTTP, or could be read in two ways (`docs/gate.md`)";
    HeadTooLarge: "REQUEST_HEAD_TOO_LARGE", REQUEST_HEADER_FIELDS_TOO_LARGE, "the request's head is over `limits.http1_…` or `limits.http2_…`";
    HttpVersion: "HTTP_VERSION_NOT_SUPPORTED", HTTP_VERSION_NOT_SUPPORTED, "a version of HTTP other than 1.0, 1.1 and 2";
    MisdirectedRequest: "MISDIRECTED_REQUEST", MISDIRECTED_REQUEST, "the connection was made for another host, and client certificates are asked for (`docs/tls.md`)";
    NotFound: "NOT_FOUND", NOT_FOUND, "there is nothing at this path";
    MethodNotAllowed: "METHOD_NOT_ALLOWED", METHOD_NOT_ALLOWED, "another method is needed; `Allow` says which";
    NotAcceptable: "INVALID_ACCEPT_HEADER", NOT_ACCEPTABLE, "`Accept` allows none of the media types there are";
    UnsupportedMediaType: "INVALID_CONTENT_TYPE_HEADER", UNSUPPORTED_MEDIA_TYPE, "`Content-Type` is not JSON, or `Content-Encoding` is not known";
    Csrf: "CSRF_ERROR", BAD_REQUEST, "a browser might have sent this for another site (`csrf`)";
    TooLarge: "INVALID_GRAPHQL_REQUEST", PAYLOAD_TOO_LARGE, "the body is over `limits.http_max_request_bytes`";
    SlowRequest: "REQUEST_TIMEOUT", REQUEST_TIMEOUT, "the request did not come in time";
    InvalidRequest: "INVALID_GRAPHQL_REQUEST", BAD_REQUEST, "the body is not a GraphQL request";
    BatchingNotEnabled: "BATCHING_NOT_ENABLED", BAD_REQUEST, "the body is a list of requests";
    MissingQuery: "MISSING_QUERY_STRING", BAD_REQUEST, "the request has no `query`";
    InvalidParameter: "INVALID_PARAMETER", BAD_REQUEST, "a parameter of a REST route that an operation answers does not fit its type";
    // Whoever sends it.
    Unauthenticated: "AUTH_ERROR", UNAUTHORIZED, "who sends it is not shown, or not as it must be (`docs/authentication.md`)";
    NoKeysYet: "AUTH_KEYS_UNAVAILABLE", SERVICE_UNAVAILABLE, "who sends it cannot be found out now: a token's issuer has not told its keys yet, or `authentication.forward` or the OpenID provider cannot be reached";
    LoginFailed: "LOGIN_FAILED", BAD_REQUEST, "signing in has not come to its end, and must be begun again (`docs/login.md`)";
    Forbidden: "FORBIDDEN", FORBIDDEN, "whoever sends it may not come in here: its groups, where it comes from (`docs/policies.md`), or by which name (`admin.hosts`)";
    NotImplemented: "NOT_IMPLEMENTED", NOT_IMPLEMENTED, "the method is not served here";
    // The document and its variables.
    ParseFailed: "GRAPHQL_PARSE_FAILED", BAD_REQUEST, "the document is not GraphQL";
    TokenLimit: "MAX_TOKENS_LIMIT", BAD_REQUEST, "the document is over `limits.parser_max_tokens`";
    RecursionLimit: "MAX_RECURSION_LIMIT", BAD_REQUEST, "the document is over `limits.parser_max_recursion`";
    ValidationFailed: "GRAPHQL_VALIDATION_FAILED", BAD_REQUEST or OK, "the document does not fit the schema";
    UnknownOperation: "GRAPHQL_UNKNOWN_OPERATION_NAME", BAD_REQUEST, "the document has no operation, or not that one";
    Variables: "VALIDATION_INVALID_TYPE_VARIABLE", BAD_REQUEST, "variables do not fit their types";
    Unsupported: "NOT_SUPPORTED", BAD_REQUEST, "a part of GraphQL that is not served";
    TooComplex: "OPERATION_TOO_COMPLEX", BAD_REQUEST, "the operation takes too much to plan or to expand";
    DepthLimit: "MAX_DEPTH_LIMIT", BAD_REQUEST, "over `limits.max_depth`";
    HeightLimit: "MAX_HEIGHT_LIMIT", BAD_REQUEST, "over `limits.max_height`";
    AliasesLimit: "MAX_ALIASES_LIMIT", BAD_REQUEST, "over `limits.max_aliases`";
    RootFieldsLimit: "MAX_ROOT_FIELDS_LIMIT", BAD_REQUEST, "over `limits.max_root_fields`";
    IntrospectionDisabled: "INTROSPECTION_DISABLED", BAD_REQUEST or OK, "`supergraph.introspection` is off";
    CostEstimated: "COST_ESTIMATED_TOO_EXPENSIVE", BAD_REQUEST, "over what an operation may cost (`docs/demand-control.md`)";
    CostUnknown: "COST_QUERY_PARSE_FAILURE", BAD_REQUEST, "not exactly one slicing argument where the schema wants that";
    // Us.
    PlanningFailed: "QUERY_PLANNING_FAILED", INTERNAL_SERVER_ERROR, "the supergraph has no way to answer it; the log says why";
    Overloaded: "REQUEST_CONCURRENCY_LIMITED", SERVICE_UNAVAILABLE, "too much is waiting here; `Retry-After` says when to come again";
    RateLimited: "REQUEST_RATE_LIMITED", SERVICE_UNAVAILABLE, "more requests than `ratelimit.global` lets through";
    Throttled: "RATE_LIMITED", TOO_MANY_REQUESTS, "more than this caller may send; `Retry-After` says when to come again";
    QuotaExceeded: "QUOTA_EXCEEDED", TOO_MANY_REQUESTS, "the quota of the caller's plan is used up";
    RatesUnavailable: "RATE_LIMIT_STORE_UNAVAILABLE", SERVICE_UNAVAILABLE, "Redis cannot tell whether it is too much, and `redis.fallback` is `deny`";
    Timeout: "GATEWAY_TIMEOUT", GATEWAY_TIMEOUT, "it took longer than it may; for one subgraph, at its path";
    Internal: "INTERNAL_SERVER_ERROR", INTERNAL_SERVER_ERROR, "something failed here; the log says what";
    // Upstreams of REST routes.
    UpstreamUnreachable: "UPSTREAM_UNREACHABLE", BAD_GATEWAY, "a route's upstream could not be reached";
    UpstreamBroken: "UPSTREAM_BROKEN", BAD_GATEWAY, "a route's upstream broke off, or did not speak HTTP";
    UpstreamUnavailable: "UPSTREAM_UNAVAILABLE", SERVICE_UNAVAILABLE, "a route's upstream is out of service, or has too much to do (`docs/upstreams.md`)";
    NotCached: "NOT_CACHED", GATEWAY_TIMEOUT, "`only-if-cached`, and it is not (`docs/cache.md`)";
    Maintenance: "MAINTENANCE", SERVICE_UNAVAILABLE, "`maintenance` is on";
    RequestTooLarge: "REQUEST_TOO_LARGE", PAYLOAD_TOO_LARGE, "the body is over the route's `max_request_bytes`";
    UpstreamTooLarge: "UPSTREAM_TOO_LARGE", BAD_GATEWAY, "the answer is over the route's `max_response_bytes`";
    // Subgraphs. These come with data, at a path.
    SubgraphError: "DOWNSTREAM_SERVICE_ERROR", OK, "a subgraph answered with an error; its words are redacted unless `include_subgraph_errors` says otherwise";
    SubgraphHttp: "SUBREQUEST_HTTP_ERROR", OK, "a subgraph could not be reached, or answered with a status of failure";
    SubgraphMalformed: "SUBREQUEST_MALFORMED_RESPONSE", OK, "a subgraph's answer is not a GraphQL response, or too large";
    SubgraphCost: "SUBGRAPH_COST_ESTIMATED_TOO_EXPENSIVE", OK, "a subgraph was not asked, for that would cost too much (`docs/demand-control.md`)";
    InvalidResponse: "RESPONSE_VALIDATION_FAILED", OK, "a value does not fit its type, or is missing where there must be one";
    // The caller may not have it.
    UnauthorizedField: "UNAUTHORIZED_FIELD_OR_TYPE", OK, "the caller may not have it (`docs/authorization.md`)";
    UnauthorizedOperation: "UNAUTHORIZED_FIELD_OR_TYPE", FORBIDDEN, "the caller may not have all of it, and `reject_unauthorized` is on";
}

impl Code {
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
        self.row().status_in_json
    }

    /// The HTTP status of an answer that is nothing but this error, outside of GraphQL: what subgraphs did wrong is 502.
    pub fn status_alone(self) -> StatusCode {
        match self.row().status {
            _ if self == Self::UnauthorizedField => Self::UnauthorizedOperation.status(),
            StatusCode::OK => StatusCode::BAD_GATEWAY,
            status => status,
        }
    }

    /// What it means, for those who get it.
    pub fn meaning(self) -> &'static str {
        self.row().meaning
    }

    /// The code of an error in a part of a response.
    pub fn of_field_error(code: executor::ErrorCode) -> Self {
        use executor::ErrorCode as E;
        match code {
            E::Subgraph => Self::SubgraphError,
            E::Connection | E::Http(_) => Self::SubgraphHttp,
            E::Timeout => Self::Timeout,
            E::Malformed => Self::SubgraphMalformed,
            E::TooExpensive => Self::SubgraphCost,
            E::Unauthorized => Self::UnauthorizedField,
            E::WrongType | E::UnexpectedNull => Self::InvalidResponse,
        }
    }
}
