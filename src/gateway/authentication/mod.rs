//! Who sends a request, by what it shows of that: a JSON Web Token (RFC 7519), verified by its issuer's published keys
//! (RFC 7517), or a consumer's own credential.
//!
//! [`Ways`] say which of these count at one end of the gateway. What is shown and is not valid is refused whatever it
//! asks for, before anything is sent to anybody. Of credentials, nothing is ever logged, and neither is what they claim.

mod api_key;
mod caller;
mod config;
mod hidden;
mod jwks;
mod key_set;
mod signatures;
mod token;
mod verified;
mod verifier;
mod ways;

pub(super) use caller::Caller;
pub use config::Config;
pub(super) use config::Method;
pub use jwks::Error;
pub(super) use jwks::KeySources;
pub(super) use ways::{Refused, Ways};

use super::consumers::Directory;
use api_key::ApiKeys;
use config::OnError;
use http::request::Parts;
use jsonwebtoken::errors::ErrorKind;
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use token::Places;
use verifier::Verifier;

/// The compiled rules: every way that there is.
pub(super) struct Authentication {
    consumers: Arc<Directory>,
    jwt: Option<Jwt>,
    api_keys: Option<ApiKeys>,
    /// Whether a token is demanded where no policy says what is.
    is_required: bool,
}

/// A request, as far as it shows who sends it.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) head: &'a Parts,
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
    #[error("The request does not show who sends it")]
    NothingShown,
    #[error("The request carries several API keys")]
    SeveralApiKeys,
    #[error("The API key is not known")]
    UnknownApiKey,
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
        consumers: &Arc<Directory>,
    ) -> Result<Self, Error> {
        if is_required && config.router.jwt.is_none() {
            return Err(Error::NobodyTrusted);
        }
        signatures::use_ring();
        let compiled = config.router.jwt.as_ref().map(|jwt| {
            Ok(Jwt {
                places: Places::new(jwt),
                verifier: Verifier::new(&jwt.jwks, sources, consumers)?,
                on_error: jwt.on_error,
            })
        });
        Ok(Self {
            consumers: Arc::clone(consumers),
            jwt: compiled.transpose()?,
            api_keys: config.api_key.as_ref().map(ApiKeys::new),
            is_required,
        })
    }

    /// The caller by one of the ways. None: the request shows nothing that is looked at there.
    async fn caller(
        &self,
        method: Method,
        ways: &Ways,
        asking: &Asking<'_>,
    ) -> Result<Option<Caller>, Rejection> {
        match method {
            Method::Jwt => match &self.jwt {
                Some(jwt) => jwt.caller(ways, asking).await,
                None => Ok(None),
            },
            Method::ApiKey => match &self.api_keys {
                Some(keys) => keys.caller(&self.consumers, asking),
                None => Ok(None),
            },
        }
    }
}

impl Jwt {
    async fn caller(&self, ways: &Ways, asking: &Asking<'_>) -> Result<Option<Caller>, Rejection> {
        match (self.verified(ways, asking).await, self.on_error) {
            (Err(rejection), OnError::Continue) => {
                tracing::debug!(reason = %rejection, "a token is not valid; its sender is anonymous");
                Ok(None)
            }
            (caller, _) => caller,
        }
    }

    async fn verified(
        &self,
        ways: &Ways,
        asking: &Asking<'_>,
    ) -> Result<Option<Caller>, Rejection> {
        let found = self.places.find(asking, ways.shares_authorization())?;
        let Some(token) = found else {
            return Ok(None);
        };
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = since_1970.unwrap_or_default().as_secs_f64();
        let verified = self.verifier.verify(&token, now).await?;
        Ok(Some(verified.caller.clone()))
    }
}
