//! Who sends a request, as far as the connection tells.

use super::client_certificate::ClientCertificate;
use http::HeaderValue;
use std::{
    net::{IpAddr, Ipv6Addr},
    path::Path,
    sync::Arc,
};

/// The other end of a connection, for one request: behind a proxy, the client it speaks for.
#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    /// Where the client is. Never one of version 4 in the clothes of version 6.
    pub address: IpAddr,
    /// What counts as one client where clients are limited: in version 6, who has one address has many of them.
    pub network: IpAddr,
    /// How the client speaks, to us or to the proxy that is trusted to say so.
    pub scheme: Scheme,
    /// Our own end of TLS. None: this connection is in the clear.
    pub tls: Option<&'a Tls>,
}

/// The scheme of the URL that a client has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

/// What a handshake has settled.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// The host that the client wanted (SNI), in lower case.
    pub server_name: Option<Box<str>>,
    /// Verified by then. None: the client has shown none, or was not asked to.
    pub certificate: Option<Box<ClientCertificate>>,
    /// The file of the authorities that the certificate was verified by, as the settings name it.
    pub authority: Option<Arc<Path>>,
    /// What upstreams are told of the certificate, if they are.
    pub told: Option<HeaderValue>,
}

/// How many bits of an address of version 6 are one client's, unless a configuration says otherwise.
pub const IPV6_CLIENT_BITS: u32 = 64;

impl Peer<'_> {
    /// A client in the clear.
    pub fn at(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self {
            address,
            network: network_of(address, IPV6_CLIENT_BITS),
            scheme: Scheme::Http,
            tls: None,
        }
    }
}

impl From<IpAddr> for Peer<'_> {
    fn from(address: IpAddr) -> Self {
        Self::at(address)
    }
}

impl Scheme {
    /// As URLs have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// What counts as one client: an address of version 4, or the first bits of one of version 6.
pub fn network_of(address: IpAddr, ipv6_bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - ipv6_bits.min(128));
            Ipv6Addr::from_bits(address.to_bits() & mask.unwrap_or_default()).into()
        }
    }
}
