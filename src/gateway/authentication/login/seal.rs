//! Texts that only this gateway and those with its secrets can write and read: what cookies hold.
//!
//! Each is sealed with a key of its own (AES-256-GCM), derived by HKDF from the secret, what it is for, and 24 random
//! bytes that stand before it: so many can be sealed that no two ever share key and nonce.

use super::super::login_config::Login;
use crate::gateway::{base64, consumers::Secret};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    error::Unspecified,
    hkdf::{HKDF_SHA256, Prk, Salt},
    rand::{SecureRandom, SystemRandom},
};

const SALT_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// What a text is for. It is good for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Session,
    Attempt,
}

impl Purpose {
    fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Session => b"session",
            Self::Attempt => b"attempt",
        }
    }
}

/// The keys: the first seals, all open.
pub(super) struct Seals {
    keys: Vec<Prk>,
    /// Provider, client and cookie: what is sealed for others is not ours.
    context: String,
    random: SystemRandom,
}

impl Seals {
    pub(super) fn new(config: &Login) -> Self {
        let salt = Salt::new(HKDF_SHA256, b"graphway login");
        let key = |secret: &Secret| salt.extract(secret.bytes());
        let (issuer, client) = (&config.issuer.0.text, &config.client_id.0);
        Self {
            keys: config.secrets.0.iter().map(key).collect(),
            context: format!("{issuer}\n{}\n{client}", config.cookie_name.0),
            random: SystemRandom::new(),
        }
    }

    /// Seals a text, which opens only with the same `bound`. An error: there are no random numbers.
    pub(super) fn seal(
        &self,
        purpose: Purpose,
        bound: &str,
        mut text: Vec<u8>,
    ) -> Result<String, Unspecified> {
        let mut sealed = vec![0; SALT_BYTES];
        self.random.fill(&mut sealed)?;
        let key = self.keys.first().ok_or(Unspecified)?;
        let key = self.key(key, purpose, &sealed)?;
        key.seal_in_place_append_tag(nonce(), Aad::from(bound), &mut text)?;
        sealed.append(&mut text);
        Ok(base64::encode_url(&sealed))
    }

    /// What was sealed. None: it was not sealed here, or for something else.
    pub(super) fn open(&self, purpose: Purpose, bound: &str, written: &[u8]) -> Option<Vec<u8>> {
        let sealed = base64::decode_url(written)?;
        let (salt, text) = sealed.split_at_checked(SALT_BYTES)?;
        let open = |key| {
            let key = self.key(key, purpose, salt).ok()?;
            let mut text = text.to_vec();
            let length = text.len().checked_sub(TAG_BYTES)?;
            key.open_in_place(nonce(), Aad::from(bound), &mut text)
                .ok()?;
            text.truncate(length);
            Some(text)
        };
        self.keys.iter().find_map(open)
    }

    fn key(&self, key: &Prk, purpose: Purpose, salt: &[u8]) -> Result<LessSafeKey, Unspecified> {
        // The salt has its length, and no purpose begins as another one.
        let context = [salt, purpose.as_bytes(), self.context.as_bytes()];
        let key = UnboundKey::from(key.expand(&context, &AES_256_GCM)?);
        Ok(LessSafeKey::new(key))
    }
}

/// Each key seals once.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn seals(changed: &[(&str, Value)]) -> Seals {
        let mut config = json!({
            "issuer": "https://accounts.example",
            "client_id": "gate",
            "base_url": "https://shop.example",
            "secrets": ["0".repeat(32)],
        });
        for (key, value) in changed {
            config[*key] = value.clone();
        }
        Seals::new(&serde_json::from_value(config).unwrap())
    }

    #[test]
    fn what_is_sealed_opens_for_what_it_is_for() {
        let (seals, purpose) = (seals(&[]), Purpose::Attempt);
        let sealed = |text: &[u8]| seals.seal(purpose, "state", text.to_vec()).unwrap();
        for text in [&b""[..], b"text", &[0; 5000]] {
            let sealed = sealed(text);
            let opened = seals.open(purpose, "state", sealed.as_bytes());
            assert_eq!(opened.as_deref(), Some(text));
        }
        let text = sealed(b"text");
        assert_ne!(text, sealed(b"text"));
        assert_eq!(seals.open(purpose, "other", text.as_bytes()), None);
        assert_eq!(seals.open(Purpose::Session, "state", text.as_bytes()), None);
        for end in 0..text.len() {
            assert_eq!(seals.open(purpose, "state", &text.as_bytes()[..end]), None);
        }
    }

    #[test]
    fn what_is_sealed_for_others_does_not_open() {
        let text = seals(&[]).seal(Purpose::Session, "", b"text".to_vec());
        let text = text.unwrap();
        for changed in [
            ("issuer", json!("https://evil.example")),
            ("client_id", json!("other")),
            ("cookie_name", json!("__Host-other")),
            ("secrets", json!(["1".repeat(32)])),
        ] {
            let other = seals(std::slice::from_ref(&changed));
            assert_eq!(
                other.open(Purpose::Session, "", text.as_bytes()),
                None,
                "{changed:?}"
            );
        }
        // The first secret seals, and all open.
        let both = seals(&[("secrets", json!(["1".repeat(32), "0".repeat(32)]))]);
        let opened = both.open(Purpose::Session, "", text.as_bytes());
        assert_eq!(opened.as_deref(), Some(&b"text"[..]));
    }
}
