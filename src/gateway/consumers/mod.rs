//! Those who call, by name: what they are known by, the groups they are in, and their plan.
//!
//! A [`Directory`] finds a consumer by a credential that a request shows; whether the credential is good is found out by
//! `authentication`. What is done for a consumer is decided by `policies`.

mod check;
mod claims;
mod config;
mod secrets;

pub(super) use check::{Around, check, group_exists};
pub(super) use claims::Claims;
pub use config::Consumer as Config;
pub(super) use secrets::{PasswordHash, Secret, Sha256};

use super::ClientCertificate;
use config::{Basic, Hmac, Identity};
use http::HeaderValue;
use serde_json::{Map, Value};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A caller with a name.
pub(super) struct Consumer {
    pub(super) name: Arc<str>,
    /// Its place in the configuration: a small number, for whoever counts by consumer.
    pub(super) number: usize,
    pub(super) groups: Vec<String>,
    /// One of `plans`.
    pub(super) plan: Option<String>,
    /// What upstreams are told.
    pub(super) told: Told,
}

/// A consumer, as headers say it.
pub(super) struct Told {
    pub(super) username: HeaderValue,
    /// None: it is in no group.
    pub(super) groups: Option<HeaderValue>,
}

impl Consumer {
    fn new(number: usize, config: &Config) -> Option<Self> {
        let groups = config.groups.join(", ");
        let groups = (!groups.is_empty()).then(|| HeaderValue::try_from(groups));
        Some(Self {
            name: config.name.as_str().into(),
            number,
            groups: config.groups.clone(),
            plan: config.plan.clone(),
            told: Told {
                username: HeaderValue::try_from(&config.name).ok()?,
                groups: groups.transpose().ok()?,
            },
        })
    }

    /// Whether it is in one of these groups.
    pub(super) fn is_in(&self, groups: &[String]) -> bool {
        groups.iter().any(|group| self.groups.contains(group))
    }
}

/// A consumer, and the authority that must have vouched for it, if one must.
type Vouched = (Option<PathBuf>, Arc<Consumer>);

/// All consumers, and what they are known by.
#[derive(Default)]
pub(super) struct Directory {
    consumers: Vec<Arc<Consumer>>,
    by_key: HashMap<Sha256, Arc<Consumer>>,
    /// All of them, in the configuration's order.
    passwords: Vec<Arc<PasswordHash>>,
    by_username: HashMap<String, (Arc<PasswordHash>, Arc<Consumer>)>,
    by_key_id: HashMap<String, (Secret, Arc<Consumer>)>,
    by_certificate: HashMap<Identity, Vec<Vouched>>,
    by_claims: Vec<(Claims, Arc<Consumer>)>,
}

impl Directory {
    /// Reads the section, which was checked.
    pub(super) fn new(config: &[Config]) -> Self {
        let mut directory = Self::default();
        for (number, written) in config.iter().enumerate() {
            let Some(consumer) = Consumer::new(number, written).map(Arc::new) else {
                continue;
            };
            for key in &written.api_keys {
                directory.by_key.insert(key.sha256, Arc::clone(&consumer));
            }
            for Basic { username, password } in &written.basic {
                let hash = Arc::new(password.clone());
                directory.passwords.push(Arc::clone(&hash));
                let password = (hash, Arc::clone(&consumer));
                directory.by_username.insert(username.0.clone(), password);
            }
            for Hmac { key_id, secret } in &written.hmac {
                let secret = (secret.clone(), Arc::clone(&consumer));
                directory.by_key_id.insert(key_id.clone(), secret);
            }
            for certificate in &written.certificates {
                let identity = certificate.identity.clone();
                let of_authorities = directory.by_certificate.entry(identity).or_default();
                of_authorities.push((certificate.ca.clone(), Arc::clone(&consumer)));
            }
            if !written.claims.is_empty() {
                let by_claims = (written.claims.clone(), Arc::clone(&consumer));
                directory.by_claims.push(by_claims);
            }
            directory.consumers.push(consumer);
        }
        directory
    }

    /// The consumer of this name.
    pub(super) fn named(&self, name: &str) -> Option<&Arc<Consumer>> {
        let mut consumers = self.consumers.iter();
        consumers.find(|consumer| *consumer.name == *name)
    }

    /// Whose key this is. It is looked up by its hash, so that the time it takes says nothing of the keys there are.
    pub(super) fn of_key(&self, key: &[u8]) -> Option<&Arc<Consumer>> {
        self.by_key.get(&Sha256::of(key))
    }

    /// The password of a name, and who has it.
    pub(super) fn of_username(&self, name: &[u8]) -> Option<(&Arc<PasswordHash>, &Arc<Consumer>)> {
        let found = self.by_username.get(std::str::from_utf8(name).ok()?);
        found.map(|(hash, consumer)| (hash, consumer))
    }

    /// Somebody's password, to check against where a name is nobody's. A name has always the same one, and each is as likely
    /// as among those that are somebody's, so that what a check costs tells nothing.
    pub(super) fn some_password(&self, number: u64) -> Option<&Arc<PasswordHash>> {
        let count = u64::try_from(self.passwords.len()).ok()?;
        let index = usize::try_from(number.checked_rem(count)?).ok()?;
        self.passwords.get(index)
    }

    /// The secret of a key id, and who has it.
    pub(super) fn of_key_id(&self, id: &str) -> Option<(&Secret, &Arc<Consumer>)> {
        let found = self.by_key_id.get(id);
        found.map(|(secret, consumer)| (secret, consumer))
    }

    /// Whose certificate this is, which these authorities have signed: by the whole of it, by its first alternative name that is
    /// somebody's, or by its subject.
    pub(super) fn of_certificate(
        &self,
        certificate: &ClientCertificate,
        authority: Option<&Path>,
    ) -> Option<&Arc<Consumer>> {
        let whole = Sha256::try_from(certificate.sha256.to_string());
        let whole = whole.ok().map(Identity::Whole);
        let names = certificate.sans.iter().cloned().map(Identity::San);
        let subject = certificate.subject_cn.clone().map(Identity::SubjectCn);
        let mut identities = whole.into_iter().chain(names).chain(subject);
        identities.find_map(|identity| {
            let mut known = self.by_certificate.get(&identity)?.iter();
            let found = known.find(|(ca, _)| ca.is_none() || ca.as_deref() == authority);
            found.map(|(_, consumer)| consumer)
        })
    }

    /// The first consumer that a token with these claims is of.
    pub(super) fn of_claims(&self, said: &Map<String, Value>) -> Option<&Arc<Consumer>> {
        let mut by_claims = self.by_claims.iter();
        let found = by_claims.find(|(claims, _)| claims.are_in(said));
        found.map(|(_, consumer)| consumer)
    }
}
