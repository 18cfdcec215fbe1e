//! The rules, as they count in one process.

#![allow(dead_code, reason = "what else the gateway does with them")]

mod agreement;
#[path = "../../../../src/gateway/rates/bucket.rs"]
mod bucket;
#[path = "../../../../src/gateway/rates/quota.rs"]
mod quota;
#[path = "../../../../src/gateway/rates/rule.rs"]
mod rule;
#[path = "../../../../src/gateway/rates/window.rs"]
mod window;
