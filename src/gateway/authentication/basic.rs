//! User names and passwords (RFC 7617), checked against Argon2 hashes.

use super::{
    Asking, Caller, Rejection, config,
    hidden::Hidden,
    passwords::{Against, Passwords, Shown},
    scheme::after,
};
use crate::gateway::{base64, consumers::Directory};
use http::{HeaderMap, header};
use std::sync::Arc;

/// What stands before them.
const SCHEME: &str = "Basic";
/// Longer ones are refused unread.
const BYTES_MAX: usize = 1024;

/// The compiled rules.
pub(super) struct Basic {
    pub(super) realm: String,
    hides: bool,
    passwords: Arc<Passwords>,
}

impl Basic {
    pub(super) fn new(config: &config::Basic, passwords: &Arc<Passwords>) -> Self {
        Self {
            realm: config.realm.clone(),
            hides: config.hide,
            passwords: Arc::clone(passwords),
        }
    }

    /// What is not passed on of a password that was checked, or of one that was not.
    pub(super) fn hidden(&self, is_verified: bool) -> Option<Hidden> {
        (self.hides || !is_verified).then(|| Hidden {
            schemes: vec![(header::AUTHORIZATION, SCHEME.to_owned())],
            ..Hidden::default()
        })
    }

    /// Whose name and password a request shows, if it shows any.
    pub(super) async fn caller(
        &self,
        consumers: &Directory,
        asking: &Asking<'_>,
    ) -> Result<Option<Caller>, Rejection> {
        let Some(shown) = shown(&asking.head.headers)? else {
            return Ok(None);
        };
        let known = consumers.of_username(shown.name());
        let against = match known {
            Some((hash, _)) => Against::Owner(Arc::clone(hash)),
            None => {
                let number = self.passwords.number_of(shown.name());
                let hash = consumers.some_password(number);
                Against::Nobody(Arc::clone(hash.ok_or(Rejection::WrongPassword)?))
            }
        };
        let client = asking.peer.network;
        let is_right = self.passwords.is_right(shown, against, client).await?;
        match known.filter(|_| is_right) {
            Some((_, consumer)) => Ok(Some(Caller::known(consumer))),
            None => Err(Rejection::WrongPassword),
        }
    }
}

/// What follows `Basic`, decoded: a name, a colon and a password.
fn shown(headers: &HeaderMap) -> Result<Option<Shown>, Rejection> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), second) = (values.next(), values.next()) else {
        return Ok(None);
    };
    if second.is_some() {
        return Err(Rejection::SeveralPasswords);
    }
    let Some(encoded) = after(value.as_bytes(), SCHEME) else {
        return Ok(None);
    };
    let is_short = encoded.len() <= BYTES_MAX;
    let decoded = is_short.then(|| base64::decode(encoded)).flatten();
    let shown = decoded.and_then(Shown::new);
    shown.map(Some).ok_or(Rejection::MalformedPassword)
}
