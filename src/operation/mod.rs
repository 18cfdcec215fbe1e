//! Client documents: text → validated [`Document`] → normalised [`Operation`] without fragments or conditions.
//!
//! [`prepare`] parses, validates and measures a document once; [`Document::fold`] settles its `@skip` and `@include`
//! for one set of condition values, and says which labels of `@override` are on. What comes out is the tree of what each
//! runtime type is asked for, which the planner reads. This layer knows types but no subgraphs, and never sees a
//! request's headers or caller.

mod arguments;
mod conditions;
mod depends;
mod document;
mod error;
mod fold;
mod measure;
mod normal;
mod permits;
mod variables;

pub use arguments::Arguments;
pub use conditions::Conditions;
pub use document::{Document, ParserLimits, prepare};
pub use error::{Diagnostic, Error};
pub use measure::{LimitExceeded, Limits, Measured, Measures};
pub use normal::{Field, Operation, Selections, Variable};
pub use permits::Demanded;

/// The three kinds of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationKind {
    Query,
    Mutation,
    Subscription,
}

impl std::fmt::Display for OperationKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        })
    }
}

impl From<apollo_compiler::executable::OperationType> for OperationKind {
    fn from(kind: apollo_compiler::executable::OperationType) -> Self {
        use apollo_compiler::executable::OperationType;
        match kind {
            OperationType::Query => Self::Query,
            OperationType::Mutation => Self::Mutation,
            OperationType::Subscription => Self::Subscription,
        }
    }
}
