//! Requests that are signed with a shared secret: HTTP Message Signatures (RFC 9421) by `hmac-sha256`.
//!
//! A signature must cover what makes the request what it is: method, target and, if there is a body, its digest; and say
//! when it was made. It has no other meaning than the one read here: see `fields`.

mod fields;
mod nonces;

pub(super) use nonces::{Nonces, NotTaken};

use super::{Asking, Caller, Rejection, config, digest::Digest, hidden::Hidden};
use crate::gateway::{Scheme, consumers::Directory};
use fields::{Input, signature};
use http::{HeaderMap, HeaderName, header, request::Parts};
use ring::hmac;
use std::time::Duration;

/// The compiled rules.
pub(super) struct Signed {
    /// How old a signature may be, and by how much clocks may differ.
    clock_skew: Duration,
    /// What it must cover beside what it must in any case.
    required: Vec<String>,
    needs_nonce: bool,
}

/// Those of the whole process.
static NONCES: Nonces = Nonces::new();

impl Signed {
    /// What is not passed on of a signature that was not verified.
    pub(super) fn hidden() -> Hidden {
        let headers = ["signature", "signature-input"].map(HeaderName::from_static);
        Hidden {
            headers: headers.to_vec(),
            ..Hidden::default()
        }
    }

    pub(super) fn new(config: &config::Hmac) -> Self {
        Self {
            clock_skew: config.clock_skew,
            required: config.required.iter().map(|name| name.0.clone()).collect(),
            needs_nonce: config.require_nonce,
        }
    }

    /// Who has signed a request, if anybody has. `now` is in seconds since 1970.
    pub(super) fn caller(
        &self,
        consumers: &Directory,
        asking: &Asking<'_>,
        now: f64,
    ) -> Result<Option<Caller>, Rejection> {
        let headers = &asking.head.headers;
        let input = only(headers, "signature-input")?;
        let (input, signed) = match (input, only(headers, "signature")?) {
            (None, None) => return Ok(None),
            (Some(input), Some(signed)) => (input, signed),
            _ => return Err(Rejection::MalformedSignature),
        };
        let input = Input::read(input).ok_or(Rejection::MalformedSignature)?;
        let signed = signature(signed, input.label).ok_or(Rejection::MalformedSignature)?;
        self.check_time(&input, now)?;
        self.check_covered(&input, asking)?;
        let known = input.algorithm.as_deref();
        if known.is_some_and(|algorithm| algorithm != "hmac-sha256") {
            return Err(Rejection::MalformedSignature);
        }
        let base = base(&input, asking).ok_or(Rejection::WrongSignature)?;
        let key_id = input.key_id.as_deref().unwrap_or_default();
        let (secret, consumer) = consumers
            .of_key_id(key_id)
            .ok_or(Rejection::WrongSignature)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.bytes());
        hmac::verify(&key, base.as_bytes(), &signed).map_err(|_| Rejection::WrongSignature)?;
        self.check_nonce(&input, key_id, now)?;
        let mut caller = Caller::known(consumer);
        if input.covered.contains(&"content-digest") {
            let digest = Digest::told(headers).ok_or(Rejection::MalformedSignature)?;
            caller = caller.with_body(digest);
        }
        Ok(Some(caller))
    }

    /// A signature is of now: it says when it was made.
    fn check_time(&self, input: &Input<'_>, now: f64) -> Result<(), Rejection> {
        let skew = self.clock_skew.as_secs_f64();
        let created = input.created.ok_or(Rejection::OldSignature)? as f64;
        let has_expired = input.expires.is_some_and(|expires| now >= expires as f64);
        match (now - created).abs() > skew || has_expired {
            true => Err(Rejection::OldSignature),
            false => Ok(()),
        }
    }

    /// A request with a nonce comes in once.
    fn check_nonce(&self, input: &Input<'_>, key_id: &str, now: f64) -> Result<(), Rejection> {
        let Some(nonce) = &input.nonce else {
            return match self.needs_nonce {
                true => Err(Rejection::NoNonce),
                false => Ok(()),
            };
        };
        // From a skew before it was made to a skew after it.
        let seconds = 2.0 * self.clock_skew.as_secs_f64();
        let taken = NONCES.take((key_id, nonce), now, seconds);
        taken.map_err(|not_taken| match not_taken {
            NotTaken::Seen => Rejection::Replayed,
            NotTaken::Full => Rejection::TooManyNonces,
        })
    }

    fn check_covered(&self, input: &Input<'_>, asking: &Asking<'_>) -> Result<(), Rejection> {
        let has = |name: &str| input.covered.contains(&name);
        let target = has("@target-uri")
            || has("@request-target") && has("@authority")
            || has("@authority")
                && has("@path")
                && (has("@query") || asking.head.uri.query().is_none());
        let meaning = ["content-type", "content-encoding"];
        let is_said = |name: &str| asking.head.headers.contains_key(name);
        let is_body_covered =
            has("content-digest") && meaning.iter().all(|name| has(name) || !is_said(name));
        let body = is_body_covered || !asking.has_body;
        let more = self.required.iter().all(|name| has(name));
        match has("@method") && target && body && more {
            true => Ok(()),
            false => Err(Rejection::Uncovered),
        }
    }
}

/// The value of a field that may be there once: two would be two signatures.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Rejection> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value
            .to_str()
            .map(Some)
            .map_err(|_| Rejection::MalformedSignature),
        (Some(_), Some(_)) => Err(Rejection::MalformedSignature),
    }
}

/// The text that is signed (RFC 9421 section 2.5). None: it covers what the request does not have.
fn base(input: &Input<'_>, asking: &Asking<'_>) -> Option<String> {
    let mut base = String::new();
    for name in &input.covered {
        let value = match name.strip_prefix('@') {
            Some(derived) => derive(derived, asking.head, asking.peer.scheme)?,
            None => field(&asking.head.headers, name)?,
        };
        base.push_str(&format!("\"{name}\": {value}\n"));
    }
    base.push_str(&format!("\"@signature-params\": {}", input.text));
    Some(base)
}

/// All values of a field, as one (section 2.1).
fn field(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(name).iter();
    let values: Vec<&str> = values
        .map(|value| value.to_str().map(str::trim))
        .collect::<Result<_, _>>()
        .ok()?;
    (!values.is_empty()).then(|| values.join(", "))
}

/// What is derived from a request (section 2.2).
fn derive(name: &str, head: &Parts, scheme: Scheme) -> Option<String> {
    let path = match head.uri.path() {
        "" => "/",
        path => path,
    };
    let query = || head.uri.query().map(|query| format!("?{query}"));
    let value = match name {
        "method" => head.method.as_str().to_owned(),
        "scheme" => scheme.as_str().to_owned(),
        "authority" => authority(head, scheme)?,
        "path" => path.to_owned(),
        "query" => query().unwrap_or_else(|| "?".to_owned()),
        "request-target" => format!("{path}{}", query().unwrap_or_default()),
        "target-uri" => format!(
            "{}://{}{path}{}",
            scheme.as_str(),
            authority(head, scheme)?,
            query().unwrap_or_default()
        ),
        _ => return None,
    };
    Some(value)
}

/// The host, in lower case and without the port that goes without saying. The gate has seen to it that there is one.
fn authority(head: &Parts, scheme: Scheme) -> Option<String> {
    let host = head.headers.get(header::HOST);
    let authority = match head.uri.authority() {
        Some(authority) => authority.as_str(),
        None => host?.to_str().ok()?,
    };
    let authority = authority.to_ascii_lowercase();
    let usual = match scheme {
        Scheme::Http => ":80",
        Scheme::Https => ":443",
    };
    let bare = authority.strip_suffix(usual).map(str::to_owned);
    Some(bare.unwrap_or(authority))
}
