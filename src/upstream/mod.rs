//! Named groups of endpoints and how to call them well.
//!
//! An [`Upstream`] is called in three steps: *pick* an endpoint, *call* it, *report* how it went (`group`, `connections`,
//! `deliver`). Balancing (`balance`), health (`health`), ejection (`outlier`) and the circuit breaker (`breaker`) are
//! policies of the first and the last; they never touch the call itself. They are state machines that are told the time.
//! Retries (`retry`, `budget`) are more tries of the same three steps. Subgraphs and REST services are both upstreams, so
//! this layer knows HTTP and nothing of GraphQL.

mod aside;
mod balance;
mod body;
mod breaker;
mod budget;
mod call_error;
mod causes;
mod checking;
mod coding;
mod collect;
mod compressing;
mod config;
mod connections;
mod control;
mod deliver;
mod dial;
mod egress;
mod endpoint;
mod forward;
mod group;
mod health;
mod http2;
mod inflate;
mod measured;
mod member;
mod network;
mod outbound;
mod outlier;
mod paced;
mod percent;
mod pool;
mod progress;
mod registry;
mod resolving;
mod retry;
mod stalling;
mod status;
mod status_set;
mod tls;
mod upgrade;
mod whole;

pub use balance::{LoadBalancing, Policy};
pub use body::Body;
pub use breaker::CircuitBreaker;
pub use budget::RetryBudget;
pub use call_error::{CallError, Unavailable};
pub use coding::{Coding, InflateError, UnknownCoding};
pub use collect::{CollectError, collect};
pub use config::{ByteSize, Config, Dns, Mismatch, UpstreamLimits, WeightedEndpoint};
pub use connections::Connections;
pub use control::Control;
pub use egress::{Denied, Egress};
pub use endpoint::{Endpoint, EndpointError};
pub use forward::{EndsByClosing, Forward, ForwardError, GoesOn};
pub use group::Upstream;
pub use health::{CheckedHost, CheckedPath, HealthCheck};
pub use http2::Http2;
pub use network::Network;
pub use outbound::Outbound;
pub use outlier::OutlierDetection;
pub use percent::Percent;
pub use registry::{Registry, UpstreamError};
pub use retry::{Hedge, On, Retry};
pub use status::Status;
pub use status_set::StatusSet;
pub use tls::{TlsConfig, TlsError};
pub use upgrade::{Lifetime, Splice, Tally};
pub use whole::{Call, Response};
