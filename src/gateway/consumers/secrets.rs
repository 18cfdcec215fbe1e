//! What consumers are known by, as it is kept: hashes where that is enough. None of it can be printed.

use crate::gateway::base64;
use argon2::{Algorithm, Argon2, Params, Version};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use std::fmt;

/// The SHA-256 of a key. Keys are long and random, so this cannot be turned back.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// That of these bytes.
    pub(in crate::gateway) fn of(bytes: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self(hash)
    }
}

impl TryFrom<String> for Sha256 {
    type Error = &'static str;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        let mut hash = [0; 32];
        let is_whole = written.len() == 64 && written.is_ascii();
        for (place, digits) in hash.iter_mut().zip(written.as_bytes().chunks_exact(2)) {
            *place = match digits {
                [high, low] => hex(*high)
                    .zip(hex(*low))
                    .map(|(high, low)| high << 4 | low)
                    .ok_or(NO_SHA256)?,
                _ => return Err(NO_SHA256),
            };
        }
        is_whole.then_some(Self(hash)).ok_or(NO_SHA256)
    }
}

/// It is not repeated: somebody may have written the key itself.
const NO_SHA256: &str = "this is no SHA-256: 64 hexadecimal digits";

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// A secret that both sides know.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Secret(String);

/// As many bytes as the hash has (RFC 2104 section 3).
const SECRET_BYTES_MIN: usize = 32;

impl TryFrom<String> for Secret {
    type Error = String;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        match written.len() {
            SECRET_BYTES_MIN.. => Ok(Self(written)),
            length => Err(format!(
                "a secret has at least {SECRET_BYTES_MIN} bytes, and this one {length}: it could be guessed from one request"
            )),
        }
    }
}

impl Secret {
    /// Its bytes.
    pub(in crate::gateway) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// A password as Argon2 hashes it, written as a PHC string (<https://github.com/P-H-C/phc-string-format>).
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PasswordHash {
    /// Of it as it is written, so that others are told apart.
    digest: Sha256,
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

/// What checking one password may cost: four times as much as RFC 9106 recommends where memory is scarce.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
/// Passes over a KiB.
const WORK_MAX: u64 = 1024 * 1024;
const LANES_MAX: u32 = 16;

impl TryFrom<String> for PasswordHash {
    type Error = &'static str;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        let hash = Self::parse(&written).ok_or(
            "this is no Argon2 hash in PHC form, such as $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH",
        )?;
        let params = &hash.params;
        if params.m_cost() > MEMORY_KIB_MAX || hash.work() > WORK_MAX || params.p_cost() > LANES_MAX
        {
            return Err(
                "to check this hash costs too much: at most m=262144 (KiB), m times t 1048576, p=16",
            );
        }
        Ok(hash)
    }
}

impl PasswordHash {
    fn parse(written: &str) -> Option<Self> {
        let digest = Sha256::of(written.as_bytes());
        let mut parts = written.strip_prefix('$')?.split('$');
        let algorithm = Algorithm::new(parts.next()?).ok()?;
        let mut next = parts.next()?;
        // Without a version it is the first.
        let mut version = Version::V0x10;
        if let Some(number) = next.strip_prefix("v=") {
            version = Version::try_from(number.parse::<u32>().ok()?).ok()?;
            next = parts.next()?;
        }
        let mut costs = [None; 3];
        for pair in next.split(',') {
            let (name, value) = pair.split_once('=')?;
            let place = ["m", "t", "p"].iter().position(|known| *known == name)?;
            let cost: u32 = value.parse().ok()?;
            if costs[place].replace(cost).is_some() {
                return None;
            }
        }
        let [memory, passes, lanes] = costs;
        let salt = base64::decode(parts.next()?.as_bytes())?;
        let hash = base64::decode(parts.next()?.as_bytes())?;
        let is_sound = parts.next().is_none()
            && (argon2::MIN_SALT_LEN..=64).contains(&salt.len())
            && (16..=64).contains(&hash.len());
        let params = Params::new(memory?, passes?, lanes?, Some(hash.len())).ok()?;
        is_sound.then_some(Self {
            digest,
            algorithm,
            version,
            params,
            salt,
            hash,
        })
    }

    /// How long a check takes, in passes over a KiB.
    fn work(&self) -> u64 {
        u64::from(self.params.m_cost()) * u64::from(self.params.t_cost())
    }

    /// What tells it from other hashes.
    pub(in crate::gateway) fn digest(&self) -> &[u8] {
        &self.digest.0
    }

    /// Whether this is the password. It takes long, and much memory.
    pub(in crate::gateway) fn is_of(&self, password: &[u8]) -> bool {
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        let mut hash = vec![0; self.hash.len()];
        let hashed = argon2.hash_password_into(password, &self.salt, &mut hash);
        let pairs = hash.iter().zip(&self.hash);
        // Without looking where they begin to differ.
        let difference = pairs.fold(0, |difference, (a, b)| difference | (a ^ b));
        hashed.is_ok() && difference == 0
    }
}

/// What cannot be printed cannot get into a log.
macro_rules! unprintable {
    ($($secret:ident),*) => {$(
        impl fmt::Debug for $secret {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($secret), "(…)"))
            }
        }
    )*};
}

unprintable!(Sha256, Secret, PasswordHash);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_have_64_digits() {
        let digits = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        assert!(Sha256::try_from(digits.to_owned()) == Ok(Sha256::of(b"test")));
        for bad in [
            "",
            &digits[1..],
            &format!("{digits}0"),
            &digits.replace('9', "g"),
        ] {
            assert!(Sha256::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
