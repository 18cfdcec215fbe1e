//! The `authentication` section: `router` in Apollo Router's words, and the other ways beside it.

use super::{
    super::{
        UrlPath,
        header_types::{Name, Value},
        misfit::Misfit,
    },
    login_config::Login,
};
use crate::upstream::{self, ByteSize, Endpoint};
use http::{HeaderName, header};
use jsonwebtoken::Algorithm;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use std::{fmt, path::PathBuf, time::Duration};

/// The `authentication` section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub router: Router,
    pub api_key: Option<ApiKey>,
    pub basic: Option<Basic>,
    pub hmac: Option<Hmac>,
    pub forward: Option<Forward>,
    pub login: Option<Login>,
}

/// `authentication.forward`: a service that says who sends a request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    pub url: Endpoint,
    #[serde(default = "forward_timeout")]
    pub timeout: Duration,
    /// What of the client's it gets.
    #[serde(default = "forward_request_headers")]
    pub request_headers: Vec<Name>,
    /// What of its answer upstreams get.
    #[serde(default)]
    pub response_headers: Vec<Name>,
}

impl Forward {
    /// How it is called. What it answers may go to a client.
    pub(super) fn settings(&self) -> upstream::Config {
        upstream::Config {
            timeout: self.timeout,
            response_max_bytes: ByteSize(64 * 1024),
            ..upstream::Config::default()
        }
    }
}

fn forward_timeout() -> Duration {
    Duration::from_secs(1)
}

fn forward_request_headers() -> Vec<Name> {
    vec![Name(header::AUTHORIZATION), Name(header::COOKIE)]
}

/// A way to show who one is, as policies name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    Jwt,
    ApiKey,
    Basic,
    Hmac,
    Certificate,
    Forward,
    Login,
}

impl Method {
    /// As policies write it, and where it is configured.
    pub(in crate::gateway) fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Jwt => ("jwt", "authentication.router.jwt"),
            Self::ApiKey => ("api_key", "authentication.api_key"),
            Self::Basic => ("basic", "authentication.basic"),
            Self::Hmac => ("hmac", "authentication.hmac"),
            Self::Certificate => ("certificate", "tls.client_authentication"),
            Self::Forward => ("forward", "authentication.forward"),
            Self::Login => ("login", "authentication.login"),
        }
    }
}

impl Config {
    /// Checks that its settings fit together, and beside the path of the graph.
    pub(in crate::gateway) fn check(&self, graphql: &UrlPath) -> Result<(), Misfit> {
        let login = self.login.as_ref();
        login.map_or(Ok(()), |login| login.check(graphql))
    }

    /// Whether there is such a way.
    pub(in crate::gateway) fn has(&self, method: Method) -> bool {
        match method {
            Method::Jwt => self.router.jwt.is_some(),
            Method::ApiKey => self.api_key.is_some(),
            Method::Basic => self.basic.is_some(),
            Method::Hmac => self.hmac.is_some(),
            Method::Forward => self.forward.is_some(),
            Method::Login => self.login.is_some(),
            // Whether they are asked for is settled where connections are.
            Method::Certificate => true,
        }
    }
}

/// `authentication.basic`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenBasic")]
pub struct Basic {
    /// What browsers show people who are asked for their password.
    pub realm: String,
    /// Whether upstreams do not get name and password.
    pub hide: bool,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenBasic {
    realm: String,
    hide: bool,
}

impl Default for WrittenBasic {
    fn default() -> Self {
        Self {
            realm: "graphway".to_owned(),
            hide: true,
        }
    }
}

impl TryFrom<WrittenBasic> for Basic {
    type Error = &'static str;

    fn try_from(WrittenBasic { realm, hide }: WrittenBasic) -> Result<Self, Self::Error> {
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !b"\"\\".contains(&byte);
        match realm.bytes().all(is_plain) {
            true => Ok(Self { realm, hide }),
            false => Err("`realm` must be visible ASCII characters but quotes and backslashes"),
        }
    }
}

/// `authentication.hmac`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hmac {
    /// How old a signature may be, and by how much clocks may differ.
    pub clock_skew: Duration,
    /// What a signature must cover beside method, target and body.
    pub required: Vec<Component>,
    /// Whether a signature has a nonce, so that its request comes in once.
    pub require_nonce: bool,
}

impl Default for Hmac {
    fn default() -> Self {
        Self {
            clock_skew: Duration::from_secs(300),
            required: Vec::new(),
            require_nonce: false,
        }
    }
}

/// What a signature may cover: a header by its name, or something derived.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Component(pub String);

/// What can be derived from a request.
const DERIVED: [&str; 7] = [
    "@method",
    "@scheme",
    "@authority",
    "@path",
    "@query",
    "@request-target",
    "@target-uri",
];

impl TryFrom<String> for Component {
    type Error = String;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        if DERIVED.contains(&written.as_str()) {
            return Ok(Self(written));
        }
        match Name::try_from(written) {
            Ok(name) => Ok(Self(name.0.as_str().to_owned())),
            Err(wrong) => Err(format!("{wrong}, and is none of {}", DERIVED.join(", "))),
        }
    }
}

/// `authentication.api_key`: the places that a key may come in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenApiKey")]
pub struct ApiKey {
    pub headers: Vec<Name>,
    pub query: Vec<String>,
    pub cookies: Vec<String>,
    /// Whether upstreams do not see it.
    pub hide: bool,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenApiKey {
    headers: Vec<Name>,
    query: Vec<String>,
    cookies: Vec<String>,
    hide: bool,
}

impl Default for WrittenApiKey {
    fn default() -> Self {
        Self {
            headers: vec![Name(HeaderName::from_static("x-api-key"))],
            query: Vec::new(),
            cookies: Vec::new(),
            hide: true,
        }
    }
}

impl TryFrom<WrittenApiKey> for ApiKey {
    type Error = &'static str;

    fn try_from(written: WrittenApiKey) -> Result<Self, Self::Error> {
        let WrittenApiKey {
            headers,
            query,
            cookies,
            hide,
        } = written;
        if query.iter().chain(&cookies).any(String::is_empty) {
            return Err("a cookie, or a parameter of the query, has a name");
        }
        if headers.is_empty() && query.is_empty() && cookies.is_empty() {
            return Err("there is no place that a key could come in");
        }
        Ok(Self {
            headers,
            query,
            cookies,
            hide,
        })
    }
}

/// How clients show who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Router {
    /// None: nobody is asked.
    pub jwt: Option<Jwt>,
}

/// `authentication.router.jwt`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// Who may sign tokens.
    pub jwks: Issuers,
    /// The header that carries the token.
    #[serde(default = "authorization")]
    pub header_name: Name,
    /// What stands before the token in that header.
    #[serde(default = "bearer")]
    pub header_value_prefix: String,
    /// Whether a header with another prefix counts as no token, instead of a bad one. It is then left to others.
    #[serde(default)]
    pub ignore_other_prefixes: bool,
    /// Other places that a token may come in, tried in order after the header.
    #[serde(default)]
    pub sources: Vec<TokenSource>,
    #[serde(default)]
    pub on_error: OnError,
}

/// What a token that is not valid means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum OnError {
    /// The request is refused.
    #[default]
    Error,
    /// The request is taken as one without token.
    Continue,
}

/// One or more of whoever may sign tokens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<Issuer>")]
pub struct Issuers(pub Vec<Issuer>);

impl TryFrom<Vec<Issuer>> for Issuers {
    type Error = &'static str;

    fn try_from(issuers: Vec<Issuer>) -> Result<Self, Self::Error> {
        if issuers.is_empty() {
            return Err("name at least one key set; without one, no token could be valid");
        }
        Ok(Self(issuers))
    }
}

/// A key set, and what its tokens must say.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenIssuer")]
pub struct Issuer {
    pub keys: KeySource,
    /// What `iss` must be. None: anything.
    pub issuers: Option<Names>,
    /// What `aud` must contain one of. None: anything.
    pub audiences: Option<Names>,
    /// None: every algorithm that fits a key.
    pub algorithms: Option<Vec<Algorithm>>,
    /// Whether a token without `exp` is valid, for ever.
    pub allow_missing_exp: bool,
}

/// Where a key set is, and how it is had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySource {
    pub url: KeyUrl,
    /// How long after one loading the next one begins.
    pub poll_interval: Duration,
    /// Sent along with the request.
    pub headers: Vec<RequestHeader>,
}

/// A header of the request for a key set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestHeader {
    pub name: Name,
    pub value: Value,
}

/// A file, or something to ask over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum KeyUrl {
    File(PathBuf),
    Http(Endpoint),
}

impl TryFrom<String> for KeyUrl {
    type Error = String;

    fn try_from(url: String) -> Result<Self, Self::Error> {
        let Some(path) = url.strip_prefix("file://") else {
            let endpoint = Endpoint::parse(&url);
            return endpoint
                .map(Self::Http)
                .map_err(|error| format!("{error}, or file://"));
        };
        match percent_decode_str(path).decode_utf8() {
            Ok(path) if !path.is_empty() => Ok(Self::File(PathBuf::from(path.as_ref()))),
            _ => Err(format!("`{url}` names no file")),
        }
    }
}

impl fmt::Display for KeyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file://{}", path.display()),
            Self::Http(endpoint) => write!(f, "{}", endpoint.uri()),
        }
    }
}

/// A list that is not empty: an empty one would read as "nobody" and work as "anybody".
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Names(pub Vec<String>);

impl TryFrom<Vec<String>> for Names {
    type Error = &'static str;

    fn try_from(names: Vec<String>) -> Result<Self, Self::Error> {
        if names.is_empty() {
            return Err("name at least one, or leave the key out to accept any");
        }
        Ok(Self(names))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenIssuer {
    url: KeyUrl,
    issuer: Option<String>,
    issuers: Option<Names>,
    audiences: Option<Names>,
    algorithms: Option<Vec<Algorithm>>,
    #[serde(default)]
    allow_missing_exp: bool,
    #[serde(default = "poll_interval")]
    poll_interval: Duration,
    #[serde(default)]
    headers: Vec<RequestHeader>,
}

impl TryFrom<WrittenIssuer> for Issuer {
    type Error = &'static str;

    fn try_from(written: WrittenIssuer) -> Result<Self, Self::Error> {
        let issuers = match (written.issuer, written.issuers) {
            (Some(_), Some(_)) => return Err("give either `issuer` or `issuers`"),
            (Some(one), None) => Some(Names(vec![one])),
            (None, several) => several,
        };
        if written.algorithms.as_ref().is_some_and(Vec::is_empty) {
            return Err("`algorithms` is empty: name at least one, or leave it out to accept any");
        }
        if written.poll_interval.is_zero() {
            return Err("`poll_interval` must be longer than nothing");
        }
        Ok(Self {
            keys: KeySource {
                url: written.url,
                poll_interval: written.poll_interval,
                headers: written.headers,
            },
            issuers,
            audiences: written.audiences,
            algorithms: written.algorithms,
            allow_missing_exp: written.allow_missing_exp,
        })
    }
}

/// A place that a token may come in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenSource")]
pub enum TokenSource {
    Header { name: Name, prefix: String },
    Cookie { name: String },
    Query { name: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum SourceType {
    Header,
    Cookie,
    Query,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSource {
    r#type: SourceType,
    name: String,
    value_prefix: Option<String>,
}

impl TryFrom<WrittenSource> for TokenSource {
    type Error = String;

    fn try_from(written: WrittenSource) -> Result<Self, Self::Error> {
        match (written.r#type, written.value_prefix) {
            (SourceType::Header, prefix) => Ok(Self::Header {
                name: Name::try_from(written.name)?,
                prefix: prefix.unwrap_or_else(bearer),
            }),
            (SourceType::Cookie, None) => Ok(Self::Cookie { name: written.name }),
            (SourceType::Query, None) => Ok(Self::Query { name: written.name }),
            (_, Some(_)) => Err("`value_prefix` goes with headers".to_owned()),
        }
    }
}

fn authorization() -> Name {
    Name(header::AUTHORIZATION)
}

fn bearer() -> String {
    "Bearer".to_owned()
}

fn poll_interval() -> Duration {
    Duration::from_secs(60)
}
