//! Rate limits that several routers share, with a real Redis.
//!
//! Not part of `cargo test`, for not everybody has one: `cargo test --test redis`. CI does so.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(unreachable_pub, reason = "a test binary shows nothing to anyone")]

mod gateway;
#[path = "../kit/mod.rs"]
#[allow(dead_code, unused_imports, reason = "other tests use the rest")]
mod kit;
mod routers;
mod server;
