//! Who sends a request, by what it shows of that: a JSON Web Token (RFC 7519), verified by its issuer's published keys
//! (RFC 7517), or a consumer's own credential.
//!
//! [`Ways`] say which of these count at one end of the gateway. What is shown and is not valid is refused whatever it
//! asks for, before anything is sent to anybody. Of credentials, nothing is ever logged, and neither is what they claim.

mod api_key;
mod basic;
mod caller;
mod certificate;
mod check;
mod config;
mod digest;
mod forward;
mod hidden;
mod jwks;
mod key_set;
mod login;
mod login_config;
mod passwords;
mod refused;
mod scheme;
mod set_cookies;
mod signatures;
mod signed;
mod token;
mod verified;
mod verifier;
mod way;
mod ways;

pub(super) use caller::Caller;
pub use config::Config;
pub(super) use config::Method;
pub(super) use digest::{Mismatch, OtherBody};
pub use jwks::Error;
pub(super) use jwks::KeySources;
pub(super) use login::{Failure, Logins, Place};
pub(super) use passwords::Passwords;
pub(super) use refused::Refused;
pub(super) use set_cookies::SetCookies;
pub(super) use way::Way;
pub(super) use ways::Ways;

use super::{Answered, Peer, consumers::Directory};
use crate::upstream::{Connections, Outbound};
use api_key::ApiKeys;
use basic::Basic;
use config::OnError;
use forward::Forward;
use http::request::Parts;
use jsonwebtoken::errors::ErrorKind;
use login::Login;
use signed::Signed;
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use token::Places;
use verifier::{Keys, Verifier};

/// The compiled rules: every way that there is.
pub(super) struct Authentication {
    consumers: Arc<Directory>,
    jwt: Option<Jwt>,
    api_keys: Option<ApiKeys>,
    basic: Option<Basic>,
    signed: Option<Signed>,
    forward: Option<Forward>,
    login: Option<Arc<Login>>,
    /// Whether a token is demanded where no policy says what is.
    is_required: bool,
}

/// A request, as far as it shows who sends it.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) head: &'a Parts,
    pub(super) peer: Peer<'a>,
    pub(super) has_body: bool,
    /// Those of the worker.
    pub(super) connections: &'a Connections,
    /// What the answer has its browser keep.
    pub(super) cookies: &'a SetCookies,
}

/// What authentication leans on.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) sources: &'a KeySources,
    pub(super) logins: &'a Arc<Logins>,
    /// What upstreams are opened by.
    pub(super) registry: Outbound<'a>,
    pub(super) consumers: &'a Arc<Directory>,
    pub(super) passwords: &'a Arc<Passwords>,
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
    #[error("The request shows a part of what is asked for")]
    NotAllShown,
    #[error("The request shows credentials of several consumers")]
    SeveralConsumers,
    #[error("The request carries several API keys")]
    SeveralApiKeys,
    #[error("The API key is not known")]
    UnknownApiKey,
    #[error("The certificate has expired")]
    ExpiredCertificate,
    #[error("The certificate is not known")]
    UnknownCertificate,
    #[error("The request carries several names and passwords")]
    SeveralPasswords,
    #[error("The name and password are malformed")]
    MalformedPassword,
    #[error("The name or the password is wrong")]
    WrongPassword,
    #[error("Too many passwords wait to be checked")]
    TooManyPasswords,
    #[error("The signature is malformed, or not the only one")]
    MalformedSignature,
    #[error("The signature does not cover method, target and body")]
    Uncovered,
    #[error("The signature is not of now")]
    OldSignature,
    #[error("The signature is not valid")]
    WrongSignature,
    #[error("The signature has no nonce")]
    NoNonce,
    #[error("The request has come in before")]
    Replayed,
    #[error("Too many signed requests are remembered")]
    TooManyNonces,
    #[error("The request carries a header several times that may say who sends it")]
    SeveralCredentials,
    #[error("The service that knows who sends requests cannot be reached")]
    ForwardUnavailable,
    #[error("The service that knows who sends requests did not answer in time")]
    ForwardLate,
    #[error("The service that knows who sends requests has refused this one")]
    ForwardRefused,
    #[error(transparent)]
    Login(#[from] Failure),
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
        around: Around<'_>,
    ) -> Result<Self, Error> {
        let Around {
            sources,
            logins,
            registry,
            consumers,
            passwords,
        } = around;
        let egress = registry.egress();
        let keys = Keys { sources, egress };
        if is_required && config.router.jwt.is_none() {
            return Err(Error::NobodyTrusted);
        }
        signatures::use_ring();
        let jwt = match &config.router.jwt {
            Some(jwt) => Some(Jwt {
                places: Places::new(jwt),
                verifier: Verifier::new(&jwt.jwks, keys, consumers)?,
                on_error: jwt.on_error,
            }),
            None => None,
        };
        let login = match &config.login {
            Some(login) => Some(Login::new(login, logins, egress)?),
            None => None,
        };
        let sessions = login.as_ref().map(|login| login.hidden());
        Ok(Self {
            consumers: Arc::clone(consumers),
            jwt,
            api_keys: config.api_key.as_ref().map(ApiKeys::new),
            basic: config
                .basic
                .as_ref()
                .map(|basic| Basic::new(basic, passwords)),
            signed: config.hmac.as_ref().map(Signed::new),
            forward: match &config.forward {
                Some(forward) => Some(Forward::new(
                    forward,
                    registry,
                    sessions.unwrap_or_default(),
                )?),
                None => None,
            },
            login,
            is_required,
        })
    }

    /// The caller by one of the ways. None: the request shows nothing that is looked at there.
    async fn caller(
        &self,
        method: Method,
        ways: &Ways,
        asking: &Asking<'_>,
    ) -> Result<Option<Caller>, Refused> {
        let consumers = &self.consumers;
        let found = match method {
            Method::Jwt => match &self.jwt {
                Some(jwt) => jwt.caller(ways, asking).await,
                None => Ok(None),
            },
            Method::Basic => match &self.basic {
                Some(basic) => basic.caller(consumers, asking).await,
                None => Ok(None),
            },
            Method::ApiKey => {
                let keys = self.api_keys.as_ref();
                keys.map_or(Ok(None), |keys| keys.caller(consumers, asking))
            }
            Method::Hmac => {
                let signed = self.signed.as_ref();
                signed.map_or(Ok(None), |signed| signed.caller(consumers, asking, now()))
            }
            Method::Certificate => certificate::caller(consumers, asking),
            Method::Forward => match &self.forward {
                Some(forward) => return forward.caller(asking).await.map(Some),
                None => Ok(None),
            },
            Method::Login => match &self.login {
                Some(login) => login
                    .caller(consumers, asking)
                    .await
                    .map_err(Rejection::from),
                None => Ok(None),
            },
        };
        found.map_err(|rejection| Refused::by(method, rejection, self.realm(method)))
    }
}

impl Authentication {
    /// What is at a path, if it is for signing in or out.
    pub(super) fn place(&self, path: &str) -> Option<Place> {
        self.login.as_ref()?.place(path)
    }

    /// Answers a request to such a path.
    pub(super) async fn sign(
        &self,
        place: Place,
        asking: &Asking<'_>,
    ) -> Result<Answered, Refused> {
        let Some(login) = &self.login else {
            return Err(Refused::without_challenge(Rejection::NothingShown));
        };
        let answered = login.answer(place, asking).await;
        answered.map_err(|failure| Refused::without_challenge(failure.into()))
    }
}

/// In seconds since 1970.
fn now() -> f64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.unwrap_or_default().as_secs_f64()
}

impl Jwt {
    async fn caller(&self, ways: &Ways, asking: &Asking<'_>) -> Result<Option<Caller>, Rejection> {
        match (self.verified(ways, asking).await, self.on_error) {
            // It may be a good one.
            (Err(Rejection::NoKeysYet), _) => Err(Rejection::NoKeysYet),
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
        let verified = self.verifier.verify(&token, now()).await?;
        Ok(Some(verified.caller.clone()))
    }
}
