//! Where Redis is, as far as connections may go there (`egress`).

use crate::{gateway::seldom::Seldom, upstream::Egress};
use redis::{RedisFuture, io::AsyncDNSResolver};
use std::{io, net::SocketAddr, time::Instant};
use tokio::net::lookup_host;

/// Looks its name up for each connection.
pub(super) struct Resolver {
    egress: Egress,
    seldom: Seldom,
}

impl Resolver {
    pub(super) fn new(egress: Egress) -> Self {
        Self {
            egress,
            seldom: Seldom::default(),
        }
    }
}

impl AsyncDNSResolver for Resolver {
    fn resolve<'a, 'b: 'a>(
        &'a self,
        host: &'b str,
        port: u16,
    ) -> RedisFuture<'a, Box<dyn Iterator<Item = SocketAddr> + Send + 'a>> {
        Box::pin(async move {
            let addresses = lookup_host((host, port)).await?;
            let permitted = self.egress.permitted(addresses).map_err(|denied| {
                if let Some(times) = self.seldom.happened(Instant::now()) {
                    tracing::warn!(times, "rate limits: Redis is not called: {denied}");
                }
                io::Error::other(denied)
            })?;
            let permitted: Box<dyn Iterator<Item = SocketAddr> + Send> =
                Box::new(permitted.into_iter());
            Ok(permitted)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_leads_to_where_connections_may_not_go() {
        let resolver = Resolver::new(Egress::default());
        for denied in ["169.254.169.254", "2852039166", "::ffff:169.254.169.254"] {
            assert!(resolver.resolve(denied, 6379).await.is_err(), "{denied}");
        }
        assert!(resolver.resolve("127.0.0.1", 6379).await.is_ok());
    }
}
