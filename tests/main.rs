//! The project's one test binary: the house rules (`tidy`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(unreachable_pub, reason = "a test binary shows nothing to anyone")]

mod tidy;
