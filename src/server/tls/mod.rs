//! TLS towards clients: which certificate is for whom, and whom clients have to show.
//!
//! Each certificate is a virtual host with settings of its own. A client chooses by the name in its first message (SNI),
//! before anything else is settled, and what it may do later goes by that choice: a connection that was made for one host
//! does not serve another that would have asked its client for a certificate, or for another one.

mod config;
mod identity;

pub use config::{
    CertificateConfig, ClientAuthentication, HostPattern, Mode, Pem, PemFile, SupergraphTls,
    TlsConfig, Version,
};

use crate::gateway::Misfit;
use identity::{Identity, Wrong};
use rustls::ServerConfig;
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Certificates that end sooner than this are warned about.
const ENDS_SOON: Duration = Duration::from_hours(14 * 24);
/// The gauge of when that is.
const EXPIRY: &str = "api_tls_certificate_expiry_timestamp_seconds";
/// What metrics call the host of a certificate that names none.
const NAMELESS: &str = "none";

/// The virtual hosts of one configuration.
#[derive(Debug)]
pub(super) struct Tls {
    /// The first one is for whoever wants another.
    hosts: Vec<VirtualHost>,
    /// By names; a `*.` at the beginning stands for one label.
    by_name: HashMap<String, Named>,
    is_strict: bool,
    /// Whether any asks clients who they are.
    asks: bool,
    /// When the certificates of hosts end to be valid.
    expiries: BTreeMap<String, i64>,
}

#[derive(Clone, Copy, Debug)]
struct Named {
    index: usize,
    /// By the settings, not only by the certificate.
    is_explicit: bool,
}

#[derive(Debug)]
struct VirtualHost {
    config: Arc<ServerConfig>,
    /// The file of those that vouch for its clients. None: clients are not asked.
    authority: Option<Arc<Path>>,
}

/// One of the virtual hosts, as a client has chosen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chosen(usize);

impl Tls {
    /// None: there are no certificates.
    pub(super) fn new(config: &TlsConfig) -> Result<Option<Self>, Misfit> {
        if !config.is_on() {
            let at = match config {
                TlsConfig {
                    client_authentication: Some(_),
                    ..
                } => "client_authentication",
                TlsConfig {
                    strict_sni: true, ..
                } => "strict_sni",
                _ => return Ok(None),
            };
            let message = "this needs a certificate of our own: give `tls.certificates`";
            return Err(misfit(&[at], message.to_owned()));
        }
        let mut tls = Self {
            hosts: Vec::new(),
            by_name: HashMap::new(),
            is_strict: config.strict_sni,
            asks: false,
            expiries: BTreeMap::new(),
        };
        let clients = config.client_authentication.as_ref();
        if let Some(own) = &config.supergraph {
            let chain: Vec<&Pem> = [&own.certificate]
                .into_iter()
                .chain(&own.certificate_chain)
                .collect();
            let added = Identity::read(&chain, &own.key)
                .and_then(|identity| tls.add(identity, &[], (config.min_version, clients)));
            added.map_err(|(key, why)| match key {
                "client_authentication" => misfit(&[key], why),
                _ => misfit(&["supergraph", key], why),
            })?;
        }
        for (index, entry) in config.certificates.iter().enumerate() {
            let clients = entry.client_authentication.as_ref().or(clients);
            let added =
                Identity::read(&[&entry.certificate.text], &entry.key.text).and_then(|identity| {
                    tls.add(identity, &entry.hosts, (config.min_version, clients))
                });
            added.map_err(|(key, why)| misfit(&["certificates", &index.to_string(), key], why))?;
        }
        Ok(Some(tls))
    }

    fn add(
        &mut self,
        identity: Identity,
        hosts: &[HostPattern],
        (oldest, clients): (Version, Option<&ClientAuthentication>),
    ) -> Result<(), Wrong> {
        let (named, expires) = identity.names()?;
        let index = self.hosts.len();
        for HostPattern(host) in hosts {
            let name = Named {
                index,
                is_explicit: true,
            };
            let before = self.by_name.insert(host.clone(), name);
            if before.is_some_and(|before| before.is_explicit) {
                return Err(("hosts", format!("`{host}` has a certificate further up")));
            }
        }
        let mut shown: Vec<String> = match hosts {
            [] => named,
            hosts => hosts.iter().map(|host| host.0.clone()).collect(),
        };
        for host in &shown {
            let name = Named {
                index,
                is_explicit: false,
            };
            self.by_name.entry(host.clone()).or_insert(name);
        }
        if shown.is_empty() {
            shown.push(NAMELESS.to_owned());
        }
        for host in shown {
            let named = self.by_name.get(&host);
            if named.is_none_or(|named| named.index == index) {
                self.expiries.insert(host, expires);
            }
        }
        self.asks |= clients.is_some();
        self.hosts.push(VirtualHost {
            config: Arc::new(identity.server_config(oldest, clients)?),
            authority: clients.map(|clients| Arc::from(clients.ca.path())),
        });
        Ok(())
    }

    /// The virtual host for a client that wants this one. None: it is turned away.
    pub(super) fn choose(&self, host: Option<&str>) -> Option<Chosen> {
        let named = host.and_then(|host| {
            let host = host.to_ascii_lowercase();
            let wildcard = || host.split_once('.').map(|(_, rest)| format!("*.{rest}"));
            let name = self.by_name.get(&host);
            name.or_else(|| self.by_name.get(&wildcard()?))
        });
        match named {
            Some(name) => Some(Chosen(name.index)),
            None => (!self.is_strict).then_some(Chosen(0)),
        }
    }

    /// How its connections are encrypted.
    pub(super) fn config(&self, Chosen(index): Chosen) -> Option<&Arc<ServerConfig>> {
        self.hosts.get(index).map(|host| &host.config)
    }

    /// Whether a request for this host came on a connection that was made for another, and the client may have got around
    /// showing who it is, or has shown it to somebody else.
    pub(super) fn is_misdirected(
        &self,
        chosen: Chosen,
        server_name: Option<&str>,
        authority: Option<&str>,
    ) -> bool {
        let Some(authority) = authority.filter(|_| self.asks) else {
            return false;
        };
        let host = host_of(authority);
        if server_name.is_some_and(|name| name.eq_ignore_ascii_case(host)) {
            return false;
        }
        let meant = self.choose(Some(host));
        match server_name {
            None => meant != Some(chosen),
            Some(_) => meant.is_none_or(|meant| self.asks(meant)) || self.asks(chosen),
        }
    }

    fn asks(&self, chosen: Chosen) -> bool {
        self.authority(chosen).is_some()
    }

    /// The file of those that vouch for its clients.
    pub(super) fn authority(&self, Chosen(index): Chosen) -> Option<&Arc<Path>> {
        self.hosts.get(index)?.authority.as_ref()
    }
}

/// Tells when certificates end to be valid; of those that are gone, that they are.
pub(super) fn announce(before: Option<&Tls>, now: Option<&Tls>) {
    let gauge = |host: &str| metrics::gauge!(EXPIRY, "host" => host.to_owned());
    metrics::describe_gauge!(
        EXPIRY,
        "When the certificate that is shown for a host ends to be valid, in seconds since 1970."
    );
    for host in before.iter().flat_map(|tls| tls.expiries.keys()) {
        gauge(host).set(f64::NAN);
    }
    let clock = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    for (host, expires) in now.iter().flat_map(|tls| &tls.expiries) {
        gauge(host).set(*expires as f64);
        let left = expires.saturating_sub_unsigned(clock.as_secs());
        if left <= 0 {
            tracing::warn!("the certificate for {host} is no longer valid");
        } else if left.unsigned_abs() < ENDS_SOON.as_secs() {
            let days = left / (24 * 60 * 60);
            tracing::warn!("the certificate for {host} is valid for {days} more days");
        }
    }
}

/// The host of an authority, without its port and the dot of the root.
fn host_of(authority: &str) -> &str {
    let host = match authority.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.strip_suffix('.').unwrap_or(host)
}

fn misfit(at: &[&str], message: String) -> Misfit {
    let at = ["tls"].iter().chain(at);
    Misfit {
        at: at.map(|key| (*key).to_owned()).collect(),
        message,
    }
}

#[cfg(test)]
mod tests;
