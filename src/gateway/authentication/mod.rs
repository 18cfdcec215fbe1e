//! Who sends a request: the JSON Web Token it carries (RFC 7519), verified by its issuer's published keys (RFC 7517).
//!
//! A request without token is anonymous. A token that is not valid is refused whatever it asks for, before anything is
//! sent to a subgraph. Of a token, nothing is ever logged, and neither is what it claims.

mod caller;
mod config;
mod jwks;
mod key_set;
mod signatures;
mod token;
mod verified;
mod verifier;

pub(super) use caller::Caller;
pub use config::Config;
pub use jwks::Error;
pub(super) use jwks::KeySources;

use config::OnError;
use http::HeaderMap;
use jsonwebtoken::errors::ErrorKind;
use std::time::{SystemTime, UNIX_EPOCH};
use token::Places;
use verifier::Verifier;

/// The compiled rules.
pub(super) struct Authentication {
    /// None: nobody is asked.
    jwt: Option<Jwt>,
    is_required: bool,
}

struct Jwt {
    places: Places,
    verifier: Verifier,
    on_error: OnError,
}

/// Why a request is not let in for what it says of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Rejection {
    #[error("A token is required")]
    NoToken,
    #[error("The request carries several tokens")]
    Several,
    #[error("The request carries something other than the token that is expected")]
    OtherScheme,
    #[error("The token is too long")]
    TooLong,
    #[error("The token is malformed")]
    Malformed,
    #[error("The token is signed by an algorithm that is not allowed")]
    Algorithm,
    #[error("The token is signed by an unknown key")]
    UnknownKey,
    #[error("The token has a signature that is not valid")]
    Signature,
    #[error("The token comes from another issuer")]
    Issuer,
    #[error("The token is meant for another audience")]
    Audience,
    #[error("The token does not say when it expires")]
    NoExpiry,
    #[error("The token has expired")]
    Expired,
    #[error("The token is not valid yet")]
    NotYetValid,
    #[error("The token cannot be verified at the moment")]
    NoKeysYet,
}

impl From<jsonwebtoken::errors::Error> for Rejection {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidIssuer => Self::Issuer,
            ErrorKind::InvalidAudience => Self::Audience,
            ErrorKind::MissingRequiredClaim(name) if name == "iss" => Self::Issuer,
            ErrorKind::MissingRequiredClaim(_) => Self::Audience,
            ErrorKind::InvalidAlgorithm => Self::Algorithm,
            ErrorKind::InvalidSignature => Self::Signature,
            _ => Self::Malformed,
        }
    }
}

impl Authentication {
    /// Compiles the configuration. Key sets in files are read.
    pub(super) fn new(
        config: &Config,
        is_required: bool,
        sources: &KeySources,
    ) -> Result<Self, Error> {
        if is_required && config.router.jwt.is_none() {
            return Err(Error::NobodyTrusted);
        }
        signatures::use_ring();
        let compiled = config.router.jwt.as_ref().map(|jwt| {
            Ok(Jwt {
                places: Places::new(jwt),
                verifier: Verifier::new(&jwt.jwks, sources)?,
                on_error: jwt.on_error,
            })
        });
        Ok(Self {
            jwt: compiled.transpose()?,
            is_required,
        })
    }

    /// The sender of a request with these headers.
    pub(super) async fn authenticate(&self, headers: &HeaderMap) -> Result<Caller, Rejection> {
        let caller = match &self.jwt {
            Some(jwt) => jwt.caller(headers).await?,
            None => Caller::default(),
        };
        if self.is_required && caller.is_anonymous() {
            return Err(Rejection::NoToken);
        }
        Ok(caller)
    }
}

impl Jwt {
    async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Rejection> {
        match (self.verified(headers).await, self.on_error) {
            (Err(rejection), OnError::Continue) => {
                tracing::debug!(reason = %rejection, "a token is not valid; its sender is anonymous");
                Ok(Caller::default())
            }
            (caller, _) => caller,
        }
    }

    async fn verified(&self, headers: &HeaderMap) -> Result<Caller, Rejection> {
        let Some(token) = self.places.find(headers)? else {
            return Ok(Caller::default());
        };
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = since_1970.unwrap_or_default().as_secs_f64();
        let verified = self.verifier.verify(token, now).await?;
        Ok(Caller::with_claims(verified.claims.clone()))
    }
}
