//! Turns an operation into a plan of subgraph fetches.
//!
//! Planning is pure: same supergraph and operation, same plan. It never sees variable values, headers or the network,
//! so a plan can be cached, printed and tested as text. Running it is `crate::executor`'s work.

mod plan;

pub use plan::{
    Entities, Fetch, FetchId, FetchKind, Leaf, Output, OutputField, OutputValue, Plan, Position,
    PositionId, Read, ReadField, Representation, RepresentationField, Target, Typename,
};
