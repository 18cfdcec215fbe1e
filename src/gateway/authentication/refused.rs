//! Why a request is not let in, as its client is told.

use super::{Method, Rejection};
use crate::gateway::Answered;
use http::HeaderValue;

/// Why a request is not let in, and how it could be.
pub(in crate::gateway) struct Refused {
    pub(in crate::gateway) rejection: Rejection,
    /// `WWW-Authenticate`.
    pub(in crate::gateway) challenge: Option<HeaderValue>,
    /// What is answered instead.
    pub(in crate::gateway) answered: Option<Box<Answered>>,
}

/// What all that is behind here is called.
pub(super) const REALM: &str = "graphway";

impl From<Rejection> for Refused {
    /// Of a token.
    fn from(rejection: Rejection) -> Self {
        Self::by(Method::Jwt, rejection, REALM)
    }
}

impl Refused {
    /// What is shown in this way is not good.
    pub(super) fn by(method: Method, rejection: Rejection, realm: &str) -> Self {
        let challenge = challenge(method, Some(rejection), realm);
        Self {
            rejection,
            challenge: HeaderValue::try_from(challenge).ok(),
            answered: None,
        }
    }

    /// Nothing that the client could show would help.
    pub(super) fn without_challenge(rejection: Rejection) -> Self {
        Self {
            rejection,
            challenge: None,
            answered: None,
        }
    }

    /// It is answered in other words: those of another service that has refused it, or a way to show more.
    pub(super) fn answered(rejection: Rejection, answered: Answered) -> Self {
        Self {
            answered: Some(Box::new(answered)),
            ..Self::without_challenge(rejection)
        }
    }
}

/// A challenge (RFC 9110 section 11.6.1). That for tokens is of RFC 6750 section 3. Its words tell nothing of a credential
/// that its sender does not know.
pub(super) fn challenge(method: Method, rejection: Option<Rejection>, realm: &str) -> String {
    let realm = format!("realm=\"{realm}\"");
    match (method, rejection) {
        (Method::Jwt, None | Some(Rejection::NoToken)) => format!("Bearer {realm}"),
        (Method::Jwt, Some(why)) => {
            format!("Bearer {realm}, error=\"invalid_token\", error_description=\"{why}\"")
        }
        (Method::ApiKey, _) => format!("Key {realm}"),
        (Method::Basic, _) => format!("Basic {realm}, charset=\"UTF-8\""),
        (Method::Hmac, _) => format!("Signature {realm}"),
        (Method::Certificate, _) => format!("Certificate {realm}"),
        // No scheme is registered for what is in cookies.
        (Method::Login, _) => format!("Session {realm}"),
        // It says so itself.
        (Method::Forward, _) => String::new(),
    }
}
