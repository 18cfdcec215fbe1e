//! Clients that stay with the upstream they were given.

use super::{
    key::{self, Source},
    template::Variables,
};
use crate::gateway::misfit::Misfit;
use http::{HeaderValue, header::HeaderName};
use serde::Deserialize;
use std::time::Duration;

/// `sticky` of a route.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sticky {
    by: Source,
    /// Of the cookie that clients without one are given. Unset: until they close their browser.
    #[serde(default)]
    max_age: Option<Duration>,
    /// Whether that cookie is for encrypted connections alone.
    #[serde(default)]
    secure: bool,
}

/// The number that a client is known by, and a cookie for it to be known by the next time.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) number: u64,
    pub(super) cookie: Option<HeaderValue>,
}

impl Sticky {
    /// Whose request it is. None: somebody's who cannot be told from others.
    pub(super) fn known(&self, variables: &Variables<'_>) -> Option<Known> {
        if let Some(number) = self.by.number(variables) {
            return Some(Known {
                number,
                cookie: None,
            });
        }
        let Source::Cookie(name) = &self.by else {
            return None;
        };
        let value = format!("{:016x}", fastrand::u64(..));
        let number = key::number(value.as_bytes());
        let mut cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
        if let Some(age) = self.max_age {
            cookie.push_str(&format!("; Max-Age={}", age.as_secs()));
        }
        if self.secure {
            cookie.push_str("; Secure");
        }
        Some(Known {
            number,
            cookie: HeaderValue::try_from(cookie).ok(),
        })
    }

    /// Checks that its keys fit together, and what it says of captures.
    pub(super) fn check(&self, captures: &[&str]) -> Result<(), Misfit> {
        let wrong = |key: &str, message: &str| Err(Misfit::new(&[key], message));
        match &self.by {
            // The name of a cookie is a token, as that of a header is.
            Source::Cookie(name) if HeaderName::from_bytes(name.as_bytes()).is_err() => {
                wrong("by", &format!("`{name}` cannot be the name of a cookie"))
            }
            Source::Cookie(_) => Ok(()),
            _ if self.max_age.is_some() => wrong("max_age", "only a cookie has an age"),
            _ if self.secure => wrong("secure", "only a cookie is secure"),
            by => by
                .check(captures)
                .map_err(|message| Misfit::new(&["by"], message)),
        }
    }
}
