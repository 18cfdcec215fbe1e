//! Cookies that a browser is to keep, whatever its request is answered.

use http::{HeaderMap, HeaderValue, header};
use std::sync::OnceLock;

/// What is learnt of cookies while it is found out who sends a request; nearly always nothing.
#[derive(Default)]
pub(in crate::gateway) struct SetCookies(OnceLock<Vec<HeaderValue>>);

impl SetCookies {
    /// Has the answer set these. If a request is looked at twice, the same comes of it.
    pub(super) fn set(&self, cookies: Vec<HeaderValue>) {
        let _ = self.0.set(cookies);
    }

    /// Adds them to an answer, which nobody may store then: they are one browser's.
    pub(in crate::gateway) fn tell(&self, headers: &mut HeaderMap) {
        let Some(cookies) = self.0.get() else {
            return;
        };
        for cookie in cookies {
            headers.append(header::SET_COOKIE, cookie.clone());
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
