//! GraphQL over HTTP towards clients: from a request to the operation it asks for, and back to a response.
//!
//! See <https://graphql.github.io/graphql-over-http/draft/>.

mod accept;
mod decode;
mod encode;

pub(super) use accept::{Media, negotiate};
pub(super) use decode::{Method, check_method, decode, is_json};
pub(super) use encode::{encode, encode_plan, refuse, write_errors};
