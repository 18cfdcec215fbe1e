//! What the server is told.

use crate::gateway::UrlPath;
use serde::Deserialize;
use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    time::Duration,
};

/// The server's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Worker threads. None: one for each processor.
    pub workers: Option<NonZero<usize>>,
    pub health: HealthConfig,
    pub admin: AdminConfig,
    pub http: HttpConfig,
    pub shutdown: ShutdownConfig,
    /// Headers of an HTTP/1 request.
    pub http1_headers_max: usize,
    /// Bytes of an HTTP/1 request head.
    pub http1_head_bytes_max: usize,
    /// Bytes of the decoded headers of an HTTP/2 request.
    pub http2_header_bytes_max: u32,
}

/// The `health_check` section.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HealthConfig {
    pub enabled: bool,
    pub path: UrlPath,
    /// A listener of its own. None: health is answered beside GraphQL.
    pub listen: Option<SocketAddr>,
}

/// The `admin` section.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminConfig {
    pub enabled: bool,
    /// A listener of its own: whoever reaches it sees where upstreams are.
    pub listen: SocketAddr,
}

/// The `server.http` section.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// How long a connection may take to send the head of a request, from when it could begin to. Idle connections
    /// end by it too.
    pub header_read_timeout: Duration,
    /// How long a client may take next to nothing of what it asked for.
    pub write_timeout: Duration,
    /// How long an HTTP/2 connection may be without a request.
    pub http2_idle_timeout: Duration,
    /// Open connections at a time; more wait in the kernel's queue.
    pub max_connections: NonZero<usize>,
    /// Of one address, or one network of IPv6 addresses (/64). More are closed.
    pub max_connections_per_ip: NonZero<usize>,
}

/// The `server.shutdown` section.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShutdownConfig {
    /// How long to go on serving after readiness has failed, so that load balancers notice.
    pub delay: Duration,
    /// How long requests in flight may then take to finish.
    pub grace: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 4000).into(),
            workers: None,
            health: HealthConfig::default(),
            admin: AdminConfig::default(),
            http: HttpConfig::default(),
            shutdown: ShutdownConfig::default(),
            http1_headers_max: 100,
            http1_head_bytes_max: 400 * 1024,
            http2_header_bytes_max: 16 * 1024,
        }
    }
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            path: UrlPath::from_static("/health"),
            listen: None,
        }
    }
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            listen: (Ipv4Addr::LOCALHOST, 9901).into(),
        }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            header_read_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            http2_idle_timeout: Duration::from_secs(120),
            max_connections: NonZero::<usize>::MIN.saturating_add(16_383),
            max_connections_per_ip: NonZero::<usize>::MIN.saturating_add(8_191),
        }
    }
}

impl Default for ShutdownConfig {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            grace: Duration::from_secs(30),
        }
    }
}
