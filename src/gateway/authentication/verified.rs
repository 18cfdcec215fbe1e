//! Tokens whose signature was checked, and the cache of them.
//!
//! Checking a signature takes tens of microseconds, and clients send the same token many times. What can change is
//! looked at each time: the clock, and whether the keys are still those it was checked with.

use super::{Caller, Rejection, jwks::Jwks, key_set::KeySet};
use crate::gateway::consumers::Directory;
use quick_cache::{Weighter, sync::Cache};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What all entries together may weigh, in estimated bytes.
const CACHE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Claims as a map take about this many times the bytes of the token.
const BYTES_PER_TOKEN_BYTE: u64 = 4;
const BYTES_PER_ENTRY: u64 = 256;
/// Only sizes the cache's first table.
const ENTRIES_ESTIMATE: usize = 1024;
/// By how much the issuer's clock and ours may differ, in seconds.
const LEEWAY: f64 = 60.0;

/// What a token with a good signature says.
pub(super) struct Verified {
    pub caller: Caller,
    times: Times,
    /// What it was checked with.
    keys: Arc<KeySet>,
    /// Where the keys come from.
    jwks: Arc<Jwks>,
}

/// When a token is valid, in seconds since 1970.
struct Times {
    expires: Option<f64>,
    not_before: Option<f64>,
}

impl Verified {
    /// Takes in the claims of a token that `keys`, which are now those of `jwks`, have verified.
    pub(super) fn new(
        claims: Map<String, Value>,
        jwks: &Arc<Jwks>,
        keys: Arc<KeySet>,
        consumers: &Directory,
    ) -> Result<Self, Rejection> {
        let times = Times {
            expires: time(&claims, "exp")?,
            not_before: time(&claims, "nbf")?,
        };
        time(&claims, "iat")?;
        let consumer = consumers.of_claims(&claims);
        Ok(Self {
            caller: Caller::with_claims(Arc::new(claims))
                .of(consumer)
                .until(times.expires.map(|end| end + LEEWAY)),
            times,
            keys,
            jwks: Arc::clone(jwks),
        })
    }

    /// Whether it says when it ends.
    pub(super) fn ends(&self) -> bool {
        self.times.expires.is_some()
    }

    /// Refuses it outside its time. `now` is in seconds since 1970.
    pub(super) fn check_time(&self, now: f64) -> Result<(), Rejection> {
        self.times.check(now)
    }

    /// Whether the keys are still those that it was checked with.
    fn is_current(&self) -> bool {
        self.jwks
            .keys()
            .is_some_and(|keys| Arc::ptr_eq(&keys, &self.keys))
    }
}

impl Times {
    fn check(&self, now: f64) -> Result<(), Rejection> {
        if self.expires.is_some_and(|end| now >= end + LEEWAY) {
            Err(Rejection::Expired)
        } else if self.not_before.is_some_and(|start| now + LEEWAY < start) {
            Err(Rejection::NotYetValid)
        } else {
            Ok(())
        }
    }
}

/// A claim that is a time (RFC 7519 section 2, `NumericDate`), if it is there. What cannot be read is not ignored.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<f64>, Rejection> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let seconds = value.as_f64().filter(|seconds| seconds.is_finite());
    seconds.map(Some).ok_or(Rejection::Malformed)
}

/// Verified tokens by their digest, so that no token is kept. What is not valid never gets here, so nobody can fill it
/// with what they make up.
pub(super) struct VerifiedTokens(Cache<[u8; 32], Entry, Weight>);

#[derive(Clone)]
struct Entry {
    verified: Arc<Verified>,
    token_bytes: u64,
}

#[derive(Clone)]
struct Weight;

impl Weighter<[u8; 32], Entry> for Weight {
    fn weight(&self, _: &[u8; 32], entry: &Entry) -> u64 {
        BYTES_PER_ENTRY + entry.token_bytes * BYTES_PER_TOKEN_BYTE
    }
}

/// A token's place in the cache.
pub(super) struct Digest([u8; 32]);

impl Digest {
    pub(super) fn of(token: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }
}

impl VerifiedTokens {
    pub(super) fn new() -> Self {
        Self(Cache::with_weighter(
            ENTRIES_ESTIMATE,
            CACHE_BYTES_MAX,
            Weight,
        ))
    }

    /// The token, if it was verified with the keys of now.
    pub(super) fn get(&self, token: &Digest) -> Option<Arc<Verified>> {
        let entry = self.0.get(&token.0)?;
        if entry.verified.is_current() {
            return Some(entry.verified);
        }
        self.0.remove(&token.0);
        None
    }

    pub(super) fn insert(&self, digest: Digest, token: &str, verified: Arc<Verified>) {
        let token_bytes = token.len() as u64;
        self.0.insert(
            digest.0,
            Entry {
                verified,
                token_bytes,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn times(claims: serde_json::Value) -> impl Fn(f64) -> Result<(), Rejection> {
        let times = Times {
            expires: time(claims.as_object().unwrap(), "exp").unwrap(),
            not_before: time(claims.as_object().unwrap(), "nbf").unwrap(),
        };
        move |now| times.check(now)
    }

    #[test]
    fn a_token_ends_a_minute_after_its_end() {
        let check = times(json!({ "exp": 1000 }));
        assert_eq!(check(0.0), Ok(()));
        assert_eq!(check(1059.9), Ok(()));
        assert_eq!(check(1060.0), Err(Rejection::Expired));
        assert_eq!(times(json!({}))(1e12), Ok(()));
    }

    #[test]
    fn a_token_begins_a_minute_before_its_beginning() {
        let check = times(json!({ "nbf": 1000, "exp": 2000 }));
        assert_eq!(check(939.9), Err(Rejection::NotYetValid));
        assert_eq!(check(940.0), Ok(()));
    }
}
