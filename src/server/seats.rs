//! How many connections there may be, altogether and for one client.

use crate::gateway::{IPV6_CLIENT_BITS, network_of};
use metrics::{Counter, Gauge};
use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::OwnedSemaphorePermit;

/// Who has how many connections.
pub(super) struct Clients {
    each_max: NonZero<usize>,
    refused: Counter,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place. It is given back when the connection ends, whoever has it then.
pub(super) struct Seat {
    pub(super) _place: OwnedSemaphorePermit,
    pub(super) client: Option<Client>,
    /// Connections of the worker.
    pub(super) load: Arc<AtomicUsize>,
    /// Connections of clients, for the metric. None: not one of those.
    pub(super) active: Option<Gauge>,
}

/// One of a client's connections.
pub(super) struct Client {
    clients: Arc<Clients>,
    address: IpAddr,
}

impl Clients {
    /// Each may have so many.
    pub(super) fn new(each_max: NonZero<usize>) -> Arc<Self> {
        metrics::describe_counter!(
            "api_connections_refused_total",
            "Connections of clients that have too many."
        );
        Arc::new(Self {
            each_max,
            refused: metrics::counter!("api_connections_refused_total"),
            taken: Mutex::default(),
        })
    }

    /// Counts a connection. None: this client has too many.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Client> {
        let client = network_of(address, IPV6_CLIENT_BITS);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(client).or_default();
        if *count >= self.each_max.get() {
            self.refused.increment(1);
            tracing::debug!(%address, "a connection is refused: its client has too many");
            return None;
        }
        *count += 1;
        Some(Client {
            clients: Arc::clone(self),
            address: client,
        })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let taken = self.clients.taken.lock();
        let mut taken = taken.unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.load.fetch_sub(1, Ordering::Relaxed);
        if let Some(active) = &self.active {
            active.decrement(1);
        }
    }
}

#[cfg(test)]
mod tests {
    //! Places are counted by client, and given back.

    use super::*;

    #[test]
    fn a_client_has_so_many_and_no_more() {
        let clients = Clients::new(NonZero::<usize>::MIN.saturating_add(1));
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let first = clients.admit(address("10.0.0.1"));
        let second = clients.admit(address("::ffff:10.0.0.1"));
        assert!(first.is_some() && second.is_some());
        assert!(clients.admit(address("10.0.0.1")).is_none());
        assert!(clients.admit(address("10.0.0.2")).is_some());
        drop(first);
        let third = clients.admit(address("10.0.0.1"));
        assert!(third.is_some());
        drop((second, third));

        let _one = clients.admit(address("2001:db8::1"));
        let _two = clients.admit(address("2001:db8::2"));
        assert!(clients.admit(address("2001:db8::3")).is_none());
        assert!(clients.admit(address("2001:db8:0:1::1")).is_some());
        assert_eq!(clients.taken.lock().unwrap().len(), 1);
    }
}
