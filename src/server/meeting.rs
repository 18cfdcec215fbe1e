//! What comes before HTTP on a connection: whose it is, where a load balancer says it, and the handshake of TLS.

use super::{
    edge::{Role, Rules},
    proxy_protocol::Malformed,
    stream::{Socket, Stream},
    tls::{Chosen, Tls},
    wire::Protocol,
};
use crate::gateway::{self, CertificateError, ClientCertificate, Peer, Scheme, network_of};
use http::{HeaderMap, HeaderValue, Request, header, uri::Authority};
use rustls::{ServerConnection, server::Acceptor};
use std::{io, net::IpAddr, sync::Arc};
use tokio_rustls::LazyConfigAcceptor;

/// What every record of a handshake begins with (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;

/// Why a connection does not come to HTTP.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("its client left")]
    Left,
    #[error("its client has too many")]
    TooMany,
    #[error("it broke: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Proxy(#[from] Malformed),
    #[error("no handshake of TLS: {0}")]
    Tls(io::Error),
    #[error("no certificate is for the host that it wants")]
    UnknownHost,
    #[error("its client's certificate is not taken: {0}")]
    Certificate(#[from] CertificateError),
}

impl Failure {
    /// For metrics.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::TooMany => "too_many",
            Self::Io(_) => "io",
            Self::Proxy(_) => "proxy_protocol",
            Self::Tls(_) => "tls",
            Self::UnknownHost => "unknown_host",
            Self::Certificate(_) => "client_certificate",
        }
    }
}

/// Who is at the other end of a connection.
pub(super) struct Remote {
    rules: Arc<Rules>,
    /// Where it comes from: the socket's other end, or what a load balancer has said.
    address: IpAddr,
    /// Whether it is a proxy that says who its clients are.
    is_proxy: bool,
    /// Whether it spoke in the clear where TLS is spoken.
    is_in_the_clear: bool,
    secured: Option<Secured>,
}

/// What TLS has settled.
struct Secured {
    hosts: Arc<Tls>,
    chosen: Chosen,
    told: gateway::Tls,
    /// By ALPN. None: the client did not ask.
    protocol: Option<Protocol>,
}

/// Meets a connection from this address, if its client, who is asked for before anything else of it is read, may have one
/// more.
pub(super) async fn meet(
    rules: Arc<Rules>,
    role: Role,
    (mut address, admit): (IpAddr, impl FnOnce(IpAddr) -> bool),
    mut socket: Socket,
) -> Result<(Stream, Remote), Failure> {
    if rules.expects_proxy_header(role, address) {
        address = source(&rules, &mut socket).await?.unwrap_or(address);
    }
    if !admit(address.to_canonical()) {
        return Err(Failure::TooMany);
    }
    let mut remote = Remote {
        is_proxy: rules.config.trusted_proxies.trusts(address),
        address: address.to_canonical(),
        is_in_the_clear: false,
        secured: None,
        rules,
    };
    let Some(tls) = remote.rules.tls(role).cloned() else {
        return Ok((Stream::Plain(socket), remote));
    };
    if socket.early().is_empty() && !socket.read_more().await? {
        return Err(Failure::Left);
    }
    if socket.early().first() != Some(&HANDSHAKE) {
        remote.is_in_the_clear = true;
        return Ok((Stream::Plain(socket), remote));
    }
    let hello = LazyConfigAcceptor::new(Acceptor::default(), socket).await;
    let hello = hello.map_err(Failure::Tls)?;
    let chosen = tls.choose(hello.client_hello().server_name());
    let chosen = chosen.ok_or(Failure::UnknownHost)?;
    let config = tls.config(chosen).ok_or(Failure::UnknownHost)?;
    let stream = hello.into_stream(Arc::clone(config)).await;
    let stream = stream.map_err(Failure::Tls)?;
    let (_, session) = stream.get_ref();
    remote.secured = Some(Secured {
        told: gateway::Tls {
            authority: tls.authority(chosen).cloned(),
            ..told(session, remote.rules.config.tls.forward_client_certificate)?
        },
        protocol: match session.alpn_protocol() {
            Some(b"h2") => Some(Protocol::Http2),
            Some(_) => Some(Protocol::Http1),
            None => None,
        },
        hosts: tls,
        chosen,
    });
    Ok((Stream::Tls(Box::new(stream)), remote))
}

/// Whose the connection is by the header that it begins with. None: its load balancer's own.
async fn source(rules: &Rules, socket: &mut Socket) -> Result<Option<IpAddr>, Failure> {
    loop {
        if let Some(header) = rules.config.proxy_protocol.read(socket.early())? {
            socket.skip(header.length);
            return Ok(header.source);
        }
        if !socket.read_more().await? {
            return Err(Failure::Left);
        }
    }
}

/// What the gateway is told of a session.
fn told(session: &ServerConnection, forwards: bool) -> Result<gateway::Tls, Failure> {
    let certificate = session.peer_certificates().and_then(<[_]>::first);
    let certificate = certificate
        .map(|der| ClientCertificate::read(der))
        .transpose()?;
    let forwarded = certificate
        .as_ref()
        .filter(|_| forwards)
        .map(ClientCertificate::forwarded);
    Ok(gateway::Tls {
        server_name: session.server_name().map(Box::from),
        told: forwarded.and_then(|value| HeaderValue::try_from(value).ok()),
        authority: None,
        certificate: certificate.map(Box::new),
    })
}

impl Remote {
    /// Whether it spoke in the clear where TLS is spoken.
    pub(super) fn is_in_the_clear(&self) -> bool {
        self.is_in_the_clear
    }

    /// Whether it may speak this, after what TLS has settled on.
    pub(super) fn may_speak(&self, protocol: Protocol) -> bool {
        let settled = self.secured.as_ref().and_then(|secured| secured.protocol);
        settled.is_none_or(|settled| settled == protocol)
    }

    /// Who sends a request with these headers.
    pub(super) fn peer(&self, headers: &HeaderMap) -> Peer<'_> {
        let proxies = &self.rules.config.trusted_proxies;
        let own = match &self.secured {
            Some(_) => Scheme::Https,
            None => Scheme::Http,
        };
        let (address, scheme) = if self.is_proxy {
            let said = proxies.said(self.address, headers);
            (said.address, said.scheme.unwrap_or(own))
        } else {
            (self.address, own)
        };
        Peer {
            address,
            network: network_of(address, proxies.ipv6_subnet.0),
            scheme,
            tls: self.secured.as_ref().map(|secured| &secured.told),
        }
    }

    /// Whether a request is for another host than the one that the client has shown itself to.
    pub(super) fn is_misdirected<B>(&self, request: &Request<B>) -> bool {
        self.secured.as_ref().is_some_and(|secured| {
            let host = || request.headers().get(header::HOST)?.to_str().ok();
            let authority = request.uri().authority().map(Authority::as_str);
            let name = secured.told.server_name.as_deref();
            secured
                .hosts
                .is_misdirected(secured.chosen, name, authority.or_else(host))
        })
    }
}
