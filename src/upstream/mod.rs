//! Named groups of endpoints and how to call them well.
//!
//! An [`Upstream`] is called in three steps: *pick* an endpoint, *call* it, *report* how it went. Balancing, health and
//! ejection are policies of the first and the last; they never touch the call itself. Subgraphs and REST services are
//! both upstreams, so this layer knows HTTP and nothing of GraphQL.

mod aside;
mod body;
mod causes;
mod coding;
mod collect;
mod compressing;
mod config;
mod connections;
mod endpoint;
mod forward;
mod group;
mod inflate;
mod paced;
mod progress;
mod registry;
mod upgrade;

pub use body::Body;
pub use coding::{Coding, InflateError, UnknownCoding};
pub use collect::{CollectError, collect};
pub use config::{ByteSize, Config, Http2};
pub use connections::Connections;
pub use endpoint::{Endpoint, EndpointError};
pub use forward::{Forward, ForwardError};
pub use group::{Call, CallError, Response, Upstream};
pub use registry::Registry;
pub use upgrade::{Lifetime, Splice, Tally};
