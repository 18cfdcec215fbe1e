//! Why a document or its variables are refused. All of these are request errors: nothing was executed.

use apollo_compiler::validation::DiagnosticList;

/// A problem in the document's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub message: String,
    /// Line and column, from 1, where known.
    pub location: Option<(usize, usize)>,
}

/// A refused document, or refused variables.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the document is not GraphQL")]
    Syntax(Vec<Diagnostic>),
    #[error("the document has more than {limit} tokens")]
    TokenLimit { limit: usize },
    #[error("the document is nested more than {limit} levels deep")]
    RecursionLimit { limit: usize },
    #[error("the document does not fit the schema")]
    Validation(Vec<Diagnostic>),
    #[error("the document has no operation")]
    NoOperation,
    #[error("the document has no operation named \"{0}\"")]
    UnknownOperation(String),
    #[error("the document has several operations: say which one with operationName")]
    AmbiguousOperation,
    #[error("{0} are not supported yet")]
    Unsupported(&'static str),
    #[error("the operation selects more than {limit} fields once its fragments are expanded")]
    TooComplex { limit: usize },
    #[error("{0}")]
    Variables(String),
}

impl Diagnostic {
    pub(super) fn all(list: &DiagnosticList) -> Vec<Self> {
        list.iter()
            .map(|diagnostic| Self {
                message: diagnostic.error.to_string(),
                location: diagnostic
                    .line_column_range()
                    .map(|range| (range.start.line, range.start.column)),
            })
            .collect()
    }
}
