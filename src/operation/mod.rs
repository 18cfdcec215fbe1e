//! Client documents: text → validated [`Document`] → normalised [`Operation`] without fragments or conditions.
//!
//! [`prepare`] parses, validates and measures a document once; [`Document::fold`] settles its `@skip` and `@include`
//! for one set of condition values. What comes out is a tree of positions that the planner reads. This layer knows the
//! API schema but no subgraphs, and never sees a request's headers or caller.

/// The three kinds of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationKind {
    Query,
    Mutation,
    Subscription,
}
