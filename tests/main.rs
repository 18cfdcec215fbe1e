//! Every test of Graphway, in one binary.

#[cfg(feature = "compose")]
mod composition;
