//! The `consumers` section: who holds which credentials.

use super::{
    claims::Claims,
    secrets::{PasswordHash, Secret, Sha256},
};
use serde::Deserialize;

/// A caller by name.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consumer {
    /// What upstreams, logs and metrics call it.
    pub name: String,
    #[serde(default)]
    pub groups: Vec<String>,
    /// One of `plans`.
    pub plan: Option<String>,
    #[serde(default)]
    pub api_keys: Vec<ApiKey>,
    #[serde(default)]
    pub basic: Vec<Basic>,
    #[serde(default)]
    pub hmac: Vec<Hmac>,
    /// What its tokens say, all of it.
    #[serde(default)]
    pub claims: Claims,
    #[serde(default)]
    pub certificates: Vec<Certificate>,
}

/// A key, which is not here.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    pub sha256: Sha256,
}

/// A name and the hash of its password.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    pub username: String,
    pub password: PasswordHash,
}

/// A secret that requests are signed with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hmac {
    pub key_id: String,
    pub secret: Secret,
}

/// What a certificate says, or which one it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "WrittenCertificate")]
pub enum Certificate {
    /// One of its alternative names: a DNS name, a URI, an address of mail or of a host.
    San(String),
    SubjectCn(String),
    Sha256(Sha256),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCertificate {
    san: Option<String>,
    subject_cn: Option<String>,
    sha256: Option<Sha256>,
}

impl TryFrom<WrittenCertificate> for Certificate {
    type Error = &'static str;

    fn try_from(written: WrittenCertificate) -> Result<Self, Self::Error> {
        match (written.san, written.subject_cn, written.sha256) {
            (Some(san), None, None) => Ok(Self::San(san)),
            (None, Some(name), None) => Ok(Self::SubjectCn(name)),
            (None, None, Some(digest)) => Ok(Self::Sha256(digest)),
            _ => Err("give one of `san`, `subject_cn` and `sha256`"),
        }
    }
}
