//! The addresses the server listens on.

use super::{Config, Edge};
use crate::gateway::Misfit;
use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

/// Sockets that are bound but not accepted on yet: connections wait in the kernel's queue.
#[derive(Debug)]
pub struct Listeners {
    pub(super) main: TcpListener,
    pub(super) health: Option<TcpListener>,
    pub(super) redirect: Option<TcpListener>,
    pub(super) admin: Option<TcpListener>,
    edge: Arc<Edge>,
    address: SocketAddr,
    admin_address: Option<SocketAddr>,
    redirect_address: Option<SocketAddr>,
}

/// Why clients cannot be listened for.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("cannot listen on {address} ({key}): {error}{}", next_step(error))]
    Address {
        address: SocketAddr,
        key: &'static str,
        error: io::Error,
    },
    #[error(transparent)]
    Edge(#[from] Misfit),
}

fn next_step(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; stop what listens there, or give another address",
        io::ErrorKind::AddrNotAvailable => "; give an address of this machine, or 0.0.0.0 for all",
        io::ErrorKind::PermissionDenied => {
            "; give a port from 1024 on, or the right to use lower ones"
        }
        _ => "",
    }
}

impl Listeners {
    /// Binds every address of the configuration.
    pub fn bind(config: &Config) -> Result<Self, BindError> {
        let (main, address) = bind(config.listen, "supergraph.listen")?;
        let health = match config.health.listen.filter(|_| config.health.enabled) {
            Some(address) => Some(bind(address, "health_check.listen")?.0),
            None => None,
        };
        let admin = match config.admin.enabled {
            true => Some(bind(config.admin.listen, "admin.listen")?),
            false => None,
        };
        let redirect = match config.http_redirect {
            Some(redirect) => Some(bind(redirect.listen, "server.http_redirect.listen")?),
            None => None,
        };
        Ok(Self {
            main,
            health,
            edge: Arc::new(Edge::new(&config.edge)?),
            redirect_address: redirect.as_ref().map(|(_, address)| *address),
            redirect: redirect.map(|(listener, _)| listener),
            admin_address: admin.as_ref().map(|(_, address)| *address),
            admin: admin.map(|(listener, _)| listener),
            address,
        })
    }

    /// How those are met who connect.
    pub fn edge(&self) -> &Arc<Edge> {
        &self.edge
    }

    /// Where clients are sent on to TLS, if they are.
    pub fn redirect_address(&self) -> Option<SocketAddr> {
        self.redirect_address
    }

    /// Where operators connect, if they can.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// Where clients connect, with the real port where the configuration left it to the system.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn bind(address: SocketAddr, key: &'static str) -> Result<(TcpListener, SocketAddr), BindError> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|error| BindError::Address {
        address,
        key,
        error,
    })
}
