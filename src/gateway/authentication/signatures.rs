//! Signatures, by `ring`: the cryptography that `jsonwebtoken` is told to use.
//!
//! `ring` is here for TLS already. It knows no token: what a signature is about, and which key may make it, is decided
//! above.

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind,
    crypto::{CryptoProvider, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind},
    signature::{self, Verifier},
};
use ring::{
    hmac,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
        RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
        UnparsedPublicKey, VerificationAlgorithm,
    },
};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(Error::from(ErrorKind::UnsupportedAlgorithm)),
    verifier_factory: |algorithm, key| {
        Ok(Box::new(Signature {
            algorithm: *algorithm,
            key: key.clone(),
        }))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has `jsonwebtoken` verify by `ring`, for the whole process.
pub(super) fn use_ring() {
    // An error says that it does so already, for nobody else chooses here.
    let _ = PROVIDER.install_default();
}

/// What an algorithm needs of a key.
struct Signature {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtVerifier for Signature {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Signature {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        // A key of another family is never bent to fit: an RSA key is no HMAC secret.
        if self.key.family() == self.algorithm.family() && self.fits(message, signature) {
            Ok(())
        } else {
            Err(signature::Error::new())
        }
    }
}

impl Signature {
    fn fits(&self, message: &[u8], signature: &[u8]) -> bool {
        use Algorithm as A;
        match self.algorithm {
            A::HS256 => self.hmac(hmac::HMAC_SHA256, message, signature),
            A::HS384 => self.hmac(hmac::HMAC_SHA384, message, signature),
            A::HS512 => self.hmac(hmac::HMAC_SHA512, message, signature),
            A::RS256 => self.rsa(&RSA_PKCS1_2048_8192_SHA256, message, signature),
            A::RS384 => self.rsa(&RSA_PKCS1_2048_8192_SHA384, message, signature),
            A::RS512 => self.rsa(&RSA_PKCS1_2048_8192_SHA512, message, signature),
            A::PS256 => self.rsa(&RSA_PSS_2048_8192_SHA256, message, signature),
            A::PS384 => self.rsa(&RSA_PSS_2048_8192_SHA384, message, signature),
            A::PS512 => self.rsa(&RSA_PSS_2048_8192_SHA512, message, signature),
            A::ES256 => self.curve(&ECDSA_P256_SHA256_FIXED, message, signature),
            A::ES384 => self.curve(&ECDSA_P384_SHA384_FIXED, message, signature),
            A::EdDSA => self.curve(&ED25519, message, signature),
            _ => false,
        }
    }

    fn hmac(&self, algorithm: hmac::Algorithm, message: &[u8], tag: &[u8]) -> bool {
        let Ok(secret) = self.key.try_get_as_bytes() else {
            return false;
        };
        hmac::verify(&hmac::Key::new(algorithm, secret), message, tag).is_ok()
    }

    fn rsa(&self, parameters: &'static RsaParameters, message: &[u8], signature: &[u8]) -> bool {
        let DecodingKeyKind::RsaModulusExponent { n, e } = self.key.kind() else {
            return false;
        };
        // `ring` takes numbers without leading zeros, which some issuers write.
        let (n, e) = (significant(n), significant(e));
        let key = RsaPublicKeyComponents { n, e };
        key.verify(parameters, message, signature).is_ok()
    }

    fn curve(
        &self,
        algorithm: &'static dyn VerificationAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let Ok(point) = self.key.try_get_as_bytes() else {
            return false;
        };
        UnparsedPublicKey::new(algorithm, point)
            .verify(message, signature)
            .is_ok()
    }
}

fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}
