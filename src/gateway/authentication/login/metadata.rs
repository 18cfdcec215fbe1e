//! What an OpenID provider says of itself (OpenID Connect Discovery, RFC 8414).

use super::super::login_config::{IssuerUrl, SecureUrl};
use serde::Deserialize;

/// What of it matters here.
pub(super) struct Metadata {
    /// Where browsers go to sign in.
    pub(super) authorization: SecureUrl,
    pub(super) token: SecureUrl,
    pub(super) keys: SecureUrl,
    /// Where browsers go to sign out, if there is such a place.
    pub(super) end_session: Option<SecureUrl>,
    pub(super) revocation: Option<SecureUrl>,
    pub(super) client_proof: ClientProof,
    /// Whether its answers say whose they are (RFC 9207).
    pub(super) says_issuer: bool,
}

/// How a client with a secret shows that it has it (RFC 6749 section 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientProof {
    Basic,
    Post,
}

/// Why what a provider says of itself cannot be gone by.
#[derive(Debug, thiserror::Error)]
pub(super) enum MetadataError {
    #[error("it is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("it is that of another issuer")]
    OtherIssuer,
    #[error("`{0}` cannot be used: {1}")]
    Url(&'static str, String),
    #[error("`{0}` goes in the clear, and the issuer does not")]
    Downgraded(&'static str),
    #[error("it takes neither client_secret_basic nor client_secret_post")]
    NoClientProof,
    #[error("it does not take code_challenge_method S256")]
    NoChallenge,
}

#[derive(Deserialize)]
struct Written {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Reads what the provider says, which must be about this issuer. `has_secret`: whether we have one to show.
    pub(super) fn parse(
        text: &[u8],
        issuer: &IssuerUrl,
        has_secret: bool,
    ) -> Result<Self, MetadataError> {
        let written: Written = serde_json::from_slice(text)?;
        // Letter by letter (section 4.3): otherwise one provider could speak for another.
        if written.issuer != issuer.0.text {
            return Err(MetadataError::OtherIssuer);
        }
        let has = |list: &[String], name: &str| list.iter().any(|item| item == name);
        let methods = written.code_challenge_methods_supported;
        if methods.is_some_and(|methods| !has(&methods, "S256")) {
            return Err(MetadataError::NoChallenge);
        }
        let client_proof = match written.token_endpoint_auth_methods_supported {
            Some(methods) if has(&methods, "client_secret_basic") => ClientProof::Basic,
            Some(methods) if has(&methods, "client_secret_post") => ClientProof::Post,
            Some(_) if has_secret => return Err(MetadataError::NoClientProof),
            // The default (section 3).
            _ => ClientProof::Basic,
        };
        let url = |name: &'static str, url: String| {
            let url = SecureUrl::try_from(url).map_err(|why| MetadataError::Url(name, why))?;
            match issuer.0.endpoint.is_https() && !url.endpoint.is_https() {
                true => Err(MetadataError::Downgraded(name)),
                false => Ok(url),
            }
        };
        let optional =
            |name, written: Option<String>| written.map(|text| url(name, text)).transpose();
        Ok(Self {
            authorization: url("authorization_endpoint", written.authorization_endpoint)?,
            token: url("token_endpoint", written.token_endpoint)?,
            keys: url("jwks_uri", written.jwks_uri)?,
            end_session: optional("end_session_endpoint", written.end_session_endpoint)?,
            revocation: optional("revocation_endpoint", written.revocation_endpoint)?,
            client_proof,
            says_issuer: written.authorization_response_iss_parameter_supported,
        })
    }
}
