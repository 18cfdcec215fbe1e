//! Where Redis is, whom it is trusted to be, and what holds while it does not answer.

use crate::{gateway::Misfit, upstream::TlsError};
use redis::{Client, ClientTlsConfig, RedisError, TlsCertificates};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde::Deserialize;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// The `redis` section.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Unset: there is none.
    pub url: Option<Url>,
    /// For a URL that begins with `rediss:`.
    pub tls: Tls,
    /// How long a decision may take.
    pub timeout: Duration,
    pub fallback: Fallback,
    /// What all keys begin with.
    pub key_prefix: String,
}

/// TLS to Redis. Its certificate must be for the host in the URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// A PEM file of authorities that are trusted instead of the system's.
    pub ca: Option<PathBuf>,
    /// A PEM file with our own certificate, for a Redis that asks who calls…
    pub certificate: Option<PathBuf>,
    /// …and one with its key.
    pub key: Option<PathBuf>,
}

/// What becomes of requests while Redis does not decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// Each router counts by itself.
    #[default]
    Local,
    Allow,
    Deny,
}

/// Where Redis is, and how to log in there. It holds a password, so it is never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Url(String);

impl TryFrom<String> for Url {
    type Error = &'static str;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        if written.ends_with("#insecure") {
            return Err(
                "certificates are always checked: name an authority of your own in `redis.tls.ca`",
            );
        }
        match Client::open(written.as_str()) {
            Ok(_) => Ok(Self(written)),
            Err(_) => {
                Err("this is not a URL such as redis://:PASSWORD@HOST:6379/0, or rediss: with TLS")
            }
        }
    }
}

impl Url {
    fn is_encrypted(&self) -> bool {
        self.0.starts_with("rediss:") || self.0.starts_with("valkeys:")
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: None,
            tls: Tls::default(),
            timeout: Duration::from_millis(20),
            fallback: Fallback::default(),
            key_prefix: "graphway".to_owned(),
        }
    }
}

/// What the files of [`Tls`] hold. Compared with what they held before, it shows whether they have changed.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Material {
    ca: Option<Vec<u8>>,
    certificate: Option<Vec<u8>>,
    key: Option<Vec<u8>>,
}

impl Config {
    /// Checks that its parts fit together, and its files.
    /// Whether it says what becomes of requests without a Redis, and there never is one.
    pub(in crate::gateway) fn is_vain(&self) -> bool {
        self.url.is_none() && self.fallback != Fallback::default()
    }

    pub(super) fn check(&self) -> Result<(), Misfit> {
        if self.timeout.is_zero() {
            let message = "a decision takes some time";
            return Err(Misfit::new(&["redis", "timeout"], message));
        }
        let wrong = |message: String| Misfit::new(&["redis", "tls"], message);
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            return Err(wrong(TlsError::Half.to_string()));
        }
        let encrypted = self.url.as_ref().is_some_and(Url::is_encrypted);
        if self.tls != Tls::default() && !encrypted {
            let message = "TLS is spoken where `redis.url` begins with rediss:";
            return Err(wrong(message.to_owned()));
        }
        let material = self.material().map_err(|error| wrong(error.to_string()))?;
        let client = self.client(&material);
        client.map(drop).map_err(|error| wrong(error.to_string()))
    }

    /// Reads the files. Those of certificates have some.
    pub(super) fn material(&self) -> Result<Material, TlsError> {
        let read = |file: &Option<PathBuf>| file.as_deref().map(read).transpose();
        let certified = |file: &Option<PathBuf>| {
            let content = read(file)?;
            let found = content.as_deref().map(CertificateDer::from_pem_slice);
            match (found, file) {
                (Some(Err(_)), Some(file)) => Err(TlsError::Empty(file.display().to_string())),
                _ => Ok(content),
            }
        };
        Ok(Material {
            ca: certified(&self.tls.ca)?,
            certificate: certified(&self.tls.certificate)?,
            key: read(&self.tls.key)?,
        })
    }

    /// What connects. None: there is no Redis.
    pub(super) fn client(&self, material: &Material) -> Result<Option<Client>, RedisError> {
        let Some(url) = &self.url else {
            return Ok(None);
        };
        if *material == Material::default() {
            return Client::open(url.0.as_str()).map(Some);
        }
        let identity = material.certificate.clone().zip(material.key.clone());
        let certificates = TlsCertificates {
            client_tls: identity.map(|(client_cert, client_key)| ClientTlsConfig {
                client_cert,
                client_key,
            }),
            root_cert: material.ca.clone(),
        };
        Client::build_with_tls(url.0.as_str(), certificates).map(Some)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(file).map_err(|error| TlsError::File {
        file: file.display().to_string(),
        cause: error.to_string(),
    })
}
