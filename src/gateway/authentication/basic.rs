//! User names and passwords (RFC 7617), checked against Argon2 hashes.
//!
//! To check one takes tens of milliseconds and megabytes, which is what makes stolen hashes useless, and what anybody can
//! have us do by sending a wrong password. So it is done beside the workers, a few at a time, and only so many wait; what
//! was found right is remembered, not as the password but as a keyed hash of it.

use super::{Asking, Caller, Rejection, config, hidden::Hidden, scheme::after};
use crate::gateway::{
    base64,
    consumers::{Consumer, Directory, PasswordHash},
};
use http::{HeaderMap, header};
use quick_cache::sync::Cache;
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Passwords that are checked at once, in the whole process. Each takes a processor, and memory.
const AT_ONCE: usize = 2;
/// Those that wait for it. They are answered within seconds, or not at all.
const WAITING_MAX: usize = 64;
/// Passwords that were found right.
const REMEMBERED_MAX: usize = 10_000;
/// What stands before them.
const SCHEME: &str = "Basic";
/// Longer ones are refused unread.
const BYTES_MAX: usize = 1024;

static SEATS: Semaphore = Semaphore::const_new(AT_ONCE);
static PRESENT: AtomicUsize = AtomicUsize::new(0);

/// The compiled rules.
pub(super) struct Basic {
    pub(super) realm: String,
    hides: bool,
    /// With a key that this process alone knows, so that what is remembered tells nothing of passwords.
    key: hmac::Key,
    remembered: Cache<[u8; 32], Arc<Consumer>>,
}

impl Basic {
    /// Err: the system has no random numbers.
    pub(super) fn new(config: &config::Basic) -> Result<Self, ring::error::Unspecified> {
        let mut key = [0; 32];
        SystemRandom::new().fill(&mut key)?;
        Ok(Self {
            realm: config.realm.clone(),
            hides: config.hide,
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            remembered: Cache::new(REMEMBERED_MAX),
        })
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
        let tag = hmac::sign(&self.key, &shown);
        let mut place = [0; 32];
        place.copy_from_slice(tag.as_ref());
        if let Some(consumer) = self.remembered.get(&place) {
            return Ok(Some(Caller::known(&consumer)));
        }
        let consumer = check(consumers, shown).await?;
        let caller = Caller::known(&consumer);
        self.remembered.insert(place, consumer);
        Ok(Some(caller))
    }
}

/// What follows `Basic`, decoded: a name, a colon and a password.
fn shown(headers: &HeaderMap) -> Result<Option<Vec<u8>>, Rejection> {
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
    match decoded.filter(|decoded| decoded.contains(&b':')) {
        Some(decoded) => Ok(Some(decoded)),
        None => Err(Rejection::MalformedPassword),
    }
}

/// Who has this name and password.
async fn check(consumers: &Directory, shown: Vec<u8>) -> Result<Arc<Consumer>, Rejection> {
    let end = shown
        .iter()
        .position(|byte| *byte == b':')
        .unwrap_or(shown.len());
    let known = consumers.of_username(&shown[..end]);
    // A name that nobody has takes as long.
    let hash = known
        .map(|(hash, _)| hash)
        .or_else(|| consumers.some_password());
    let hash = Arc::clone(hash.ok_or(Rejection::WrongPassword)?);
    let password = shown[end..].get(1..).unwrap_or_default().to_vec();
    let is_right = is_of(hash, password).await?;
    match known.filter(|_| is_right) {
        Some((_, consumer)) => Ok(Arc::clone(consumer)),
        None => Err(Rejection::WrongPassword),
    }
}

/// Checks a password when it is its turn. It goes on to its end when nobody waits for it any more.
async fn is_of(hash: Arc<PasswordHash>, password: Vec<u8>) -> Result<bool, Rejection> {
    let _present = Present::enter()?;
    let seat = SEATS.acquire().await;
    let seat = seat.map_err(|_| Rejection::TooManyPasswords)?;
    let checking = spawn_blocking(move || {
        let is_right = hash.is_of(&password);
        drop(seat);
        is_right
    });
    checking.await.map_err(|_| Rejection::TooManyPasswords)
}

/// One of those that are checked or wait for it.
struct Present;

impl Present {
    fn enter() -> Result<Self, Rejection> {
        let present = PRESENT.fetch_add(1, Ordering::Relaxed);
        // Whoever has gone in goes out, even if there is no room.
        let entered = Self;
        match present < AT_ONCE + WAITING_MAX {
            true => Ok(entered),
            false => Err(Rejection::TooManyPasswords),
        }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        PRESENT.fetch_sub(1, Ordering::Relaxed);
    }
}
