//! What is said of TLS towards clients, and the PEM files it names.

use crate::gateway::Misfit;
use serde::Deserialize;
use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// The `tls` section. Without a certificate, clients are answered in the clear.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// As Apollo Router has it; it comes before `certificates`.
    pub supergraph: Option<SupergraphTls>,
    /// The first one is shown to clients that want a host which none of them is for.
    pub certificates: Vec<CertificateConfig>,
    pub min_version: Version,
    /// Whether such clients are turned away instead.
    pub strict_sni: bool,
    /// How clients show who they are, where an entry of `certificates` does not say it.
    pub client_authentication: Option<ClientAuthentication>,
    /// Whether upstreams are told whose certificate a client has shown.
    pub forward_client_certificate: bool,
}

/// `tls.supergraph`: PEM text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupergraphTls {
    pub certificate: Pem,
    /// Those that vouch for it.
    #[serde(default)]
    pub certificate_chain: Option<Pem>,
    pub key: Pem,
}

/// An entry of `tls.certificates`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateConfig {
    /// The certificate and those that vouch for it.
    pub certificate: PemFile,
    pub key: PemFile,
    /// Whom it is shown to. Empty: whoever wants a host that it names.
    #[serde(default)]
    pub hosts: Vec<HostPattern>,
    #[serde(default)]
    pub client_authentication: Option<ClientAuthentication>,
}

/// How clients show who they are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientAuthentication {
    /// The authorities that vouch for clients.
    pub ca: PemFile,
    #[serde(default)]
    pub mode: Mode,
}

/// Whether clients must.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    #[default]
    Require,
    Optional,
}

/// The oldest version of TLS that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Version {
    #[default]
    #[serde(rename = "1.2")]
    Tls12,
    #[serde(rename = "1.3")]
    Tls13,
}

/// PEM text. It may be a key, so it is never shown.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Pem(pub(super) String);

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pem")
    }
}

/// A file of PEM text, and what was in it when the settings were read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "PathBuf")]
pub struct PemFile {
    path: PathBuf,
    pub(super) text: Pem,
}

impl From<PathBuf> for PemFile {
    fn from(path: PathBuf) -> Self {
        Self {
            path,
            text: Pem::default(),
        }
    }
}

impl PemFile {
    /// As it is written.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn load(&mut self, read: &dyn Fn(&Path) -> io::Result<String>) -> Result<(), String> {
        let text = read(&self.path);
        let text = text.map_err(|error| format!("cannot read {}: {error}", self.path.display()))?;
        self.text = Pem(text);
        Ok(())
    }
}

/// A host's name, or `*.` and the end of one, which stands for one label. In lower case.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HostPattern(pub(super) String);

impl TryFrom<String> for HostPattern {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let name = written.strip_prefix("*.").unwrap_or(&written);
        let labels = || name.split('.');
        let is_label = |label: &str| {
            let mut bytes = label.bytes();
            (1..=63).contains(&label.len())
                && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        if name.len() > 253 || !labels().all(is_label) {
            return Err(format!(
                "`{written}` is not the name of a host, such as shop.example or *.shop.example"
            ));
        }
        Ok(Self(written.to_ascii_lowercase()))
    }
}

impl TlsConfig {
    /// Reads the files that it names.
    pub fn complete(&mut self, read: &dyn Fn(&Path) -> io::Result<String>) -> Result<(), Misfit> {
        let missing = |at: &[&str]| {
            let at = ["tls"].iter().chain(at);
            let at: Vec<String> = at.map(|key| (*key).to_owned()).collect();
            move |message| Misfit { at, message }
        };
        for (index, entry) in self.certificates.iter_mut().enumerate() {
            let entry_at = |key| missing(&["certificates", &index.to_string(), key]);
            entry
                .certificate
                .load(read)
                .map_err(entry_at("certificate"))?;
            entry.key.load(read).map_err(entry_at("key"))?;
            if let Some(clients) = &mut entry.client_authentication {
                clients
                    .ca
                    .load(read)
                    .map_err(entry_at("client_authentication"))?;
            }
        }
        if let Some(clients) = &mut self.client_authentication {
            clients
                .ca
                .load(read)
                .map_err(missing(&["client_authentication", "ca"]))?;
        }
        Ok(())
    }

    /// The files that it names.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let of_entries = self.certificates.iter().flat_map(|entry| {
            let clients = entry.client_authentication.as_ref();
            [
                Some(&entry.certificate),
                Some(&entry.key),
                clients.map(|clients| &clients.ca),
            ]
        });
        let clients = self.client_authentication.as_ref();
        let all = of_entries.chain([clients.map(|clients| &clients.ca)]);
        all.flatten().map(|file| &*file.path)
    }

    /// The same without what is in files and in PEM.
    fn without_material(&self) -> Self {
        let mut bare = self.clone();
        if let Some(own) = &mut bare.supergraph {
            own.certificate = Pem::default();
            own.certificate_chain = None;
            own.key = Pem::default();
        }
        for entry in &mut bare.certificates {
            entry.certificate.text = Pem::default();
            entry.key.text = Pem::default();
            if let Some(clients) = &mut entry.client_authentication {
                clients.ca.text = Pem::default();
            }
        }
        if let Some(clients) = &mut bare.client_authentication {
            clients.ca.text = Pem::default();
        }
        bare
    }

    /// Whether this is what the other one says, with other certificates, keys or authorities.
    pub(in crate::server) fn renews(&self, other: &Self) -> bool {
        self != other && self.without_material() == other.without_material()
    }

    /// The files of all that vouch for clients of some host, each once.
    pub fn authorities(&self) -> Vec<PathBuf> {
        let default = self.client_authentication.as_ref();
        let own = self.supergraph.iter().filter_map(|_| default);
        let hosts = self.certificates.iter();
        let hosts = hosts.filter_map(|host| host.client_authentication.as_ref().or(default));
        let mut authorities = Vec::new();
        for clients in own.chain(hosts) {
            if !authorities.contains(&clients.ca.path) {
                authorities.push(clients.ca.path.clone());
            }
        }
        authorities
    }

    /// Whether clients are spoken to by TLS.
    pub fn is_on(&self) -> bool {
        self.supergraph.is_some() || !self.certificates.is_empty()
    }
}
