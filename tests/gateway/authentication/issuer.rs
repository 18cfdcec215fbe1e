//! An issuer of tokens: keys of every kind, and whatever they are asked to sign.

use ring::{
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
        RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use serde_json::{Value, json};

/// A key with its id.
pub(super) struct Key {
    pub id: &'static str,
    kind: Kind,
}

enum Kind {
    Rsa(Box<RsaKeyPair>),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Secret(Vec<u8>),
}

impl Key {
    /// The RSA key of the tests: to make one takes seconds.
    pub(super) fn rsa(id: &'static str) -> Self {
        let pair = RsaKeyPair::from_pkcs8(include_bytes!("keys/rsa.pk8")).unwrap();
        let kind = Kind::Rsa(Box::new(pair));
        Self { id, kind }
    }

    /// A new key on P-256.
    pub(super) fn p256(id: &'static str) -> Self {
        let kind = Kind::P256(on_curve(&ECDSA_P256_SHA256_FIXED_SIGNING));
        Self { id, kind }
    }

    /// A new key on P-384.
    pub(super) fn p384(id: &'static str) -> Self {
        let kind = Kind::P384(on_curve(&ECDSA_P384_SHA384_FIXED_SIGNING));
        Self { id, kind }
    }

    /// A new key on Curve25519.
    pub(super) fn ed25519(id: &'static str) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let kind = Kind::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap());
        Self { id, kind }
    }

    /// A shared secret.
    pub(super) fn secret(id: &'static str, secret: &[u8]) -> Self {
        let kind = Kind::Secret(secret.to_vec());
        Self { id, kind }
    }

    /// Its entry in a key set: the public part, or the secret.
    pub(super) fn jwk(&self) -> Value {
        match &self.kind {
            Kind::Rsa(pair) => {
                let RsaPublicKeyComponents { n, e } =
                    RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({ "kty": "RSA", "kid": self.id, "n": base64(&n), "e": base64(&e) })
            }
            Kind::P256(pair) => self.point("P-256", pair),
            Kind::P384(pair) => self.point("P-384", pair),
            Kind::Ed25519(pair) => {
                let x = base64(pair.public_key().as_ref());
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.id, "x": x })
            }
            Kind::Secret(secret) => json!({ "kty": "oct", "kid": self.id, "k": base64(secret) }),
        }
    }

    fn point(&self, curve: &str, pair: &EcdsaKeyPair) -> Value {
        let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
        json!({ "kty": "EC", "crv": curve, "kid": self.id, "x": base64(x), "y": base64(y) })
    }

    /// The public key as its issuer might show it elsewhere.
    pub(super) fn public(&self) -> Vec<u8> {
        match &self.kind {
            Kind::Rsa(pair) => pair.public().as_ref().to_vec(),
            Kind::P256(pair) | Kind::P384(pair) => pair.public_key().as_ref().to_vec(),
            Kind::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
            Kind::Secret(secret) => secret.clone(),
        }
    }

    /// A token by this algorithm, naming this key.
    pub(super) fn token(&self, algorithm: &str, claims: &Value) -> String {
        let header = json!({ "alg": algorithm, "typ": "JWT", "kid": self.id });
        self.sign(&header, &claims.to_string())
    }

    /// A token with this header; the signature is by the algorithm that the header names.
    pub(super) fn sign(&self, header: &Value, claims: &str) -> String {
        self.sign_text(header["alg"].as_str().unwrap(), &header.to_string(), claims)
    }

    /// A token of these texts, signed by this algorithm, whatever they say.
    pub(super) fn sign_text(&self, algorithm: &str, header: &str, claims: &str) -> String {
        self.sign_bytes(algorithm, header.as_bytes(), claims.as_bytes())
    }

    /// The same of bytes.
    pub(super) fn sign_bytes(&self, algorithm: &str, header: &[u8], claims: &[u8]) -> String {
        let message = format!("{}.{}", base64(header), base64(claims));
        let signature = self.signature(algorithm, message.as_bytes());
        format!("{message}.{}", base64(&signature))
    }

    fn signature(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.kind {
            Kind::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(encoding(algorithm), &random, message, &mut signature)
                    .unwrap();
                signature
            }
            Kind::P256(pair) | Kind::P384(pair) => {
                pair.sign(&random, message).unwrap().as_ref().to_vec()
            }
            Kind::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Kind::Secret(secret) => {
                let hash = match algorithm {
                    "HS384" => hmac::HMAC_SHA384,
                    "HS512" => hmac::HMAC_SHA512,
                    _ => hmac::HMAC_SHA256,
                };
                let tag = hmac::sign(&hmac::Key::new(hash, secret), message);
                tag.as_ref().to_vec()
            }
        }
    }
}

fn on_curve(algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap()
}

fn encoding(algorithm: &str) -> &'static dyn RsaEncoding {
    match algorithm {
        "RS384" => &RSA_PKCS1_SHA384,
        "RS512" => &RSA_PKCS1_SHA512,
        "PS256" => &RSA_PSS_SHA256,
        "PS384" => &RSA_PSS_SHA384,
        "PS512" => &RSA_PSS_SHA512,
        _ => &RSA_PKCS1_SHA256,
    }
}

/// URL-safe base64 without padding (RFC 4648 section 5).
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(group);
        for index in 0..=chunk.len() {
            let letter = bits >> (18 - 6 * index) & 63;
            text.push(char::from(LETTERS[letter as usize]));
        }
    }
    text
}
