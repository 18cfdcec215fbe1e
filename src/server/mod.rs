//! Sockets only: listeners, workers, TLS, HTTP/1 and HTTP/2, health, the orderly end.
//!
//! [`Listeners::bind`] takes the addresses, [`serve`] accepts on them until it is told to stop. One thread accepts and
//! hands each connection to the worker that has the fewest; a worker is a thread with a runtime of its own, and a
//! connection with all its requests stays on it. What a request means is the gateway's to know.

mod acceptor;
mod admin;
mod config;
mod connection;
mod crumbs;
mod edge;
mod health;
mod listeners;
mod meeting;
mod proxies;
mod proxy_protocol;
mod scan;
mod seats;
mod stall;
mod stream;
mod streams;
mod talk;
mod tls;
mod vigil;
mod wire;
mod worker;

pub use acceptor::{ServeError, serve};
pub use config::{
    AdminConfig, Config, EdgeConfig, HealthConfig, HttpConfig, HttpRedirectConfig, ShutdownConfig,
};
pub use edge::Edge;
pub use health::Health;
pub use listeners::{BindError, Listeners};
pub use proxies::{Ipv6Subnet, ProxyHeader, TrustedProxiesConfig};
pub use proxy_protocol::ProxyProtocol as ProxyProtocolConfig;
pub use scan::{Fault, Limits as HeadLimits, Scanner};
pub use tls::{
    CertificateConfig, ClientAuthentication, HostPattern, Mode as ClientAuthenticationMode, Pem,
    PemFile, SupergraphTls, TlsConfig, Version as TlsVersion,
};
