//! Why an operation cannot be planned.

/// A valid operation that has no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No combination of fetches answers it. Composition rules this out for sound supergraphs.
    #[error("no subgraph can resolve `{coordinate}` at `{path}`")]
    Unreachable {
        /// `Type.field`.
        coordinate: String,
        /// Response keys from the root, joined by dots.
        path: String,
    },
    #[error("the operation is too large to plan: more than {limit} positions")]
    TooLarge { limit: usize },
    #[error("the operation is too complex to plan: more than {limit} steps")]
    OverBudget { limit: u64 },
    #[error("nobody waits for the plan any more")]
    Cancelled,
}
