//! TLS towards endpoints: whom we trust, and who we are.

use super::Http2;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, InvalidDnsNameError, PrivateKeyDer, ServerName, pem::PemObject},
};
use serde::Deserialize;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};
use tokio_rustls::TlsConnector;

/// The setting `tls`, for endpoints at `https` URLs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// A PEM file of authorities that are trusted instead of the system's.
    pub ca: Option<PathBuf>,
    /// A PEM file with our own certificate and those that vouch for it, for upstreams that ask who calls…
    pub certificate: Option<PathBuf>,
    /// …and one with its key.
    pub key: Option<PathBuf>,
    /// What the endpoints' certificates must be for, if not for the names in their URLs.
    pub server_name: Option<String>,
}

/// Why TLS cannot be spoken as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {file}: {cause}")]
    File { file: String, cause: String },
    #[error("there is no certificate in {0}")]
    Empty(String),
    #[error("`certificate` and `key` belong together: give both or neither")]
    Half,
    #[error("the certificate and the key cannot be used: {0}")]
    Identity(String),
    #[error("`{0}` is no name of a server")]
    ServerName(String),
    #[error("no trusted certificates: {0}")]
    SystemRoots(String),
}

/// What the files of a [`TlsConfig`] hold. Compared with what they held before, it shows whether they have changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Material {
    /// None: the system's.
    authorities: Option<Vec<CertificateDer<'static>>>,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    server_name: Option<ServerName<'static>>,
}

impl Material {
    /// Reads the files.
    pub(super) fn load(config: &TlsConfig) -> Result<Self, TlsError> {
        let identity = match (&config.certificate, &config.key) {
            (Some(certificate), Some(key)) => {
                let key =
                    PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error));
                Some((certificates(certificate)?, key?))
            }
            (None, None) => None,
            _ => return Err(TlsError::Half),
        };
        let server_name = config.server_name.as_deref().map(server_name).transpose();
        Ok(Self {
            authorities: config.ca.as_deref().map(certificates).transpose()?,
            identity,
            server_name: server_name.map_err(|_| {
                TlsError::ServerName(config.server_name.clone().unwrap_or_default())
            })?,
        })
    }

    fn client_config(&self, http2: Http2) -> Result<ClientConfig, TlsError> {
        let roots = match &self.authorities {
            None => system_roots()?,
            Some(authorities) => {
                let mut roots = RootCertStore::empty();
                let (_, _) = roots.add_parsable_certificates(authorities.iter().cloned());
                Arc::new(roots)
            }
        };
        let unusable = |error: rustls::Error| TlsError::Identity(error.to_string());
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_root_certificates(roots);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => builder
                .with_client_auth_cert(chain.clone(), key.clone_key())
                .map_err(unusable)?,
        };
        let protocols: &[&[u8]] = match http2 {
            Http2::Enable => &[b"h2", b"http/1.1"],
            Http2::Disable => &[b"http/1.1"],
            Http2::Only => &[b"h2"],
        };
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(config)
    }
}

/// TLS as one upstream speaks it. Its sessions are resumed by nobody else.
#[derive(Debug)]
pub(super) struct Tls {
    pub(super) material: Material,
    /// By the versions of HTTP that are offered.
    connectors: [(Http2, OnceLock<Connector>); 3],
}

#[derive(Clone)]
struct Connector(Result<TlsConnector, TlsError>);

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Connector").field(&self.0.is_ok()).finish()
    }
}

impl Tls {
    /// What is in files is tried at once; the system's authorities are read when they are first needed.
    pub(super) fn new(material: Material, http2: Http2) -> Result<Self, TlsError> {
        let versions = [Http2::Enable, Http2::Disable, Http2::Only];
        let tls = Self {
            material,
            connectors: versions.map(|version| (version, OnceLock::new())),
        };
        if tls.material != Material::default() {
            tls.connector(http2)?;
        }
        Ok(tls)
    }

    /// What encrypts connections on which these versions may be spoken.
    pub(super) fn connector(&self, http2: Http2) -> Result<TlsConnector, TlsError> {
        let connect = || {
            let config = self.material.client_config(http2);
            Connector(config.map(|config| TlsConnector::from(Arc::new(config))))
        };
        let mut connectors = self.connectors.iter();
        match connectors.find(|(version, _)| *version == http2) {
            Some((_, connector)) => connector.get_or_init(connect).0.clone(),
            None => connect().0,
        }
    }

    /// Whose certificate the server at this host has to show.
    pub(super) fn server_name(&self, host: &str) -> Result<ServerName<'static>, TlsError> {
        match &self.material.server_name {
            Some(name) => Ok(name.clone()),
            None => server_name(host).map_err(|_| TlsError::ServerName(host.to_owned())),
        }
    }
}

fn server_name(host: &str) -> Result<ServerName<'static>, InvalidDnsNameError> {
    ServerName::try_from(host.to_owned())
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|error| unreadable(file, &error))?;
    if certificates.is_empty() {
        return Err(TlsError::Empty(file.display().to_string()));
    }
    Ok(certificates)
}

fn unreadable(file: &Path, error: &impl ToString) -> TlsError {
    TlsError::File {
        file: file.display().to_string(),
        cause: error.to_string(),
    }
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(ring::default_provider())))
}

/// Reading them takes milliseconds, so they are read once, and only by those who need them.
fn system_roots() -> Result<Arc<RootCertStore>, TlsError> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    if let Some(roots) = ROOTS.get() {
        return Ok(Arc::clone(roots));
    }
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        let causes: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        return Err(TlsError::SystemRoots(causes.join(", ")));
    }
    Ok(Arc::clone(ROOTS.get_or_init(|| Arc::new(roots))))
}
