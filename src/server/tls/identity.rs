//! One certificate of ours with its key, as rustls wants it.

use super::config::{ClientAuthentication, Mode, Pem, Version};
use crate::gateway::{AlternativeName, ClientCertificate};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};
use std::sync::{Arc, OnceLock};

/// What clients may speak under TLS, liked best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A key of the settings, and what is wrong with its value.
pub(super) type Wrong = (&'static str, String);

/// A certificate, those that vouch for it, and its key.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads PEM. What is wrong with a key is never said in its own words.
    pub(super) fn read(chain: &[&Pem], key: &Pem) -> Result<Self, Wrong> {
        let mut certificates: Vec<CertificateDer<'static>> = Vec::new();
        for pem in chain {
            for certificate in certificates_in(pem).map_err(|why| ("certificate", why))? {
                // A chain is often written from its very beginning.
                if !certificates.contains(&certificate) {
                    certificates.push(certificate);
                }
            }
        }
        let key = PrivateKeyDer::from_pem_slice(key.0.as_bytes());
        Ok(Self {
            chain: certificates,
            key: key.map_err(|_| ("key", "there is no private key in PEM here".to_owned()))?,
        })
    }

    /// Which hosts the certificate names, and when it ends to be valid, in seconds since 1970.
    pub(super) fn names(&self) -> Result<(Vec<String>, i64), Wrong> {
        let leaf = self.chain.first().map_or(&[][..], |leaf| leaf.as_ref());
        // A server's is read like a client's.
        let leaf = ClientCertificate::read(leaf);
        let leaf = leaf.map_err(|why| {
            (
                "certificate",
                format!("the certificate is not taken: {why}"),
            )
        })?;
        let hosts = leaf.sans.into_iter().filter_map(|name| match name {
            AlternativeName::Dns(name) => Some(name.into()),
            _ => None,
        });
        Ok((hosts.collect(), leaf.expires))
    }

    /// How connections are encrypted that want this certificate. A session is resumed with the very same settings or not
    /// at all; where clients show who they are, it never is, so that they show it anew with each connection.
    pub(super) fn server_config(
        self,
        oldest: Version,
        clients: Option<&ClientAuthentication>,
    ) -> Result<ServerConfig, Wrong> {
        let versions: &[_] = match oldest {
            Version::Tls12 => &[&TLS13, &TLS12],
            Version::Tls13 => &[&TLS13],
        };
        let unusable = |error: rustls::Error| {
            let message = format!("the certificate and the key cannot be used: {error}");
            ("certificate", message)
        };
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .map_err(unusable)?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => builder.with_client_cert_verifier(verifier(clients)?),
        };
        let mut config = builder
            .with_single_cert(self.chain, self.key)
            .map_err(unusable)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        if clients.is_none() {
            config.ticketer = ring::Ticketer::new().map_err(unusable)?;
        } else {
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(config)
    }
}

fn verifier(clients: &ClientAuthentication) -> Result<Arc<dyn ClientCertVerifier>, Wrong> {
    let wrong = |why: String| ("client_authentication", why);
    let mut roots = RootCertStore::empty();
    for certificate in certificates_in(&clients.ca.text).map_err(wrong)? {
        let added = roots.add(certificate);
        added.map_err(|error| wrong(format!("an authority cannot be used: {error}")))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
    let builder = match clients.mode {
        Mode::Require => builder,
        Mode::Optional => builder.allow_unauthenticated(),
    };
    let built = builder.build();
    built.map_err(|error| wrong(format!("the authorities cannot be used: {error}")))
}

fn certificates_in(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_slice_iter(pem.0.as_bytes()).collect::<Result<Vec<_>, _>>();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        // The words of the error may be lines of the file, which may be a key.
        _ => Err("there is no certificate in PEM here".to_owned()),
    }
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(ring::default_provider())))
}
