//! What the server is told.

use super::{
    proxies::TrustedProxiesConfig,
    proxy_protocol::ProxyProtocol,
    tls::{Tls, TlsConfig},
};
use crate::gateway::{Misfit, UrlPath};
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
    /// What sends clients on to TLS, if anything does.
    pub http_redirect: Option<HttpRedirectConfig>,
    pub edge: EdgeConfig,
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

/// How connections are met. Unlike the rest it may change while the server runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EdgeConfig {
    pub tls: TlsConfig,
    pub trusted_proxies: TrustedProxiesConfig,
    pub proxy_protocol: ProxyProtocol,
}

/// The `server.http_redirect` section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpRedirectConfig {
    /// A listener of its own.
    pub listen: SocketAddr,
    /// Where clients reach TLS.
    #[serde(default = "https")]
    pub port: u16,
}

fn https() -> u16 {
    443
}

/// The `admin` section.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminConfig {
    pub enabled: bool,
    /// A listener of its own: whoever reaches it sees where upstreams are.
    pub listen: SocketAddr,
    /// Names by which operators reach it, beside addresses and `localhost`.
    pub hosts: Vec<String>,
}

/// The `server.http` section.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// How long a connection may take to send the head of a request, from when it could begin to. Idle connections
    /// end by it too.
    pub header_read_timeout: Duration,
    /// How long a client may take for what comes before HTTP: the handshake of TLS, and the header of a load balancer.
    pub tls_handshake_timeout: Duration,
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

impl Config {
    /// Finds what does not fit together.
    pub fn check(&self) -> Result<(), Misfit> {
        let misfit = |key: &str, message: &str| Misfit {
            at: vec!["server".to_owned(), key.to_owned()],
            message: message.to_owned(),
        };
        let EdgeConfig {
            tls,
            trusted_proxies,
            proxy_protocol,
        } = &self.edge;
        Tls::new(tls)?;
        let http = &self.http;
        for (key, time) in [
            ("tls_handshake_timeout", http.tls_handshake_timeout),
            ("header_read_timeout", http.header_read_timeout),
            ("write_timeout", http.write_timeout),
            ("http2_idle_timeout", http.http2_idle_timeout),
        ] {
            if time.is_zero() {
                let mut misfit = misfit("http", "nobody is done in no time");
                misfit.at.push(key.to_owned());
                return Err(misfit);
            }
        }
        if self.http_redirect.is_some() && !tls.is_on() {
            let message = "there is no TLS to send clients to: give `tls.certificates`";
            return Err(misfit("http_redirect", message));
        }
        if *proxy_protocol != ProxyProtocol::Off && trusted_proxies.addresses.is_empty() {
            let message = "say who may speak it: give `server.trusted_proxies.addresses`";
            return Err(misfit("proxy_protocol", message));
        }
        Ok(())
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 4000).into(),
            workers: None,
            health: HealthConfig::default(),
            http_redirect: None,
            edge: EdgeConfig::default(),
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
            hosts: Vec::new(),
        }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            header_read_timeout: Duration::from_secs(10),
            tls_handshake_timeout: Duration::from_secs(10),
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
