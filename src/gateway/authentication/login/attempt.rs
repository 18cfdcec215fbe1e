//! One attempt to sign in: what the browser keeps while it is at the provider, and what must come back with it.
//!
//! `state` names the attempt's cookie and is bound to it, so that an answer counts in the browser alone that has asked
//! for it (RFC 9700 section 4.7).

use super::{
    failure::Failure,
    jar::ATTEMPT_SECONDS,
    seal::{Purpose, Seals},
};
use crate::gateway::base64;
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};
use serde::{Deserialize, Serialize};

/// What is sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct Attempt {
    /// In the ID token again (OpenID Connect Core section 3.1.2.1).
    pub(super) nonce: String,
    /// What the code is bound to (RFC 7636).
    pub(super) verifier: String,
    pub(super) return_to: String,
    /// In seconds since 1970.
    began: u64,
}

/// An attempt that begins.
pub(super) struct Begun {
    pub(super) id: String,
    pub(super) state: String,
    pub(super) attempt: Attempt,
}

/// Seconds in hexadecimal, and random letters.
const ID_LETTERS: usize = 8 + 8;
/// 32 bytes in base64.
const RANDOM_LETTERS: usize = 43;

impl Begun {
    pub(super) fn new(return_to: String, now: u64) -> Result<Self, Failure> {
        let random = random::<6>()?;
        let id = format!("{:08x}{random}", now & 0xffff_ffff);
        Ok(Self {
            state: format!("{id}.{}", random_secret()?),
            id,
            attempt: Attempt {
                nonce: random_secret()?,
                verifier: random_secret()?,
                return_to,
                began: now,
            },
        })
    }

    /// As its cookie has it.
    pub(super) fn sealed(&self, seals: &Seals) -> Result<String, Failure> {
        let text = serde_json::to_vec(&self.attempt).unwrap_or_default();
        let sealed = seals.seal(Purpose::Attempt, &self.state, text);
        sealed.map_err(|_| Failure::NoRandomNumbers)
    }
}

impl Attempt {
    /// What stands in the cookie, if it is that of this state and not too old.
    pub(super) fn open(sealed: &[u8], state: &str, seals: &Seals, now: u64) -> Option<Self> {
        let text = seals.open(Purpose::Attempt, state, sealed)?;
        let attempt: Self = serde_json::from_slice(&text).ok()?;
        (now.saturating_sub(attempt.began) <= ATTEMPT_SECONDS).then_some(attempt)
    }

    /// What the provider is told of the verifier, by `S256`.
    pub(super) fn challenge(&self) -> String {
        base64::encode_url(digest(&SHA256, self.verifier.as_bytes()).as_ref())
    }
}

/// Which attempt a state is of. None: we have not made it.
pub(super) fn id_of(state: &str) -> Option<&str> {
    let (id, secret) = state.split_once('.')?;
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_ours = id.len() == ID_LETTERS
        && secret.len() == RANDOM_LETTERS
        && id.bytes().chain(secret.bytes()).all(is_letter);
    is_ours.then_some(id)
}

fn random_secret() -> Result<String, Failure> {
    random::<32>()
}

fn random<const N: usize>() -> Result<String, Failure> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| Failure::NoRandomNumbers)?;
    Ok(base64::encode_url(&bytes))
}
