//! Cross-origin resource sharing: which sites' scripts may read answers (<https://fetch.spec.whatwg.org/#cors-protocol>).
//!
//! Browsers enforce it; here is only said what they may let through. Preflights are answered here and go no further. What upstreams
//! say about it is replaced, so that one place decides. Without a policy nothing is said, and browsers let nobody read across origins.

use super::{Body, header_types::Name, misfit::Misfit};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header, request::Parts,
};
use regex::Regex;
use serde::Deserialize;
use std::time::Duration;

/// The `cors` section: one policy for everybody, or `policies` by origin. The names are Apollo Router's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether every origin may read answers. Not with credentials.
    pub allow_any_origin: bool,
    pub allow_credentials: bool,
    /// Headers that requests may have. Empty: those that a preflight asks for.
    pub allow_headers: Vec<Name>,
    /// Headers that scripts may read.
    pub expose_headers: Vec<Name>,
    pub methods: Option<Vec<Verb>>,
    /// How long browsers may remember a preflight's answer.
    pub max_age: Option<Duration>,
    /// The first that an origin belongs to holds for it.
    pub policies: Vec<Policy>,
}

/// One of `cors.policies`. What it does not say is as above.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    pub origins: Vec<Origin>,
    /// Regular expressions for whole origins.
    pub match_origins: Vec<Pattern>,
    pub allow_credentials: Option<bool>,
    pub allow_headers: Option<Vec<Name>>,
    pub expose_headers: Option<Vec<Name>>,
    pub methods: Option<Vec<Verb>>,
    pub max_age: Option<Duration>,
}

/// A method, in upper case.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Verb(Method);

impl TryFrom<String> for Verb {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        match Method::from_bytes(written.as_bytes()) {
            Ok(method) if written.bytes().all(|byte| byte.is_ascii_uppercase()) => Ok(Self(method)),
            _ => Err(format!(
                "`{written}` is not a method; they are in upper case, like GET"
            )),
        }
    }
}

/// An origin as browsers write it: `https://shop.example`, `http://localhost:3000`, or `null`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin(String);

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let rest = written.split_once("://").map(|(_, rest)| rest);
        let is_origin = rest
            .is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '?', '#', '@', '*', ' ']));
        if written == "*" {
            return Err("`*` is `cors.allow_any_origin: true`".to_owned());
        }
        if !is_origin && written != "null" {
            return Err(format!(
                "`{written}` is not an origin; write scheme, host and perhaps port, without a path: https://shop.example"
            ));
        }
        Ok(Self(written.to_ascii_lowercase()))
    }
}

/// A regular expression that a whole origin must match.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(Regex);

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        // One that matched a part would let `https://shop.example.evil.example` in.
        let whole = format!("^(?:{written})$");
        Regex::new(&whole)
            .map(Self)
            .map_err(|error| error.to_string())
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

/// The compiled rules.
pub(super) struct Cors {
    policies: Vec<Compiled>,
}

struct Compiled {
    /// None: every origin.
    origins: Option<(Vec<Origin>, Vec<Pattern>)>,
    credentials: bool,
    /// None: those asked for.
    allow_headers: Option<HeaderValue>,
    expose_headers: Option<HeaderValue>,
    methods: HeaderValue,
    max_age: Option<HeaderValue>,
}

const METHODS: [Method; 3] = [Method::GET, Method::POST, Method::OPTIONS];
/// What this module says, and upstreams must not.
const OURS: [HeaderName; 6] = [
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
];

impl Config {
    /// Checks that the settings fit together.
    pub fn check(&self) -> Result<(), Misfit> {
        let misfit = |key, message| Err(Misfit::new(&["cors", key], message));
        if self.allow_any_origin && self.allow_credentials {
            return misfit(
                "allow_credentials",
                "with `allow_any_origin` any site could act for your users; name the origins in `policies`",
            );
        }
        if !self.allow_any_origin && self.policies.is_empty() && *self != Self::default() {
            let message =
                "there is no origin that this is for; name some, or `allow_any_origin: true`";
            return misfit("policies", message);
        }
        Ok(())
    }
}

impl Cors {
    /// Compiles the configuration.
    pub(super) fn new(config: &Config) -> Self {
        let mut policies: Vec<Compiled> = config
            .policies
            .iter()
            .map(|own| Compiled::new(config, own))
            .collect();
        if config.allow_any_origin {
            policies.push(Compiled {
                origins: None,
                ..Compiled::new(config, &Policy::default())
            });
        }
        Self { policies }
    }

    /// The answer to a preflight; none if the request is none, or there are no policies.
    pub(super) fn preflight(&self, head: &Parts) -> Option<Response<Body>> {
        let is_preflight = head.method == Method::OPTIONS
            && head.headers.contains_key(header::ORIGIN)
            && head
                .headers
                .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !is_preflight || self.policies.is_empty() {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        if let Some((policy, _)) = self.of(&head.headers) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, policy.methods.clone());
            let asked = head.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
            if let Some(allowed) = policy.allow_headers.as_ref().or(asked) {
                headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed.clone());
            }
            if let Some(seconds) = &policy.max_age {
                headers.insert(header::ACCESS_CONTROL_MAX_AGE, seconds.clone());
            }
        }
        headers.insert(
            header::VARY,
            HeaderValue::from_static(
                "access-control-request-method, access-control-request-headers",
            ),
        );
        Some(response)
    }

    /// Says in a response whether the origin of its request may read it.
    pub(super) fn allow(&self, request: &HeaderMap, preflight: bool, response: &mut HeaderMap) {
        if self.policies.is_empty() {
            return;
        }
        if !preflight {
            for name in OURS {
                response.remove(name);
            }
        }
        // What is said depends on it, also where nothing is said: caches must not give one origin another's answer.
        if !matches!(self.policies.as_slice(), [only] if only.origins.is_none()) {
            response.append(header::VARY, HeaderValue::from_static("origin"));
        }
        let Some((policy, origin)) = self.of(request) else {
            return;
        };
        let allowed = match policy.origins {
            None => HeaderValue::from_static("*"),
            Some(_) => origin.clone(),
        };
        response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if policy.credentials {
            let yes = HeaderValue::from_static("true");
            response.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        if let Some(names) = policy.expose_headers.as_ref().filter(|_| !preflight) {
            response.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, names.clone());
        }
    }

    /// The policy for the origin of a request.
    fn of<'a>(&self, request: &'a HeaderMap) -> Option<(&Compiled, &'a HeaderValue)> {
        let mut origins = request.get_all(header::ORIGIN).iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else {
            return None;
        };
        let text = origin.to_str().ok()?.to_ascii_lowercase();
        let is_for = |policy: &&Compiled| match &policy.origins {
            None => true,
            Some((origins, patterns)) => {
                origins.iter().any(|known| known.0 == text)
                    || patterns.iter().any(|pattern| pattern.0.is_match(&text))
            }
        };
        Some((self.policies.iter().find(is_for)?, origin))
    }
}

impl Compiled {
    fn new(config: &Config, own: &Policy) -> Self {
        let allow_headers = own.allow_headers.as_ref().unwrap_or(&config.allow_headers);
        let expose_headers = own
            .expose_headers
            .as_ref()
            .unwrap_or(&config.expose_headers);
        let methods = own.methods.as_ref().or(config.methods.as_ref());
        let methods: Vec<&str> = match methods {
            Some(methods) => methods.iter().map(|method| method.0.as_str()).collect(),
            None => METHODS.iter().map(Method::as_str).collect(),
        };
        let seconds = own.max_age.or(config.max_age).map(|age| age.as_secs());
        Self {
            origins: Some((own.origins.clone(), own.match_origins.clone())),
            credentials: own.allow_credentials.unwrap_or(config.allow_credentials),
            allow_headers: names(allow_headers),
            expose_headers: names(expose_headers),
            // Methods are tokens, which are valid in headers.
            methods: HeaderValue::from_str(&methods.join(", "))
                .unwrap_or(HeaderValue::from_static("GET")),
            max_age: seconds.map(HeaderValue::from),
        }
    }
}

/// A list of names; none if there are none.
fn names(names: &[Name]) -> Option<HeaderValue> {
    let names: Vec<&str> = names.iter().map(|name| name.0.as_str()).collect();
    let list = (!names.is_empty()).then(|| names.join(", "))?;
    HeaderValue::from_str(&list).ok()
}
