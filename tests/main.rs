//! Every test of Graphway, in one binary.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(unreachable_pub, reason = "a test binary shows nothing to anyone")]

#[cfg(feature = "compose")]
mod composition;
mod edge;
mod gate;
mod gateway;
mod kit;
mod operation;
#[cfg(feature = "compose")]
mod planner;
mod plans;
mod rest;
mod schema;
mod security;
mod telemetry;
mod tidy;
#[cfg(feature = "compose")]
mod world;
