//! A client that speaks TLS, and under it exactly what it is told.

use super::{Identity, Message, client::wire};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned,
    SupportedProtocolVersion,
    client::ClientSessionStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    version::{TLS12, TLS13},
};
use std::{
    io::{self, BufReader, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

/// Nothing takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a client speaks TLS.
pub struct Speech<'a> {
    /// Whom it trusts, as PEM.
    pub authority: &'a str,
    /// Who it is, if it says so.
    pub identity: Option<&'a Identity>,
    pub protocols: &'a [&'a str],
    /// The only one, if there is only one.
    pub version: Option<&'static SupportedProtocolVersion>,
    /// Where it keeps sessions, if not with those of the same host.
    pub sessions: Option<Arc<dyn ClientSessionStore>>,
}

impl<'a> Speech<'a> {
    /// It trusts this authority, and nothing is special about it.
    pub fn new(authority: &'a str) -> Self {
        Self {
            authority,
            identity: None,
            protocols: &["http/1.1"],
            version: None,
            sessions: None,
        }
    }

    pub fn config(self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(self.authority.as_bytes()).unwrap();
        roots.add(authority).unwrap();
        let versions = self.version.map_or(vec![&TLS13, &TLS12], |only| vec![only]);
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match self.identity {
            None => builder.with_no_client_auth(),
            Some(Identity { certificate, key }) => {
                let chain = CertificateDer::pem_slice_iter(certificate.as_bytes());
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                let chain = chain.collect::<Result<_, _>>().unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        let protocols = self.protocols.iter();
        config.alpn_protocols = protocols.map(|name| name.as_bytes().to_vec()).collect();
        if let Some(sessions) = self.sessions {
            config.resumption = rustls::client::Resumption::store(sessions);
        }
        Arc::new(config)
    }
}

/// One connection.
pub struct Encrypted {
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
}

impl Encrypted {
    /// Connects and shakes hands. An address in place of a host is not said to the server.
    pub fn connect(
        address: SocketAddr,
        host: &str,
        config: &Arc<ClientConfig>,
    ) -> io::Result<Self> {
        Self::connect_after(address, b"", host, config)
    }

    /// The same, with something before it.
    pub fn connect_after(
        address: SocketAddr,
        before: &[u8],
        host: &str,
        config: &Arc<ClientConfig>,
    ) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(before)?;
        let host = ServerName::try_from(host.to_owned()).unwrap();
        let session = ClientConnection::new(Arc::clone(config), host).unwrap();
        let mut stream = StreamOwned::new(session, stream);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Sends a request as [`super::Client::request`] does. In TLS 1.3 this is where a client learns that it is not welcome.
    pub fn request(&mut self, written: &str) -> io::Result<Message> {
        self.stream.get_mut().write_all(&wire(written))?;
        let answer = Message::read(&mut self.stream)?;
        answer.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// The server's certificate.
    pub fn shown(&self) -> CertificateDer<'static> {
        let session = &self.stream.get_ref().conn;
        session.peer_certificates().unwrap()[0].clone().into_owned()
    }

    /// Whether it goes on with an earlier session.
    pub fn is_resumed(&self) -> bool {
        self.stream.get_ref().conn.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// What it settled on with the server.
    pub fn protocol(&self) -> Option<&[u8]> {
        self.stream.get_ref().conn.alpn_protocol()
    }

    /// The bytes of both directions.
    pub fn stream(&mut self) -> &mut BufReader<StreamOwned<ClientConnection, TcpStream>> {
        &mut self.stream
    }
}
