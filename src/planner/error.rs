//! Why an operation cannot be planned.

/// A valid operation that no combination of fetches answers. Composition rules this out for sound supergraphs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("no subgraph can resolve `{coordinate}` at `{path}`")]
    Unreachable {
        /// `Type.field`.
        coordinate: String,
        /// Response keys from the root, joined by dots.
        path: String,
    },
    #[error("the operation is too large to plan: more than {limit} positions")]
    TooLarge { limit: usize },
}
