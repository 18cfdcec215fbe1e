//! Runs a plan: sends its fetches, joins what comes back, writes the response.
//!
//! [`compile`] turns a plan into a [`Program`] once; [`run`] executes it per request. A fetch starts as soon as those
//! it waits for are done. This layer knows GraphQL over HTTP towards subgraphs, but nothing of clients, headers or
//! policies: whoever calls it passes [`Subgraphs`] that already knows them.

mod error;
mod request;

pub use error::{Error, ErrorCode, PathSegment};
pub use request::{Answer, Call, CallError, Reply, Request, Response, Subgraphs};
