//! How long an answer may be used, and by whom (RFC 9111 sections 3, 4.2 and 5.2, and RFC 5861).
//!
//! The decisions are those of the `http-cache-semantics` crate. It is given only what they depend on, in one spelling;
//! keys, variants and credentials are looked at before it, and what it does not know is added after it.

use crate::gateway::directives::{Directives, age};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_cache_semantics::{BeforeRequest, CacheOptions, CachePolicy};
use std::time::{Duration, SystemTime};

/// What a client wants of a cache. Empty for most.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish(Directives);

/// How long one answer may be used.
#[derive(Clone, Debug)]
pub(super) struct Freshness {
    policy: CachePolicy,
    lifetime: Duration,
    /// How long after its lifetime it may be served while a newer one is fetched.
    while_revalidating: Duration,
    /// The same, if none can be fetched.
    on_error: Duration,
    /// Whether it says itself that it is for everybody.
    pub(super) is_public: bool,
}

/// Where an answer says nothing of these.
#[derive(Clone, Copy, Debug)]
pub(super) struct Otherwise {
    pub(super) lifetime: Duration,
    pub(super) while_revalidating: Duration,
    pub(super) on_error: Duration,
}

/// Whether an answer may be used for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fresh,
    /// It may be used if a newer one is fetched.
    Stale,
    /// Not before the upstream was asked.
    Validate,
}

impl Wish {
    /// What the headers of a request say. A client that has no control may still forbid to store.
    pub(super) fn of(headers: &HeaderMap, client_control: bool) -> Self {
        let mut directives = Directives::of(headers);
        if !client_control {
            directives.retain(&["no-store", "only-if-cached"]);
        }
        Self(directives)
    }

    /// Whether nothing of the exchange may be stored.
    pub(super) fn forbids_storing(&self) -> bool {
        self.0.has("no-store")
    }

    /// Whether the upstream must not be asked.
    pub(super) fn is_only_if_cached(&self) -> bool {
        self.0.has("only-if-cached")
    }

    /// Whether it says anything about how fresh the answer has to be.
    pub(super) fn is_particular(&self) -> bool {
        FRESHNESS_WISHES.iter().any(|name| self.0.has(name))
    }

    fn request(&self) -> Request<()> {
        let mut request = Request::new(());
        if let Ok(line) = HeaderValue::try_from(self.0.line(&FRESHNESS_WISHES)) {
            request.headers_mut().insert(header::CACHE_CONTROL, line);
        }
        request
    }
}

const FRESHNESS_WISHES: [&str; 4] = ["no-cache", "max-age", "min-fresh", "max-stale"];

/// The names of directives in answers that the library decides by.
const RULES: [&str; 5] = ["no-store", "no-cache", "public", "s-maxage", "max-age"];

impl Freshness {
    /// That of an answer to a request which was sent then. `for_one`: it is kept for one consumer alone.
    pub(super) fn new(
        status: StatusCode,
        headers: &HeaderMap,
        sent: SystemTime,
        otherwise: Otherwise,
        for_one: bool,
    ) -> Self {
        let says = Directives::of(headers);
        let never_stale = ["no-cache", "must-revalidate", "proxy-revalidate"];
        let never_stale = never_stale.iter().any(|name| says.has(name));
        let is_shared_lifetime = says.has("s-maxage");
        let mut line = says.line(&RULES);
        if says.has("private") && !for_one {
            line.push_str(", private");
        }
        // `s-maxage` is `proxy-revalidate` as well (RFC 9111 section 5.2.2.10), which the library takes for `no-cache`.
        if never_stale || is_shared_lifetime {
            line.push_str(", must-revalidate");
        }
        let has_lifetime = is_shared_lifetime || says.has("max-age");
        if !has_lifetime && !headers.contains_key(header::EXPIRES) {
            line.push_str(&format!(", max-age={}", otherwise.lifetime.as_secs()));
        }
        // The age it came with, and the time it took, count from the beginning (RFC 9111 section 4.2.3).
        let born = sent.checked_sub(age(headers)).unwrap_or(sent);
        let response = relevant(status, headers, line);
        let policy = CachePolicy::new_options(&Request::new(()), &response, born, OPTIONS);
        let window = |name: &str, configured: Duration| match says.seconds(name) {
            _ if never_stale => Duration::ZERO,
            Some(said) => said,
            None if is_shared_lifetime => Duration::ZERO,
            None => configured,
        };
        Self {
            lifetime: policy.time_to_live(born),
            while_revalidating: window("stale-while-revalidate", otherwise.while_revalidating),
            on_error: window("stale-if-error", otherwise.on_error),
            is_public: says.has("public") || is_shared_lifetime,
            policy,
        }
    }

    /// Whether the answer itself allows to store it.
    pub(super) fn allows_storing(&self) -> bool {
        self.policy.is_storable()
    }

    /// Whether it is of use at all, if it cannot be asked about again.
    pub(super) fn is_worth_keeping(&self, now: SystemTime) -> bool {
        self.is_servable(now) || self.may_stand_in(now)
    }

    /// Whether it may be served without asking the upstream first.
    pub(super) fn is_servable(&self, now: SystemTime) -> bool {
        self.age(now) < self.lifetime + self.while_revalidating
    }

    /// Whether it is fresh.
    pub(super) fn is_fresh(&self, now: SystemTime) -> bool {
        self.age(now) < self.lifetime
    }

    /// Whether it may be used for a request with this wish.
    pub(super) fn verdict(&self, wish: &Wish, now: SystemTime) -> Verdict {
        if wish.is_particular() {
            return match self.policy.before_request(&wish.request(), now) {
                BeforeRequest::Fresh(_) => Verdict::Fresh,
                BeforeRequest::Stale { .. } => Verdict::Validate,
            };
        }
        match () {
            () if self.is_fresh(now) => Verdict::Fresh,
            () if self.is_servable(now) => Verdict::Stale,
            () => Verdict::Validate,
        }
    }

    /// Whether it may be used although the upstream was asked, for that failed.
    pub(super) fn may_stand_in(&self, now: SystemTime) -> bool {
        self.age(now) < self.lifetime + self.on_error
    }

    /// How old it is.
    pub(super) fn age(&self, now: SystemTime) -> Duration {
        self.policy.age(now)
    }

    /// How many seconds it stays fresh; below 0, since when it is stale.
    pub(super) fn seconds_left(&self, now: SystemTime) -> i64 {
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        seconds(self.lifetime) - seconds(self.age(now))
    }
}

const OPTIONS: CacheOptions = CacheOptions {
    // Whether `private` counts is said by the line that it reads.
    shared: true,
    // How long is said, by the answer or by the configuration; it is not guessed.
    cache_heuristic: 0.0,
    immutable_min_time_to_live: Duration::ZERO,
    ignore_cargo_cult: false,
};

/// The part of an answer's head that decides, in the one spelling that the library reads.
fn relevant(status: StatusCode, headers: &HeaderMap, line: String) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = status;
    let kept = response.headers_mut();
    let line = line.trim_start_matches(", ");
    if let Ok(line) = HeaderValue::try_from(line) {
        kept.insert(header::CACHE_CONTROL, line);
    }
    for name in [header::DATE, header::EXPIRES] {
        let Some(value) = headers.get(&name) else {
            continue;
        };
        let date = value.to_str().ok().map(httpdate::parse_http_date);
        let value = match date {
            Some(Ok(date)) => HeaderValue::try_from(httpdate::fmt_http_date(date)).ok(),
            // What is no date has passed.
            _ => Some(HeaderValue::from_static("0")),
        };
        if let Some(value) = value {
            kept.insert(name, value);
        }
    }
    response
}
