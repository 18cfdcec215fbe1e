//! Whether a token is valid: signed by a key of somebody who may, for us, and now.

use super::{
    Rejection,
    config::{Issuer, Issuers},
    jwks::{Error, Jwks, KeySources},
    key_set::KeySet,
    token::SignedBy,
    verified::{Digest, Verified, VerifiedTokens},
};
use crate::{gateway::consumers::Directory, upstream::Egress};
use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, Validation, decode};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};
use serde_json::{Map, Value};
use std::{fmt, sync::Arc};

/// What a verifier leans on.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub(super) sources: &'a KeySources,
    /// What sources may connect to.
    pub(super) egress: &'a Arc<Egress>,
}

/// Those who may sign tokens, and the tokens that were found valid.
pub(super) struct Verifier {
    trusted: Vec<Trusted>,
    tokens: VerifiedTokens,
}

/// A key set, and what a token signed by it must say.
struct Trusted {
    jwks: Arc<Jwks>,
    /// Whose tokens they may be.
    consumers: Arc<Directory>,
    algorithms: Option<Vec<Algorithm>>,
    allow_missing_exp: bool,
    /// Issuer and audience. Times are checked by [`Verified`], for they go on after that.
    demands: Validation,
}

/// What came of trying a token with the keys that are there.
enum Tried {
    Valid(Arc<Verified>),
    /// A key that may have signed it is there, and still it is not valid.
    Rejected(Rejection),
    /// Its key is not there.
    UnknownKey,
}

impl Verifier {
    pub(super) fn new(
        issuers: &Issuers,
        keys: Keys<'_>,
        consumers: &Arc<Directory>,
    ) -> Result<Self, Error> {
        let trusted = issuers.0.iter();
        let trusted = trusted.map(|issuer| Trusted::new(issuer, keys, consumers));
        Ok(Self {
            trusted: trusted.collect::<Result<_, _>>()?,
            tokens: VerifiedTokens::new(),
        })
    }

    /// The token as far as it is valid at `now`, in seconds since 1970.
    pub(super) async fn verify(&self, token: &str, now: f64) -> Result<Arc<Verified>, Rejection> {
        let digest = Digest::of(token);
        let verified = match self.tokens.get(&digest) {
            Some(verified) => verified,
            None => {
                let verified = self.verify_anew(token).await?;
                self.tokens.insert(digest, token, Arc::clone(&verified));
                verified
            }
        };
        verified.check_time(now)?;
        Ok(verified)
    }

    async fn verify_anew(&self, token: &str) -> Result<Arc<Verified>, Rejection> {
        let signed_by = SignedBy::of(token)?;
        let allowed: Vec<&Trusted> = self
            .trusted
            .iter()
            .filter(|trusted| trusted.allows(signed_by.algorithm))
            .collect();
        if allowed.is_empty() {
            return Err(Rejection::Algorithm);
        }
        let seen: Vec<_> = allowed.iter().map(|trusted| trusted.jwks.keys()).collect();
        let mut tried = try_all(&allowed, token, &signed_by);
        if matches!(tried, Tried::UnknownKey) {
            // Its issuer may have begun to use a new key.
            let all = allowed.iter().zip(&seen);
            join_all(all.map(|(trusted, seen)| trusted.jwks.refresh(seen.as_ref()))).await;
            tried = try_all(&allowed, token, &signed_by);
        }
        match tried {
            Tried::Valid(verified) => Ok(verified),
            Tried::Rejected(rejection) => Err(rejection),
            Tried::UnknownKey if allowed.iter().any(|trusted| trusted.jwks.keys().is_none()) => {
                Err(Rejection::NoKeysYet)
            }
            Tried::UnknownKey => Err(Rejection::UnknownKey),
        }
    }
}

/// What a token says, each name once (RFC 7519 section 4): of two, others might take the one that we do not.
struct Claims(Map<String, Value>);

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Claims;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("claims")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Claims, A::Error> {
                let mut claims = Map::new();
                while let Some((name, value)) = entries.next_entry()? {
                    if claims.insert(name, value).is_some() {
                        return Err(de::Error::custom("a claim is there twice"));
                    }
                }
                Ok(Claims(claims))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

/// Tries everybody's keys. What a key that fits says against the token counts more than that others do not know it.
fn try_all(trusted: &[&Trusted], token: &str, signed_by: &SignedBy) -> Tried {
    let mut worst = Tried::UnknownKey;
    for trusted in trusted {
        let Some(keys) = trusted.jwks.keys() else {
            continue;
        };
        match trusted.try_keys(keys, token, signed_by) {
            Tried::Valid(verified) => return Tried::Valid(verified),
            Tried::Rejected(rejection) => worst = Tried::Rejected(rejection),
            Tried::UnknownKey => {}
        }
    }
    worst
}

impl Trusted {
    fn new(issuer: &Issuer, keys: Keys<'_>, consumers: &Arc<Directory>) -> Result<Self, Error> {
        let mut demands = Validation::default();
        demands.required_spec_claims.clear();
        demands.validate_exp = false;
        demands.validate_nbf = false;
        match &issuer.audiences {
            None => demands.validate_aud = false,
            Some(audiences) => {
                demands.set_audience(&audiences.0);
                demands.required_spec_claims.insert("aud".to_owned());
            }
        }
        if let Some(issuers) = &issuer.issuers {
            demands.set_issuer(&issuers.0);
            demands.required_spec_claims.insert("iss".to_owned());
        }
        Ok(Self {
            jwks: keys.sources.source(&issuer.keys, keys.egress)?,
            consumers: Arc::clone(consumers),
            algorithms: issuer.allowed(),
            allow_missing_exp: issuer.allow_missing_exp,
            demands,
        })
    }

    fn allows(&self, algorithm: Algorithm) -> bool {
        let allowed = self.algorithms.as_ref();
        allowed.is_none_or(|allowed| allowed.contains(&algorithm))
    }

    fn try_keys(&self, keys: Arc<KeySet>, token: &str, signed_by: &SignedBy) -> Tried {
        let key_id = signed_by.key_id.as_deref();
        let is_known = key_id.is_none_or(|id| keys.knows(id, signed_by.algorithm));
        let demands = Validation {
            algorithms: vec![signed_by.algorithm],
            ..self.demands.clone()
        };
        let mut rejection = is_known.then_some(Rejection::Signature);
        let mut claims: Option<Claims> = None;
        for key in keys.fitting(key_id, signed_by.algorithm) {
            match decode(token, key, &demands).map_err(Rejection::from) {
                Ok(decoded) => {
                    claims = Some(decoded.claims);
                    break;
                }
                // Not this key's.
                Err(Rejection::Signature) => {}
                Err(other) => rejection = Some(other),
            }
        }
        match claims.map(|Claims(claims)| self.accept(claims, keys)) {
            Some(Ok(verified)) => Tried::Valid(Arc::new(verified)),
            Some(Err(rejection)) => Tried::Rejected(rejection),
            None => rejection.map_or(Tried::UnknownKey, Tried::Rejected),
        }
    }

    fn accept(&self, claims: Map<String, Value>, keys: Arc<KeySet>) -> Result<Verified, Rejection> {
        // It is one text (RFC 7519 section 4.1.1): of a list, anybody could take another one.
        if claims.get("iss").is_some_and(|issuer| !issuer.is_string()) {
            return Err(Rejection::Issuer);
        }
        let verified = Verified::new(claims, &self.jwks, keys, &self.consumers)?;
        if verified.ends() || self.allow_missing_exp {
            Ok(verified)
        } else {
            Err(Rejection::NoExpiry)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            config::{KeySource, KeyUrl},
            signatures::use_ring,
        },
        *,
    };
    use std::{fs, time::Duration};

    const KEYS: &str =
        r#"{"keys":[{"kty":"oct","k":"dGhpcnR5LXR3byBieXRlcywga25vd24gdG8gdGVzdHM"}]}"#;
    /// Its `exp` is 1000.
    const TOKEN: &str =
        "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjEwMDB9.GDdgCxYD6KVIHjj67IBCxWVsyerdgiVAh6erdGa_ZVI";

    #[tokio::test]
    async fn a_token_that_was_valid_ends_too() {
        use_ring();
        let path = std::env::temp_dir().join(format!("graphway-{}-ends.json", std::process::id()));
        fs::write(&path, KEYS).unwrap();
        let issuer = Issuer {
            keys: KeySource {
                url: KeyUrl::File(path.clone()),
                poll_interval: Duration::from_secs(3600),
                headers: Vec::new(),
            },
            issuers: None,
            audiences: None,
            algorithms: None,
            allow_missing_exp: false,
        };
        let keys = Keys {
            sources: &KeySources::default(),
            egress: &Arc::default(),
        };
        let verifier = Verifier::new(&Issuers(vec![issuer]), keys, &Arc::default()).unwrap();
        for (now, expected) in [
            (0.0, None),
            (1059.0, None),
            (1060.0, Some(Rejection::Expired)),
            (1000.0, None),
        ] {
            let verdict = verifier.verify(TOKEN, now).await;
            assert_eq!(verdict.err(), expected, "at {now}");
            assert!(verifier.tokens.get(&Digest::of(TOKEN)).is_some());
        }
        fs::remove_file(path).unwrap();
    }
}
