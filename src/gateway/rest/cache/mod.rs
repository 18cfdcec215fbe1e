//! The response cache of REST routes, shared by all workers (RFC 9111).
//!
//! A route that says so answers `GET` and `HEAD` out of stored answers as long as these may be used. [`Caching::answer`]
//! stands in a request's way to the upstream. Private by default: who sends a request that says who they are gets and
//! leaves only what is for everybody. What operators read is `docs/cache.md`.

mod arriving;
mod conditions;
mod config;
mod fetch;
mod flights;
mod freshness;
mod key;
mod lookup;
mod room;
mod rules;
mod serve;
mod status;
mod store;
mod stored;

pub use config::Config;
pub(super) use config::RouteCache;
pub use store::Cache;

use crate::{
    gateway::{Body, Refusal, Scheme, authentication::Caller, gate::Target},
    upstream::Forward,
};
use conditions::Conditions;
use http::{Method, Response, header};
use http_body::Body as _;
use key::Url;
use lookup::Lookup;
use rules::Rules;
use status::Why;
use std::{fmt, future::Future, sync::Arc};
use stored::Client;

/// A route's part in the cache.
pub(super) struct Caching {
    cache: Arc<Cache>,
    /// None: the route stores nothing.
    rules: Option<Arc<Rules>>,
}

/// What of a request its headers do not say.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) scheme: Scheme,
    pub(super) target: &'a Target<'a>,
    pub(super) query: Option<&'a str>,
    pub(super) caller: &'a Caller,
    /// The name of the upstream it would be passed on to.
    pub(super) upstream: &'a str,
}

impl Asked<'_> {
    fn url(&self) -> Url {
        Url::of(self.scheme, self.target, self.query)
    }
}

impl fmt::Debug for Caching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_on = self.rules.is_some();
        f.debug_struct("Caching").field("is_on", &is_on).finish()
    }
}

impl Caching {
    /// That of a route. `settings` are all of it, for whatever of them changes may change answers.
    pub(super) fn new<R: fmt::Debug>(
        settings: &R,
        label: &str,
        rules: Option<&RouteCache>,
        (cache, config): (&Arc<Cache>, &Config),
    ) -> Self {
        let rules = rules.map(|rules| {
            cache.begin_use();
            let route = format!("{settings:?}").into();
            Arc::new(Rules::new(label, route, rules, config))
        });
        Self {
            cache: Arc::clone(cache),
            rules,
        }
    }

    /// Answers a request, by what is stored or by passing it on: `send` begins to, and its future resolves to the answer.
    /// It is polled elsewhere, on this worker.
    pub(super) async fn answer<F>(
        &self,
        asked: Asked<'_>,
        forward: Forward,
        send: impl FnOnce(Forward) -> F,
    ) -> Result<Response<Body>, Refusal>
    where
        F: Future<Output = Result<Response<Body>, Refusal>> + Send + 'static,
    {
        if !forward.method.is_safe() {
            let answer = self.write(asked, send(forward)).await?;
            return Ok(match &self.rules {
                Some(rules) => rules.pass(answer, Why::Method),
                None => answer,
            });
        }
        let Some(rules) = &self.rules else {
            return send(forward).await;
        };
        if is_passed_by(&forward) {
            let answer = send(forward).await?;
            return Ok(rules.pass(answer, Why::Bypass));
        }
        let client = Client {
            method: forward.method.clone(),
            conditions: Conditions::of(&forward.headers),
        };
        let url = asked.url();
        let lookup = Lookup::new(&self.cache, rules, (asked, &url), &forward.headers);
        lookup.serve(client, forward, send).await
    }

    /// Passes on a request that may change what is at its URL. What is stored of it is forgotten when the request ends,
    /// however it ends, unless it was refused for what it is: whoever has written must not read what was there before (RFC
    /// 9111 section 4.4).
    async fn write<T>(
        &self,
        asked: Asked<'_>,
        sending: impl Future<Output = Result<Response<Body>, T>>,
    ) -> Result<Response<Body>, T> {
        let mut written = Written {
            cache: &self.cache,
            asked: Some(asked),
        };
        let answer = sending.await;
        if answer
            .as_ref()
            .is_ok_and(|answer| answer.status().is_client_error())
        {
            written.asked = None;
        }
        answer
    }
}

/// Whether nothing is to be found in the cache for a request by a safe method: it wants a part of an answer, one that is
/// under conditions which the upstream has to judge, or one to a body.
fn is_passed_by(forward: &Forward) -> bool {
    let judged_elsewhere = [
        header::RANGE,
        header::IF_RANGE,
        header::IF_MATCH,
        header::IF_UNMODIFIED_SINCE,
        header::UPGRADE,
    ];
    let headers = &forward.headers;
    let is_read = matches!(forward.method, Method::GET | Method::HEAD);
    !is_read
        || !forward.body.is_end_stream()
        || judged_elsewhere
            .iter()
            .any(|name| headers.contains_key(name))
}

/// What may have been written to. It is forgotten when this is dropped: the client may have left by then.
struct Written<'a> {
    cache: &'a Cache,
    asked: Option<Asked<'a>>,
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        if let Some(asked) = self.asked.filter(|_| self.cache.is_used()) {
            self.cache.forget_all_at(&asked.url());
        }
    }
}

#[cfg(test)]
mod tests;
