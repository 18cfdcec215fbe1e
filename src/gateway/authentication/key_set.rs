//! A JSON Web Key Set (RFC 7517): the keys that verify, and which of them may have signed a token.

use bytes::Bytes;
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;

/// Keys of one set; the rest are ignored. A token without key id is tried with each that fits, which must stay cheap.
const KEYS_MAX: usize = 64;
/// Shorter moduli can be factored. `ring` refuses them too, one token at a time.
const RSA_BYTES_MIN: usize = 2048 / 8;

/// The keys of a set that can verify something.
pub(super) struct KeySet {
    /// What it was read from, to tell whether it changed.
    raw: Bytes,
    keys: Vec<Key>,
}

struct Key {
    id: Option<String>,
    /// Those it may be used with.
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// Why a text is no set to go on with.
#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    #[error("this is no JSON Web Key Set: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("none of its {0} keys can verify tokens")]
    NoKeys(usize),
}

impl KeySet {
    /// Reads a set. Keys that are for something else or of an unknown kind are left out, as RFC 7517 section 5 says.
    pub(super) fn parse(raw: Bytes) -> Result<Self, KeySetError> {
        #[derive(Deserialize)]
        struct Written {
            keys: Vec<serde_json::Value>,
        }
        let Written { keys: written } = serde_json::from_slice(&raw)?;
        let count = written.len();
        let keys: Vec<Key> = written
            .into_iter()
            .filter_map(|key| Key::of(&serde_json::from_value(key).ok()?))
            .take(KEYS_MAX)
            .collect();
        let keys = without_doubtful_secrets(keys);
        if keys.is_empty() {
            return Err(KeySetError::NoKeys(count));
        }
        if keys.len() < count {
            tracing::debug!(
                keys = count,
                usable = keys.len(),
                "some keys of a set are not used"
            );
        }
        Ok(Self { raw, keys })
    }

    /// Whether it was read from this text.
    pub(super) fn is(&self, raw: &Bytes) -> bool {
        self.raw == raw
    }

    /// Whether one of its keys has this id and takes this algorithm.
    pub(super) fn knows(&self, id: &str, algorithm: Algorithm) -> bool {
        let mut keys = self.keys.iter();
        keys.any(|key| key.id.as_deref() == Some(id) && key.algorithms.contains(&algorithm))
    }

    /// The keys that may have signed a token, those with its key id first. A key without id may be anybody's.
    pub(super) fn fitting(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &DecodingKey> {
        let fitting = |named: bool| {
            self.keys.iter().filter(move |key| {
                let is_named = id.is_some() && key.id.as_deref() == id;
                let may_be = id.is_none() || key.id.is_none() || is_named;
                may_be && is_named == named && key.algorithms.contains(&algorithm)
            })
        };
        fitting(true).chain(fitting(false)).map(|key| &key.key)
    }
}

/// The keys but for secrets that have the id of a public key: what everybody can read is no secret, whatever a set says.
fn without_doubtful_secrets(mut keys: Vec<Key>) -> Vec<Key> {
    let public = keys.iter().filter(|key| !key.is_for_hmac());
    let public: Vec<Option<String>> = public.map(|key| key.id.clone()).collect();
    let is_doubtful = |key: &Key| key.id.is_some() && key.is_for_hmac() && public.contains(&key.id);
    if keys.iter().any(is_doubtful) {
        tracing::warn!("a secret of a key set has the id of a public key, and is not used");
    }
    keys.retain(|key| !is_doubtful(key));
    keys
}

impl Key {
    fn is_for_hmac(&self) -> bool {
        let hmac = AlgorithmFamily::Hmac.algorithms();
        self.algorithms
            .iter()
            .all(|algorithm| hmac.contains(algorithm))
    }

    /// None if it is not for verifying tokens.
    fn of(jwk: &Jwk) -> Option<Self> {
        let signs = matches!(
            jwk.common.public_key_use,
            None | Some(PublicKeyUse::Signature)
        );
        let verifies = jwk
            .common
            .key_operations
            .as_ref()
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        if !signs || !verifies {
            return None;
        }
        let key = DecodingKey::from_jwk(jwk).ok()?;
        let mut algorithms = algorithms(&jwk.algorithm, &key);
        if let Some(only) = jwk.common.key_algorithm {
            algorithms.retain(|algorithm| KeyAlgorithm::from(*algorithm) == only);
        }
        (!algorithms.is_empty()).then(|| Self {
            id: jwk.common.key_id.clone(),
            algorithms,
            key,
        })
    }
}

/// What a key can be used with, by its type and its strength.
fn algorithms(parameters: &AlgorithmParameters, key: &DecodingKey) -> Vec<Algorithm> {
    match (parameters, key.kind()) {
        (AlgorithmParameters::RSA(_), DecodingKeyKind::RsaModulusExponent { n, .. }) => {
            let zeros = n.iter().take_while(|byte| **byte == 0).count();
            if n.len() - zeros < RSA_BYTES_MIN {
                tracing::warn!("an RSA key of less than 2048 bits is not used");
                return Vec::new();
            }
            AlgorithmFamily::Rsa.algorithms().to_vec()
        }
        (AlgorithmParameters::EllipticCurve(curve), _) => match curve.curve {
            EllipticCurve::P256 => vec![Algorithm::ES256],
            EllipticCurve::P384 => vec![Algorithm::ES384],
            _ => Vec::new(),
        },
        (AlgorithmParameters::OctetKeyPair(pair), _) if pair.curve == EllipticCurve::Ed25519 => {
            vec![Algorithm::EdDSA]
        }
        (AlgorithmParameters::OctetKey(_), DecodingKeyKind::SecretOrDer(secret)) => {
            hmac_algorithms(secret.len())
        }
        _ => Vec::new(),
    }
}

/// A secret is at least as long as the hash (RFC 7518 section 3.2): a shorter one can be guessed from one token.
fn hmac_algorithms(secret_bytes: usize) -> Vec<Algorithm> {
    let needed = [
        (Algorithm::HS256, 32),
        (Algorithm::HS384, 48),
        (Algorithm::HS512, 64),
    ];
    if secret_bytes < 32 {
        tracing::warn!("a secret of less than 32 bytes is not used");
    }
    needed
        .into_iter()
        .filter(|(_, bytes)| secret_bytes >= *bytes)
        .map(|(algorithm, _)| algorithm)
        .collect()
}
