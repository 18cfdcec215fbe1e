//! `authentication.login`: the OpenID provider that people sign in with, and how long they stay signed in.

use super::super::{UrlPath, consumers::Secret, misfit::Misfit};
use crate::upstream::Endpoint;
use serde::Deserialize;
use std::{collections::BTreeMap, fmt, net::IpAddr, time::Duration};

/// `authentication.login`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// Whose sign-ins count. What it says of itself is found below it.
    pub issuer: IssuerUrl,
    pub client_id: ClientId,
    /// None: whoever knows the id may be the client, and PKCE alone protects it.
    pub client_secret: Option<ClientSecret>,
    #[serde(default = "scopes")]
    pub scopes: Scopes,
    /// What the provider is asked for beside what the protocol has.
    #[serde(default)]
    pub authorization_parameters: BTreeMap<String, String>,
    /// Where browsers reach the gateway. It is never taken from a request.
    pub base_url: PublicUrl,
    #[serde(default = "callback_path")]
    pub callback_path: UrlPath,
    #[serde(default = "start_path")]
    pub start_path: UrlPath,
    #[serde(default = "sign_out_path")]
    pub sign_out_path: UrlPath,
    /// What cookies are sealed with. The first seals, all open.
    pub secrets: Secrets,
    #[serde(default)]
    pub session: Lifetimes,
    #[serde(default)]
    pub cookie_name: CookieName,
    /// What of the ID token is kept, beside `iss` and `sub`.
    #[serde(default = "claims")]
    pub claims: Vec<String>,
    /// Whether upstreams and subgraphs get the access token.
    #[serde(default)]
    pub forward_access_token: bool,
}

/// `authentication.login.session`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lifetimes {
    /// How long after signing in a session ends, whatever happens in it.
    pub max_age: Duration,
    /// How long it goes on without a request.
    pub idle: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(12 * 3600),
            idle: Duration::from_secs(3600),
        }
    }
}

impl Login {
    /// Checks that its settings fit together, and beside the path of the graph.
    pub(in crate::gateway) fn check(&self, graphql: &UrlPath) -> Result<(), Misfit> {
        let misfit = |at: &[&str], message: String| {
            Err(Misfit::new(at, message).below(&["authentication", "login"]))
        };
        let paths = [
            ("callback_path", &self.callback_path),
            ("start_path", &self.start_path),
            ("sign_out_path", &self.sign_out_path),
        ];
        for (index, (key, path)) in paths.iter().enumerate() {
            let is_taken = paths[..index].iter().any(|(_, other)| other == path);
            if is_taken || *path == graphql {
                let path = path.as_str();
                return misfit(&[key], format!("`{path}` is the path of something else"));
            }
        }
        let mut parameters = self.authorization_parameters.keys();
        if let Some(ours) = parameters.find(|name| PARAMETERS.contains(&name.as_str())) {
            let message = "the gateway says this itself".to_owned();
            return misfit(&["authorization_parameters", ours], message);
        }
        let Lifetimes { max_age, idle } = self.session;
        for (key, length) in [("max_age", max_age), ("idle", idle)] {
            if length < SESSION_MIN {
                let message = format!("{length:?} is too short to do anything; at least 1s");
                return misfit(&["session", key], message);
            }
        }
        if idle > max_age {
            let message = format!("{idle:?} is never reached: `max_age` ends after {max_age:?}");
            return misfit(&["session", "idle"], message);
        }
        Ok(())
    }
}

/// What decides about the answer.
const PARAMETERS: [&str; 11] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
];

const SESSION_MIN: Duration = Duration::from_secs(1);

/// A URL that nobody can listen in on: `https`, or on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecureUrl {
    /// As it is written.
    pub text: String,
    pub endpoint: Endpoint,
}

impl TryFrom<String> for SecureUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let endpoint = Endpoint::parse(&text).map_err(|error| error.to_string())?;
        let is_text = text.starts_with("http") && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_text || text.contains('#') {
            return Err(format!(
                "`{text}` must begin with https:// and have no fragment"
            ));
        }
        let host = endpoint.uri().host().unwrap_or_default();
        match endpoint.is_https() || is_loopback(host) {
            true => Ok(Self { text, endpoint }),
            false => Err(format!(
                "`{text}` would be read and changed by anybody on the way: write https:// (http:// is for localhost alone)"
            )),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Who an issuer is: its URL, letter by letter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct IssuerUrl(pub SecureUrl);

impl TryFrom<String> for IssuerUrl {
    type Error = String;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        let url = SecureUrl::try_from(written)?;
        match url.text.contains('?') {
            true => Err("an issuer's URL has no query".to_owned()),
            false => Ok(Self(url)),
        }
    }
}

/// Scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Without a slash at its end.
    pub(in crate::gateway) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = String;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        let SecureUrl { endpoint, .. } = SecureUrl::try_from(written)?;
        let uri = endpoint.uri();
        let is_bare = uri.path_and_query().is_none_or(|target| target == "/");
        match (uri.scheme_str(), uri.authority()) {
            // As browsers write it in `Origin`.
            (Some(scheme), Some(authority)) if is_bare => {
                let authority = authority.as_str().to_ascii_lowercase();
                let usual = if scheme == "https" { ":443" } else { ":80" };
                let authority = authority.strip_suffix(usual).unwrap_or(&authority);
                Ok(Self(format!("{scheme}://{authority}")))
            }
            _ => {
                Err("this is scheme, host and port alone, such as https://shop.example".to_owned())
            }
        }
    }
}

/// What the provider calls this gateway.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ClientId(pub String);

impl TryFrom<String> for ClientId {
    type Error = &'static str;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        match written.is_empty() {
            true => Err("this is empty; what does the provider call this gateway?"),
            false => Ok(Self(written)),
        }
    }
}

/// What shows the provider that it is this gateway.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ClientSecret(pub String);

impl TryFrom<String> for ClientSecret {
    type Error = &'static str;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        match written.is_empty() {
            true => Err("this is empty; leave it out for a client without secret"),
            false => Ok(Self(written)),
        }
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

/// What is asked for, `openid` at least.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Scopes(pub Vec<String>);

impl TryFrom<Vec<String>> for Scopes {
    type Error = String;

    fn try_from(scopes: Vec<String>) -> Result<Self, Self::Error> {
        // RFC 6749 section 3.3.
        let is_one = |scope: &String| {
            let is_letter = |byte: u8| byte.is_ascii_graphic() && !b"\"\\".contains(&byte);
            !scope.is_empty() && scope.bytes().all(is_letter)
        };
        if let Some(bad) = scopes.iter().find(|scope| !is_one(scope)) {
            return Err(format!("`{bad}` cannot be a scope"));
        }
        match scopes.iter().any(|scope| scope == "openid") {
            true => Ok(Self(scopes)),
            false => Err("without `openid` the provider does not say who signs in".to_owned()),
        }
    }
}

/// At least one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<Secret>")]
pub struct Secrets(pub Vec<Secret>);

impl TryFrom<Vec<Secret>> for Secrets {
    type Error = &'static str;

    fn try_from(secrets: Vec<Secret>) -> Result<Self, Self::Error> {
        match secrets.is_empty() {
            true => Err("name at least one, of 32 bytes or more; all routers have the same"),
            false => Ok(Self(secrets)),
        }
    }
}

/// What the session's cookie is called. Browsers take cookies that begin so from this host alone, and over TLS alone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CookieName(pub String);

const COOKIE_PREFIX: &str = "__Host-";
const COOKIE_NAME_MAX: usize = 64;

impl Default for CookieName {
    fn default() -> Self {
        Self(format!("{COOKIE_PREFIX}graphway"))
    }
}

impl TryFrom<String> for CookieName {
    type Error = String;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        let rest = written.strip_prefix(COOKIE_PREFIX).unwrap_or_default();
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_name = !rest.is_empty() && rest.bytes().all(is_letter);
        match is_name && written.len() <= COOKIE_NAME_MAX {
            true => Ok(Self(written)),
            false => Err(format!(
                "this is {COOKIE_PREFIX} and up to 57 letters, digits, `-`, `_` and `.`"
            )),
        }
    }
}

fn scopes() -> Scopes {
    Scopes(["openid", "profile", "email"].map(str::to_owned).into())
}

fn callback_path() -> UrlPath {
    UrlPath::from_static("/oauth2/callback")
}

fn start_path() -> UrlPath {
    UrlPath::from_static("/oauth2/sign_in")
}

fn sign_out_path() -> UrlPath {
    UrlPath::from_static("/oauth2/sign_out")
}

fn claims() -> Vec<String> {
    ["name", "email", "groups"].map(str::to_owned).into()
}
