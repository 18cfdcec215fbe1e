//! The project's one test binary: what a unit test inside a layer cannot say.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(unreachable_pub, reason = "a test binary shows nothing to anyone")]

#[cfg(feature = "compose")]
mod world;
