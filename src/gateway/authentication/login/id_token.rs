//! What an ID token must say beside being signed for us and of now (OpenID Connect Core section 3.1.3.7).

use super::{
    super::{login_config::ClientId, token::SignedBy},
    failure::Failure,
    provider::Known,
};
use crate::gateway::base64;
use jsonwebtoken::Algorithm;
use ring::digest::{self, SHA256, SHA384, SHA512, digest};
use serde_json::{Map, Value};

/// An ID token is made when it is asked for. By so much clocks may differ, in seconds.
const AGE_MAX: f64 = 600.0;
/// A name has no more (section 2).
const SUBJECT_BYTES_MAX: usize = 255;

/// What it must fit.
pub(super) struct Expected<'a> {
    pub(super) client_id: &'a ClientId,
    /// None: it is not the first one.
    pub(super) nonce: Option<&'a str>,
    /// Who was signed in before.
    pub(super) subject: Option<&'a Value>,
    pub(super) access_token: &'a str,
}

/// What a token says, if it is valid at `now`, in seconds since 1970.
pub(super) async fn claims(
    token: &str,
    known: &Known,
    expected: &Expected<'_>,
    now: u64,
) -> Result<Map<String, Value>, Failure> {
    let now = now as f64;
    let verified = known.verifier.verify(token, now).await;
    let verified = verified.map_err(|rejection| {
        tracing::warn!(reason = %rejection, "an ID token is not valid");
        Failure::BadIdToken
    })?;
    let claims = verified.caller.claims().cloned().unwrap_or_default();
    let wrong = check(token, &claims, expected, now).err();
    match wrong {
        None => Ok(claims),
        Some(claim) => {
            tracing::warn!(claim, "an ID token is not valid");
            Err(Failure::BadIdToken)
        }
    }
}

/// The claim that is wrong, if one is.
fn check(
    token: &str,
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
    now: f64,
) -> Result<(), &'static str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let holds = |holds: bool, claim: &'static str| holds.then_some(()).ok_or(claim);
    let subject = text("sub").map_or(0, str::len);
    holds((1..=SUBJECT_BYTES_MAX).contains(&subject), "sub")?;
    if let Some(before) = expected.subject {
        holds(claims.get("sub") == Some(before), "sub")?;
    }
    let is_for_several = claims
        .get("aud")
        .and_then(Value::as_array)
        .is_some_and(|audiences| audiences.len() > 1);
    if is_for_several || claims.contains_key("azp") {
        holds(text("azp") == Some(expected.client_id.0.as_str()), "azp")?;
    }
    let issued = claims.get("iat").and_then(Value::as_f64);
    holds(
        issued.is_some_and(|issued| (now - issued).abs() <= AGE_MAX),
        "iat",
    )?;
    if let Some(nonce) = expected.nonce {
        holds(text("nonce") == Some(nonce), "nonce")?;
    }
    if claims.contains_key("at_hash") {
        let hash = half_digest(token, expected.access_token);
        holds(
            hash.is_some() && text("at_hash") == hash.as_deref(),
            "at_hash",
        )?;
    }
    Ok(())
}

/// The left half of the access token's digest, by the hash that the ID token is signed with (section 3.1.3.6).
fn half_digest(token: &str, access_token: &str) -> Option<String> {
    let hash: &digest::Algorithm = match SignedBy::of(token).ok()?.algorithm {
        Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 => &SHA256,
        Algorithm::RS384 | Algorithm::PS384 | Algorithm::ES384 => &SHA384,
        Algorithm::RS512 | Algorithm::PS512 | Algorithm::EdDSA => &SHA512,
        _ => return None,
    };
    let digest = digest(hash, access_token.as_bytes());
    let (left, _) = digest.as_ref().split_at(hash.output_len() / 2);
    Some(base64::encode_url(left))
}
