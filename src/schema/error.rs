//! Why a supergraph cannot be served.

/// A supergraph that is refused. Whoever holds an older one keeps it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the supergraph is not valid GraphQL:\n{0}")]
    Invalid(String),
    #[error(
        "this is not a supergraph: the schema has no `@link` (or `@core`) to https://specs.apollo.dev/join"
    )]
    NotASupergraph,
    #[error(
        "the supergraph needs `{url}` (for: {purpose}), which Graphway does not support (in this version)"
    )]
    Unsupported { url: String, purpose: String },
    #[error("{coordinate}: {message}")]
    At { coordinate: String, message: String },
}

impl Error {
    /// An error at a schema coordinate (`Type.field`).
    pub(super) fn at(coordinate: impl Into<String>, message: impl Into<String>) -> Self {
        Self::At {
            coordinate: coordinate.into(),
            message: message.into(),
        }
    }
}
