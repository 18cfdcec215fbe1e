//! Passwords: those that were found right, and those that are being checked.
//!
//! To check one takes tens of milliseconds and megabytes, which is what makes stolen hashes useless, and what anybody can
//! have us do by sending a wrong password. So it is done beside the workers, a few at a time; only so many wait, and of one
//! client only a few; equal ones are checked once. What was found right is remembered, not as the password but as a keyed
//! hash of it. That outlives reloads, for it holds as long as the hash that the password was checked against.

use super::{Error, Rejection};
use crate::gateway::{
    consumers::PasswordHash,
    in_flight::{InFlight, Share},
};
use quick_cache::sync::Cache;
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Passwords that are checked at once, in the whole process. Each takes a processor, and memory.
const AT_ONCE: usize = 2;
/// Those that are checked or wait for it. They are answered within seconds, or not at all.
const PLACES: usize = AT_ONCE + 64;
/// Those of one client, or of one network of clients, so that it does not keep others out.
const PLACES_OF_ONE: usize = 8;
/// Passwords that were found right.
const REMEMBERED_MAX: usize = 10_000;

/// What a client has shown: a name, a colon and a password.
pub(super) struct Shown {
    whole: Vec<u8>,
    /// Where the colon is.
    end: usize,
}

impl Shown {
    /// None: there is no colon.
    pub(super) fn new(whole: Vec<u8>) -> Option<Self> {
        let end = whole.iter().position(|byte| *byte == b':')?;
        Some(Self { whole, end })
    }

    pub(super) fn name(&self) -> &[u8] {
        &self.whole[..self.end]
    }

    fn password(&self) -> &[u8] {
        &self.whole[self.end + 1..]
    }
}

/// What a password is checked against.
pub(super) enum Against {
    /// The hash of whose name was shown.
    Owner(Arc<PasswordHash>),
    /// The name is nobody's: it takes as long as if it were somebody's, and is wrong.
    Nobody(Arc<PasswordHash>),
}

/// A keyed hash of a name and a password with the hash that it was checked against.
type Tag = [u8; 32];

/// What is known of passwords in this process.
pub(in crate::gateway) struct Passwords {
    /// Known to this process alone, so that what is remembered tells nothing.
    key: hmac::Key,
    right: Cache<Tag, ()>,
    under_way: InFlight<Tag, Verdict>,
    seats: Arc<Semaphore>,
    places: Arc<Places>,
}

#[derive(Clone)]
struct Verdict(Result<bool, Rejection>);

impl Share for Verdict {}

impl Passwords {
    pub(in crate::gateway) fn new() -> Result<Self, Error> {
        let mut key = [0; 32];
        let filled = SystemRandom::new().fill(&mut key);
        filled.map_err(|_| Error::NoRandomNumbers)?;
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            right: Cache::new(REMEMBERED_MAX),
            under_way: InFlight::default(),
            seats: Arc::new(Semaphore::new(AT_ONCE)),
            places: Arc::default(),
        })
    }

    /// A number that goes with a name, and that nobody else can tell.
    pub(super) fn number_of(&self, name: &[u8]) -> u64 {
        let tag = hmac::sign(&self.key, name);
        let first = tag.as_ref().first_chunk();
        first.map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// Whether a password is right that a client of this network has shown.
    pub(super) async fn is_right(
        &self,
        shown: Shown,
        against: Against,
        client: IpAddr,
    ) -> Result<bool, Rejection> {
        let (hash, is_somebodys) = match against {
            Against::Owner(hash) => (hash, true),
            Against::Nobody(hash) => (hash, false),
        };
        let tag = self.tag(&shown, &hash);
        if self.right.get(&tag).is_some() {
            return Ok(true);
        }
        let checking = self.under_way.join(tag, || {
            let place = Places::take(&self.places, client);
            let seats = Arc::clone(&self.seats);
            async move {
                let checked = match place {
                    Some(place) => check(hash, shown, seats, place).await,
                    None => Err(Rejection::TooManyPasswords),
                };
                Verdict(checked.map(|is_right| is_right && is_somebodys))
            }
        });
        let Verdict(verdict) = checking.await;
        if verdict == Ok(true) {
            self.right.insert(tag, ());
        }
        verdict
    }

    fn tag(&self, shown: &Shown, hash: &PasswordHash) -> Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(hash.digest());
        context.update(&shown.whole);
        let mut tag = Tag::default();
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }
}

/// Checks a password when it is its turn. It goes on to its end when nobody waits for it any more.
async fn check(
    hash: Arc<PasswordHash>,
    shown: Shown,
    seats: Arc<Semaphore>,
    _place: Place,
) -> Result<bool, Rejection> {
    let seat = seats.acquire_owned().await;
    let seat = seat.map_err(|_| Rejection::TooManyPasswords)?;
    let checking = spawn_blocking(move || {
        let is_right = hash.is_of(shown.password());
        drop(seat);
        is_right
    });
    checking.await.map_err(|_| Rejection::TooManyPasswords)
}

/// Who is checked or waits for it.
#[derive(Default)]
struct Places(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    count: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// One of the places.
struct Place {
    places: Arc<Places>,
    client: IpAddr,
}

impl Places {
    /// None: there is none left for this client.
    fn take(places: &Arc<Self>, client: IpAddr) -> Option<Place> {
        let mut taken = places.taken();
        let own = taken.by_client.get(&client).copied().unwrap_or_default();
        if taken.count >= PLACES || own >= PLACES_OF_ONE {
            return None;
        }
        taken.count += 1;
        taken.by_client.insert(client, own + 1);
        drop(taken);
        let places = Arc::clone(places);
        Some(Place { places, client })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.count -= 1;
        match taken.by_client.get_mut(&self.client) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(taken.by_client.remove(&self.client)),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Whether a password is being checked shows in who holds the seats: a test that holds all lets none be.

    use super::*;
    use futures_util::{FutureExt, future::join_all};
    use std::net::Ipv4Addr;

    /// `password`, by the reference implementation's test: 256 KiB, two passes.
    const HASH: &str =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

    fn hash(written: &str) -> Arc<PasswordHash> {
        Arc::new(PasswordHash::try_from(written.to_owned()).unwrap())
    }

    fn client(number: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, number).into()
    }

    fn shown(text: &str) -> Shown {
        Shown::new(text.into()).unwrap()
    }

    async fn right(passwords: &Passwords, text: &str, from: u8) -> Result<bool, Rejection> {
        let against = Against::Owner(hash(HASH));
        passwords.is_right(shown(text), against, client(from)).await
    }

    #[tokio::test]
    async fn what_was_right_is_not_checked_again_unless_its_hash_is_another() {
        let passwords = Passwords::new().unwrap();
        assert_eq!(right(&passwords, "u:password", 1).await, Ok(true));
        assert_eq!(right(&passwords, "u:passwore", 1).await, Ok(false));
        let seats = passwords.seats.acquire_many(AT_ONCE as u32).await.unwrap();
        let again = right(&passwords, "u:password", 2).now_or_never();
        assert_eq!(again, Some(Ok(true)));
        for other in ["u:passwore", "v:password", "u:password "] {
            let other = right(&passwords, other, 2).now_or_never();
            assert_eq!(other, None);
        }
        // The same password, but who has it has been given another.
        let changed = HASH.replace("nf65", "nf66");
        let against = Against::Owner(hash(&changed));
        let mut changed = Box::pin(passwords.is_right(shown("u:password"), against, client(1)));
        assert_eq!((&mut changed).now_or_never(), None);
        drop(seats);
        assert_eq!(changed.await, Ok(false));
    }

    #[tokio::test]
    async fn a_name_that_nobody_has_is_checked_and_wrong() {
        let passwords = Passwords::new().unwrap();
        for _ in 0..2 {
            let seats = passwords.seats.acquire_many(AT_ONCE as u32).await.unwrap();
            let against = Against::Nobody(hash(HASH));
            let checking = passwords.is_right(shown("u:password"), against, client(1));
            let mut checking = Box::pin(checking);
            assert_eq!((&mut checking).now_or_never(), None);
            drop(seats);
            assert_eq!(checking.await, Ok(false));
        }
    }

    #[tokio::test]
    async fn equal_ones_that_come_together_are_checked_once() {
        let passwords = Passwords::new().unwrap();
        let seats = passwords.seats.acquire_many(AT_ONCE as u32).await.unwrap();
        let many = (0..200).map(|number| right(&passwords, "u:password", number));
        let mut many = Box::pin(join_all(many));
        assert!((&mut many).now_or_never().is_none());
        assert_eq!(passwords.places.taken().count, 1);
        drop(seats);
        assert!(many.await.iter().all(|verdict| *verdict == Ok(true)));
        assert_eq!(passwords.places.taken().count, 0);
        assert!(passwords.places.taken().by_client.is_empty());
    }

    #[tokio::test]
    async fn one_client_does_not_keep_others_out() {
        let passwords = Passwords::new().unwrap();
        let seats = passwords.seats.acquire_many(AT_ONCE as u32).await.unwrap();
        let guess = |client: u8, number: usize| {
            let passwords = &passwords;
            let mut guess =
                Box::pin(
                    async move { right(passwords, &format!("u:{client}-{number}"), client).await },
                );
            match (&mut guess).now_or_never() {
                None => Ok(guess),
                Some(verdict) => Err(verdict),
            }
        };
        let full = Some(Err(Rejection::TooManyPasswords));
        let mut waiting = Vec::new();
        for number in 0..PLACES_OF_ONE {
            waiting.push(guess(1, number).ok().unwrap());
        }
        assert_eq!(guess(1, PLACES_OF_ONE).err(), full);
        // Others have theirs, until all are taken.
        let others = (PLACES_OF_ONE..PLACES).map(|number| (number / PLACES_OF_ONE + 1) as u8);
        for (number, client) in others.enumerate() {
            waiting.push(guess(client, number).ok().unwrap());
        }
        assert_eq!(guess(100, 0).err(), full);
        // Whoever leaves makes room.
        drop(waiting.pop());
        waiting.push(guess(100, 0).ok().unwrap());
        drop(waiting);
        drop(seats);
        assert_eq!(right(&passwords, "u:password", 1).await, Ok(true));
    }
}
