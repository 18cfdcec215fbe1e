//! How connections are met, which may change while we serve: TLS, and whose word we take for who a client is.

use super::{
    config::EdgeConfig,
    proxy_protocol::ProxyProtocol,
    tls::{self, Tls},
};
use crate::gateway::Misfit;
use arc_swap::ArcSwap;
use std::{fmt, net::IpAddr, sync::Arc};

/// What a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Main,
    Health,
    /// It sends clients on to TLS, at this port.
    Redirect(u16),
}

/// The rules that new connections are met by.
pub struct Edge(ArcSwap<Rules>);

/// Rules that can be taken.
pub struct Prepared(Rules);

/// Those of one configuration. A connection keeps the ones that it was met by.
pub(super) struct Rules {
    pub(super) config: EdgeConfig,
    /// None: clients are answered in the clear.
    pub(super) tls: Option<Arc<Tls>>,
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Edge").field(&self.0.load().config).finish()
    }
}

impl Edge {
    /// The first rules.
    pub fn new(config: &EdgeConfig) -> Result<Self, Misfit> {
        let tls = Tls::new(&config.tls)?.map(Arc::new);
        tls::announce(None, tls.as_deref());
        Ok(Self(ArcSwap::from_pointee(Rules {
            config: config.clone(),
            tls,
        })))
    }

    /// Other rules, ready to be taken. None: they are those there are.
    pub fn prepare(&self, config: &EdgeConfig) -> Result<Option<Prepared>, Misfit> {
        let before = self.rules();
        if before.config == *config {
            return Ok(None);
        }
        let tls = match before.config.tls == config.tls {
            true => before.tls.clone(),
            false => Tls::new(&config.tls)?.map(Arc::new),
        };
        Ok(Some(Prepared(Rules {
            config: config.clone(),
            tls,
        })))
    }

    /// Takes new certificates, where nothing else of the rules is another. Whether there are any.
    pub fn renew(&self, config: &EdgeConfig) -> Result<bool, Misfit> {
        let before = self.rules();
        let same = EdgeConfig {
            tls: config.tls.clone(),
            ..before.config.clone()
        };
        if same != *config || !config.tls.renews(&before.config.tls) {
            return Ok(false);
        }
        if let Some(prepared) = self.prepare(config)? {
            self.take(prepared);
        }
        Ok(true)
    }

    /// Takes other rules, for connections from now on. Sessions of TLS are forgotten if anything of it has changed.
    pub fn take(&self, Prepared(rules): Prepared) {
        let before = self.rules();
        if before.config.tls != rules.config.tls {
            tls::announce(before.tls.as_deref(), rules.tls.as_deref());
        }
        self.0.store(Arc::new(rules));
    }

    pub(super) fn rules(&self) -> Arc<Rules> {
        self.0.load_full()
    }
}

impl Rules {
    /// Whether a connection must begin with a header of the PROXY protocol. It is a load balancer's then, and its client
    /// is not known before.
    pub(super) fn expects_proxy_header(&self, role: Role, address: IpAddr) -> bool {
        self.config.proxy_protocol != ProxyProtocol::Off
            && role != Role::Health
            && self.config.trusted_proxies.trusts(address)
    }

    /// What it is encrypted by, if it is.
    pub(super) fn tls(&self, role: Role) -> Option<&Arc<Tls>> {
        self.tls.as_ref().filter(|_| role == Role::Main)
    }
}
