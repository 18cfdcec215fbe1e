//! The `consumers` section: who holds which credentials.

use super::{
    claims::Claims,
    secrets::{PasswordHash, Secret, Sha256},
};
use crate::gateway::AlternativeName;
use serde::Deserialize;
use std::{net::IpAddr, path::PathBuf};

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
    pub username: Username,
    pub password: PasswordHash,
}

/// A secret that requests are signed with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hmac {
    pub key_id: String,
    pub secret: Secret,
}

/// What tells a certificate from others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "WrittenCertificate")]
pub struct Certificate {
    pub(super) identity: Identity,
    /// The authorities that have signed it, as a `client_authentication` names them. None: whichever.
    pub(super) ca: Option<PathBuf>,
}

/// What a certificate is, or says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    Whole(Sha256),
    San(AlternativeName),
    SubjectCn(Box<str>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCertificate {
    san: Option<String>,
    subject_cn: Option<String>,
    sha256: Option<Sha256>,
    ca: Option<PathBuf>,
}

impl TryFrom<WrittenCertificate> for Certificate {
    type Error = &'static str;

    fn try_from(written: WrittenCertificate) -> Result<Self, Self::Error> {
        let identity = match (written.san, written.subject_cn, written.sha256) {
            (Some(san), None, None) => Identity::San(alternative_name(&san)),
            (None, Some(name), None) => Identity::SubjectCn(name.into()),
            (None, None, Some(digest)) => Identity::Whole(digest),
            _ => return Err("give one of `san`, `subject_cn` and `sha256`"),
        };
        if written.ca.is_some() && matches!(identity, Identity::Whole(_)) {
            return Err(
                "`sha256` is of the whole certificate, whoever has signed it: leave `ca` out",
            );
        }
        Ok(Self {
            identity,
            ca: written.ca,
        })
    }
}

/// An alternative name, whose kind shows in how it is written.
fn alternative_name(written: &str) -> AlternativeName {
    if written.contains(':') && written.parse::<IpAddr>().is_err() {
        AlternativeName::Uri(written.into())
    } else if let Ok(address) = written.parse() {
        AlternativeName::Ip(address)
    } else if written.contains('@') {
        AlternativeName::Email(written.into())
    } else {
        AlternativeName::Dns(written.to_ascii_lowercase().into())
    }
}

/// A user name. It ends at the first colon where it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Username(pub String);

impl TryFrom<String> for Username {
    type Error = &'static str;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        match written.is_empty() || written.contains(':') {
            true => Err("a user name has letters, and no colon"),
            false => Ok(Self(written)),
        }
    }
}
