//! The cookies in which browsers keep what is sealed: one session, in as many parts as it takes, and one for each attempt
//! to sign in.

use super::{super::login_config::Login, failure::Failure};
use crate::gateway::parameters::in_cookies;
use http::{HeaderMap, HeaderValue, header};
use std::{borrow::Cow, str};

/// Browsers take 4096 bytes of name and value.
const PART_BYTES_MAX: usize = 3800;
/// Servers and proxies take some 16 KB of headers.
const PARTS_MAX: usize = 4;
/// Tabs in which somebody signs in at the same time.
const ATTEMPTS_MAX: usize = 5;
/// How long signing in may take, in seconds.
pub(super) const ATTEMPT_SECONDS: u64 = 600;

/// Names of cookies, and what goes in and out under them.
pub(super) struct Jar {
    name: String,
    /// What names of attempts begin with.
    attempts: String,
}

impl Jar {
    pub(super) fn new(config: &Login) -> Self {
        let name = config.cookie_name.0.clone();
        Self {
            attempts: format!("{name}-login-"),
            name,
        }
    }

    /// The sealed session of a request, if it has one. How many parts it has stands before the first. Two of a name are
    /// not chosen from: one may be a neighbour's.
    pub(super) fn session<'a>(
        &self,
        headers: &'a HeaderMap,
    ) -> Result<Option<Cow<'a, [u8]>>, Failure> {
        let Some((count, first)) = only(headers, &self.name)?.and_then(<[u8]>::split_first) else {
            return Ok(None);
        };
        let count = usize::from(count.wrapping_sub(b'0'));
        if count == 1 {
            return Ok(Some(Cow::Borrowed(first)));
        }
        let mut whole = first.to_vec();
        for number in 1..count.min(PARTS_MAX) {
            let Some(part) = only(headers, &self.part(number))? else {
                return Ok(None);
            };
            whole.extend_from_slice(part);
        }
        Ok(Some(Cow::Owned(whole)))
    }

    /// Has the browser keep a session for so many seconds, in place of the one that its request has shown.
    pub(super) fn keep_session(
        &self,
        sealed: &str,
        seconds: u64,
        headers: &HeaderMap,
    ) -> Result<Vec<HeaderValue>, Failure> {
        let parts = sealed.as_bytes().chunks(PART_BYTES_MAX);
        let count = parts.len();
        if count > PARTS_MAX {
            return Err(Failure::SessionTooLarge);
        }
        let mut cookies = Vec::with_capacity(count);
        for (number, part) in parts.enumerate() {
            // Letters and digits.
            let part = str::from_utf8(part).unwrap_or_default();
            cookies.extend(match number {
                0 => cookie(&self.name, &format!("{count}{part}"), seconds),
                _ => cookie(&self.part(number), part, seconds),
            });
        }
        cookies.extend(self.drop_parts(count, headers));
        Ok(cookies)
    }

    /// Has the browser forget the session.
    pub(super) fn drop_session(&self, headers: &HeaderMap) -> Vec<HeaderValue> {
        let mut cookies = Vec::from_iter(cookie(&self.name, "", 0));
        cookies.extend(self.drop_parts(1, headers));
        cookies
    }

    /// Parts from this one on that the browser has and does not need.
    fn drop_parts(&self, first: usize, headers: &HeaderMap) -> Vec<HeaderValue> {
        let names = (first..PARTS_MAX).map(|number| self.part(number));
        let there = names.filter(|name| in_cookies(headers, name).next().is_some());
        there.filter_map(|name| cookie(&name, "", 0)).collect()
    }

    fn part(&self, number: usize) -> String {
        format!("{}-{number}", self.name)
    }

    /// The sealed attempt of this id, if the browser has it.
    pub(super) fn attempt<'a>(
        &self,
        id: &str,
        headers: &'a HeaderMap,
    ) -> Result<Option<&'a [u8]>, Failure> {
        only(headers, &self.attempt_name(id))
    }

    /// Has the browser keep an attempt, and forget the oldest ones if it has too many. Ids begin with when they were
    /// made.
    pub(super) fn keep_attempt(
        &self,
        (id, sealed): (&str, &str),
        headers: &HeaderMap,
    ) -> Vec<HeaderValue> {
        let mut ids = self.attempt_ids(headers);
        ids.sort_unstable();
        let too_many = (ids.len() + 1).saturating_sub(ATTEMPTS_MAX);
        let dropped = ids.iter().take(too_many);
        let mut cookies: Vec<HeaderValue> =
            dropped.filter_map(|id| self.drop_attempt(id)).collect();
        cookies.extend(cookie(&self.attempt_name(id), sealed, ATTEMPT_SECONDS));
        cookies
    }

    /// Has the browser forget an attempt.
    pub(super) fn drop_attempt(&self, id: &str) -> Option<HeaderValue> {
        cookie(&self.attempt_name(id), "", 0)
    }

    fn attempt_name(&self, id: &str) -> String {
        format!("{}{id}", self.attempts)
    }

    fn attempt_ids<'a>(&self, headers: &'a HeaderMap) -> Vec<&'a str> {
        let lines = headers.get_all(header::COOKIE).iter();
        let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        let ids = pairs.filter_map(|pair| {
            let name = pair.split(|byte| *byte == b'=').next()?;
            let name = str::from_utf8(name).ok()?.trim();
            name.strip_prefix(self.attempts.as_str())
        });
        ids.collect()
    }
}

/// The value of a cookie that may be there once, or several times the same.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a [u8]>, Failure> {
    let mut only = None;
    for value in in_cookies(headers, name).filter(|value| !value.is_empty()) {
        if only.replace(value).is_some_and(|other| other != value) {
            return Err(Failure::SeveralCookies);
        }
    }
    Ok(only)
}

/// None: the value cannot stand in a header.
fn cookie(name: &str, value: &str, seconds: u64) -> Option<HeaderValue> {
    let written =
        format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    let mut value = HeaderValue::try_from(written).ok()?;
    value.set_sensitive(true);
    Some(value)
}
