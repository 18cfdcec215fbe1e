//! Cross-site request forgery prevention.
//!
//! A browser sends some requests to another origin without asking it first ("simple requests"). Such a request must
//! never be executed: it must carry something that only a preflight can allow, a content type of `application/json`
//! or one of a few headers. The meaning is Apollo Router's, with the stricter rule for the content types of GET.
//! See <https://fetch.spec.whatwg.org/#cors-protocol>.

use super::{Code, Refusal, header_types::Name};
use http::{HeaderMap, HeaderName};
use serde::Deserialize;

/// The `csrf` section.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Turns the prevention off.
    pub unsafe_disabled: bool,
    /// Any of these makes a request not simple.
    pub required_headers: Vec<Name>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            unsafe_disabled: false,
            required_headers: ["x-apollo-operation-name", "apollo-require-preflight"]
                .map(|name| Name(HeaderName::from_static(name)))
                .into(),
        }
    }
}

/// The compiled rule.
#[derive(Clone, Debug)]
pub(super) struct Csrf {
    /// None: the prevention is off.
    required_headers: Option<Vec<HeaderName>>,
}

impl Csrf {
    /// Compiles the configuration.
    pub(super) fn new(config: &Config) -> Self {
        let names = config.required_headers.iter().map(|name| name.0.clone());
        Self {
            required_headers: (!config.unsafe_disabled).then(|| names.collect()),
        }
    }

    /// Refuses a request that a browser may have sent without a preflight. `is_json` says whether its content type is
    /// `application/json`; any other content type was refused before.
    pub(super) fn check(&self, headers: &HeaderMap, is_json: bool) -> Result<(), Refusal> {
        let Some(required) = &self.required_headers else {
            return Ok(());
        };
        if is_json || required.iter().any(|name| headers.contains_key(name)) {
            return Ok(());
        }
        Err(Refusal::new(
            Code::Csrf,
            "This request could have been forged by another site: send the content type application/json, or a \
             header that makes browsers ask first (such as apollo-require-preflight)",
        ))
    }
}
