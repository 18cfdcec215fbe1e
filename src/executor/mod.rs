//! Runs a plan: sends its fetches, joins what comes back, writes the response.
//!
//! [`compile()`] turns a plan into a [`Program`] once; [`run()`] executes it per request. A fetch starts as soon as those
//! it waits for are done. This layer knows GraphQL over HTTP towards subgraphs, but nothing of clients, headers or
//! policies: whoever calls it passes [`Subgraphs`] that already knows them.
//!
//! The parts, in the order in which a request meets them: `run` starts a fetch when its turn has come, `call` writes
//! its body with the representations of `entities` (`contexts` several, where arguments differ), `read` walks over what comes back, by the grammar of `json`, and `merge` puts it into `rows`,
//! `place` says where errors belong, and `write` makes the response, each leaf checked by `leaf`.

mod error;
mod request;

mod compile;
mod shape;

mod rows;
mod walk;

mod run;

mod call;
mod entities;

mod contexts;

mod json;
mod merge;
mod numbers;
mod read;
mod weigh;

mod errors;
mod place;

mod leaf;
mod write;

mod introspect;

#[cfg(test)]
mod tests;

pub use compile::{Limits, Program, Rules, compile, compile_by};
pub use error::{Error, ErrorCode, PathSegment};
pub use introspect::{IntrospectionError, introspect};
pub use request::{Answer, Call, CallError, Reply, Request, Response, Shared, Subgraphs};
pub use run::run;
