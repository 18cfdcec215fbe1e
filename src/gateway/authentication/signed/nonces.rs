//! Nonces of signed requests, as long as their signatures are of now: a request that has one comes in once.
//!
//! They are the process's own, and outlive reloads. Routers beside this one do not know of them.

use ring::digest::{Context, SHA256};
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

/// How many there are at most in one generation, each of some 50 bytes. Only who has a secret can add one, and nobody more
/// than are left for others: one key has half of them at most, a second one half of the rest.
const GENERATION_MAX: usize = 200_000;

/// Those that were seen, by their digests.
pub(super) struct Nonces(Mutex<Option<Generations>>);

/// Two: when the younger one has gone on for as long as a nonce matters, nothing in the elder one does.
#[derive(Default)]
struct Generations {
    younger: HashSet<[u8; 32]>,
    /// How many of the younger each key has.
    each: HashMap<Box<str>, usize>,
    elder: HashSet<[u8; 32]>,
    /// When the younger one began, in seconds since 1970.
    began: f64,
}

/// Why a nonce does not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    Seen,
    /// What cannot be remembered cannot be let in once.
    Full,
}

impl Nonces {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Takes a nonce of this key in, which matters for so many seconds, if it was not seen before.
    pub(super) fn take(
        &self,
        (key_id, nonce): (&str, &str),
        now: f64,
        seconds: f64,
    ) -> Result<(), NotTaken> {
        let mut digest = Context::new(&SHA256);
        digest.update(&(key_id.len() as u64).to_be_bytes());
        digest.update(key_id.as_bytes());
        digest.update(nonce.as_bytes());
        let mut place = [0; 32];
        place.copy_from_slice(digest.finish().as_ref());
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let generations = generations.get_or_insert_default();
        generations.age(now, seconds);
        if generations.elder.contains(&place) || generations.younger.contains(&place) {
            return Err(NotTaken::Seen);
        }
        let left = GENERATION_MAX - generations.younger.len();
        let of_key = generations.each.get_mut(key_id);
        if of_key.as_ref().is_some_and(|count| **count >= left) || left == 0 {
            return Err(NotTaken::Full);
        }
        match of_key {
            Some(count) => *count += 1,
            None => {
                generations.each.insert(key_id.into(), 1);
            }
        }
        generations.younger.insert(place);
        Ok(())
    }
}

impl Generations {
    fn age(&mut self, now: f64, seconds: f64) {
        if now - self.began > seconds {
            let is_over = now - self.began > 2.0 * seconds;
            self.elder = std::mem::take(&mut self.younger);
            self.each.clear();
            if is_over {
                self.elder.clear();
            }
            self.began = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_comes_in_once_while_it_matters() {
        let nonces = Nonces::new();
        let take = |key, nonce, now| nonces.take((key, nonce), now, 10.0);
        assert_eq!(take("k", "n", 100.0), Ok(()));
        assert_eq!(take("k", "m", 109.0), Ok(()));
        // Until it does not matter any more, whatever comes between.
        for now in [100.0, 105.0, 109.9, 110.0] {
            assert_eq!(take("k", "n", now), Err(NotTaken::Seen), "{now}");
        }
        assert_eq!(take("k", "m", 118.9), Err(NotTaken::Seen));
        assert_eq!(take("k", "n", 130.0), Ok(()));
        // It is a key's own.
        assert_eq!(take("kn", "", 130.0), Ok(()));
        assert_eq!(take("j", "n", 130.0), Ok(()));
    }

    #[test]
    fn what_cannot_be_remembered_does_not_come_in() {
        let nonces = Nonces::new();
        for number in 0..GENERATION_MAX / 2 {
            assert_eq!(nonces.take(("k", &number.to_string()), 0.0, 10.0), Ok(()));
        }
        assert_eq!(nonces.take(("k", "more"), 0.0, 10.0), Err(NotTaken::Full));
        // Others have not come too late.
        assert_eq!(nonces.take(("j", "n"), 0.0, 10.0), Ok(()));
        assert_eq!(nonces.take(("k", "7"), 0.0, 10.0), Err(NotTaken::Seen));
        assert_eq!(nonces.take(("k", "more"), 11.0, 10.0), Ok(()));
        assert_eq!(nonces.take(("k", "7"), 11.0, 10.0), Err(NotTaken::Seen));
    }
}
