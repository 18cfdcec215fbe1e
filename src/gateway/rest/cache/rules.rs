//! A route's rules: whose requests it may answer from the cache, and which answers it stores.

use super::{
    config::{self, RouteCache},
    freshness::{Freshness, Otherwise},
    status::{Did, Forwarded, Why},
    stored::{Head, has_validator, tags},
};
use crate::gateway::{directives::elements, rest::hygiene::CLIENT_CERTIFICATE};
use crate::{
    gateway::{Body, authentication::Caller},
    upstream::EndsByClosing,
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{self, Entry},
};
use http_body::Body as _;
use metrics::Counter;
use std::{sync::Arc, time::SystemTime};

/// The rules of a route that has some.
pub(super) struct Rules {
    /// All settings of the route, as text.
    pub(super) route: Arc<str>,
    settings: RouteCache,
    /// The headers that count in any case, sorted.
    pub(super) vary: Vec<HeaderName>,
    pub(super) body_max: usize,
    counters: Counters,
}

/// Who asks, as far as it matters.
#[derive(Clone, Debug)]
pub(super) struct Who {
    /// Whose answers these are, and nobody else's.
    pub(super) consumer: Option<String>,
    /// Whether the request says who asks, and its key does not.
    pub(super) is_private: bool,
}

/// What the rules say of an answer.
pub(super) struct Judged {
    pub(super) head: Head,
    /// The headers of its request that it depends on.
    pub(super) varies_on: Vec<HeaderName>,
    pub(super) is_storable: bool,
}

/// By which an upstream gets to know who sends a request.
const CREDENTIALS: [HeaderName; 3] = [header::AUTHORIZATION, header::COOKIE, CLIENT_CERTIFICATE];

impl Rules {
    /// Those of a route with this name in metrics.
    pub(super) fn new(
        label: &str,
        route: Arc<str>,
        settings: &RouteCache,
        cache: &config::Config,
    ) -> Self {
        let mut vary: Vec<HeaderName> = settings.vary.iter().map(|name| name.0.clone()).collect();
        vary.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        vary.dedup();
        Self {
            counters: Counters::new(label),
            route,
            settings: settings.clone(),
            vary,
            body_max: cache.max_entry_bytes.as_len(),
        }
    }

    /// Whether clients may ask for newer answers, or for older ones.
    pub(super) fn client_control(&self) -> bool {
        self.settings.client_control
    }

    /// Who sends a request with these headers.
    pub(super) fn who(&self, caller: &Caller, headers: &HeaderMap) -> Who {
        let consumer = match caller.claim("sub") {
            Some(subject) if self.settings.per_consumer => {
                // Names are unique with one issuer. JSON texts end where they end.
                let issuer = caller.claim("iss").map(ToString::to_string);
                Some(issuer.unwrap_or_default() + &subject.to_string())
            }
            // No JSON text begins so.
            _ if self.settings.per_consumer => {
                let consumer = caller.consumer().filter(|_| !caller.is_anonymous());
                consumer.map(|consumer| format!("c{}", consumer.name))
            }
            _ => None,
        };
        // Whoever is known here may be by anything, which need not be what the upstream gets.
        let is_unkeyed = !caller.is_anonymous()
            || CREDENTIALS
                .iter()
                .any(|name| headers.contains_key(name) && !self.vary.contains(name));
        Who {
            is_private: consumer.is_none() && is_unkeyed,
            consumer,
        }
    }

    /// Looks at the head of an answer to a request that was sent then.
    pub(super) fn judge(&self, who: &Who, answer: &Response<Body>, sent: SystemTime) -> Judged {
        let mut judged = self.judge_head(who, answer.status(), answer.headers(), sent);
        let is_complete_when_it_ends = answer.extensions().get::<EndsByClosing>().is_none()
            && !answer.headers().contains_key(header::TRAILER);
        judged.is_storable &=
            is_complete_when_it_ends && answer.body().size_hint().lower() <= self.body_max as u64;
        judged
    }

    /// The same for an answer whose body is there.
    pub(super) fn judge_head(
        &self,
        who: &Who,
        status: StatusCode,
        headers: &HeaderMap,
        sent: SystemTime,
    ) -> Judged {
        let settings = &self.settings;
        let otherwise = Otherwise {
            lifetime: settings.ttl,
            while_revalidating: settings.stale_while_revalidate,
            on_error: settings.stale_if_error,
        };
        let for_one = who.consumer.is_some();
        let freshness = Freshness::new(status, headers, sent, otherwise, for_one);
        let varies_on = varies_on(headers);
        let is_storable = freshness.allows_storing()
            && varies_on.is_some()
            && (!who.is_private || freshness.is_public)
            && settings.statuses.iter().any(|known| known.0 == status)
            && self.is_of_type(headers)
            && (settings.ignore_set_cookie || !headers.contains_key(header::SET_COOKIE))
            && !headers.contains_key(header::CONTENT_RANGE)
            && (freshness.is_worth_keeping(sent) || has_validator(headers));
        let tags_header = settings.tags_header.as_ref().map(|name| &name.0);
        let mut head = Head::new(status, headers, freshness, tags(headers, tags_header));
        // RFC 9110 section 6.6.1.
        let date = httpdate::fmt_http_date(sent);
        if let (Entry::Vacant(place), Ok(date)) =
            (head.headers.entry(header::DATE), date.try_into())
        {
            place.insert(date);
        }
        if let Some(name) = tags_header {
            head.headers.remove(name);
        }
        Judged {
            head,
            varies_on: varies_on.unwrap_or_default(),
            is_storable,
        }
    }

    fn is_of_type(&self, headers: &HeaderMap) -> bool {
        let Some(types) = &self.settings.content_types else {
            return true;
        };
        let written = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str);
        written
            .and_then(Result::ok)
            .is_some_and(|written| types.iter().any(|range| range.contains(written)))
    }

    /// An answer that the cache has nothing to do with, as a client gets it.
    pub(super) fn pass(&self, response: Response<Body>, why: Why) -> Response<Body> {
        let did = Did::Forwarded(Forwarded::new(why));
        self.count(did);
        self.tell(response, did)
    }

    /// An answer of the upstream as a client gets it, with what the cache did.
    pub(super) fn tell(&self, mut response: Response<Body>, did: Did) -> Response<Body> {
        let headers = response.headers_mut();
        if let Some(name) = &self.settings.tags_header {
            headers.remove(&name.0);
        }
        did.tell(headers);
        response
    }

    /// Counts a request.
    pub(super) fn count(&self, did: Did) {
        self.counters.of(did).increment(1);
    }
}

/// What an answer depends on: the headers that it names in `Vary`, and, since many forget it, that by which its coding was
/// chosen. None: on more than headers.
fn varies_on(headers: &HeaderMap) -> Option<Vec<HeaderName>> {
    let mut names = Vec::new();
    for value in headers.get_all(header::VARY) {
        for element in elements(value.to_str().ok()?) {
            // `*` is a token as well.
            if element == "*" {
                return None;
            }
            names.push(HeaderName::from_bytes(element.as_bytes()).ok()?);
        }
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        names.push(header::ACCEPT_ENCODING);
    }
    Some(names)
}

/// How many requests the cache did something for.
struct Counters {
    hits: Counter,
    stale: Counter,
    validated: Counter,
    misses: Counter,
    collapsed: Counter,
    passed: Counter,
}

impl Counters {
    fn new(route: &str) -> Self {
        let route: Arc<str> = route.into();
        let counter = |result: &'static str| {
            metrics::counter!(
                "api_cache_requests_total",
                "route" => Arc::clone(&route),
                "result" => result,
            )
        };
        Self {
            hits: counter("hit"),
            stale: counter("stale"),
            validated: counter("revalidated"),
            misses: counter("miss"),
            collapsed: counter("collapsed"),
            passed: counter("bypass"),
        }
    }

    fn of(&self, did: Did) -> &Counter {
        match did {
            Did::Hit { is_stale: true, .. } => &self.stale,
            Did::Hit { .. } => &self.hits,
            Did::Forwarded(forwarded) => match forwarded {
                Forwarded {
                    is_stand_in: true, ..
                } => &self.stale,
                Forwarded {
                    is_collapsed: true, ..
                } => &self.collapsed,
                Forwarded {
                    status: Some(304), ..
                } => &self.validated,
                Forwarded {
                    why: Why::Method | Why::Bypass,
                    ..
                } => &self.passed,
                _ => &self.misses,
            },
        }
    }
}
