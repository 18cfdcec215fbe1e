//! What can go wrong in a part of a response. Statuses and masking are the gateway's table, not ours.

use crate::schema::SubgraphId;
use apollo_compiler::Name;
use serde_json::{Map, Value};

/// A field error (GraphQL spec section 7.1.2): the request as a whole goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    pub code: ErrorCode,
    pub message: String,
    /// Where in the client's response, in response keys and list indices. Empty: the whole response.
    pub path: Vec<PathSegment>,
    /// The subgraph it came from, if any.
    pub subgraph: Option<SubgraphId>,
    /// A subgraph's own `extensions`; shown only where the configuration includes subgraph errors.
    pub extensions: Map<String, Value>,
}

impl Error {
    /// The response as a whole could not be made.
    pub(super) fn internal() -> Self {
        Self {
            code: ErrorCode::Malformed,
            message: "the response could not be written".to_owned(),
            path: Vec::new(),
            subgraph: None,
            extensions: Map::new(),
        }
    }
}

/// A step of an error's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathSegment {
    Key(Name),
    Index(usize),
}

/// The kinds of field errors; the gateway's table gives each its wire code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The subgraph answered with a GraphQL error.
    Subgraph,
    /// The subgraph could not be reached, or the connection broke.
    Connection,
    /// The subgraph answered with an HTTP status that says failure and no GraphQL response.
    Http(u16),
    /// The subgraph did not answer in time.
    Timeout,
    /// The subgraph's answer is not a GraphQL response: not JSON, no `data`, the wrong shape, too large.
    Malformed,
    /// The subgraph was not asked, for that would cost too much.
    TooExpensive,
    /// The caller may not have it.
    Unauthorized,
    /// A value does not fit the type of its field.
    WrongType,
    /// A non-null field has no value and no other error explains it, or a context does not set a non-null argument.
    UnexpectedNull,
}
