//! What several answers together allow to be stored (RFC 9111 section 5.2.2, RFC 5861).

use crate::gateway::directives::{Directives, age};
use http::{HeaderMap, HeaderValue, header};
use std::fmt::Write;

/// What an answer allows caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CacheControl {
    no_store: bool,
    no_cache: bool,
    private: bool,
    public: bool,
    must_revalidate: bool,
    proxy_revalidate: bool,
    no_transform: bool,
    immutable: bool,
    /// In seconds, as of now. None: it is not said, so nobody may rely on it.
    max_age: Option<u64>,
    /// For shared caches, where that is another one.
    s_maxage: Option<u64>,
    stale_while_revalidate: Option<u64>,
    stale_if_error: Option<u64>,
}

impl CacheControl {
    /// Nothing.
    pub(super) const NO_STORE: Self = Self {
        no_store: true,
        no_cache: false,
        private: false,
        public: false,
        must_revalidate: false,
        proxy_revalidate: false,
        no_transform: false,
        immutable: false,
        max_age: None,
        s_maxage: None,
        stale_while_revalidate: None,
        stale_if_error: None,
    };

    /// What an answer says. If it says nothing, it allows nothing.
    pub(super) fn of(answer: &HeaderMap) -> Self {
        let mut values = answer.get_all(header::CACHE_CONTROL).iter().peekable();
        if values.peek().is_none() || values.any(|value| value.to_str().is_err()) {
            return Self::NO_STORE;
        }
        let said = Directives::of(answer);
        let seconds = |name| said.seconds(name).map(|said| said.as_secs());
        let age = age(answer).as_secs();
        let left = |name| seconds(name).map(|seconds| seconds.saturating_sub(age));
        Self {
            no_store: said.has("no-store"),
            no_cache: said.has("no-cache"),
            private: said.has("private"),
            public: said.has("public"),
            must_revalidate: said.has("must-revalidate"),
            proxy_revalidate: said.has("proxy-revalidate"),
            no_transform: said.has("no-transform"),
            immutable: said.has("immutable"),
            max_age: left("max-age"),
            s_maxage: left("s-maxage"),
            stale_while_revalidate: seconds("stale-while-revalidate"),
            stale_if_error: seconds("stale-if-error"),
        }
    }

    /// What both allow.
    pub(super) fn and(self, other: Self) -> Self {
        let both = |a: Option<u64>, b: Option<u64>| Some(a?.min(b?));
        let shared = |said: Self| said.s_maxage.or(said.max_age);
        let differs = self.s_maxage.is_some() || other.s_maxage.is_some();
        Self {
            no_store: self.no_store || other.no_store,
            no_cache: self.no_cache || other.no_cache,
            private: self.private || other.private,
            public: self.public && other.public,
            must_revalidate: self.must_revalidate || other.must_revalidate,
            proxy_revalidate: self.proxy_revalidate || other.proxy_revalidate,
            no_transform: self.no_transform || other.no_transform,
            immutable: self.immutable && other.immutable,
            max_age: both(self.max_age, other.max_age),
            s_maxage: both(shared(self), shared(other)).filter(|_| differs),
            stale_while_revalidate: both(self.stale_while_revalidate, other.stale_while_revalidate),
            stale_if_error: both(self.stale_if_error, other.stale_if_error),
        }
    }

    /// As a header.
    pub(super) fn to_value(self) -> HeaderValue {
        if self.no_store {
            return HeaderValue::from_static("no-store");
        }
        let flags = [
            ("no-cache", self.no_cache),
            ("private", self.private),
            ("public", self.public && !self.private),
            ("must-revalidate", self.must_revalidate),
            ("proxy-revalidate", self.proxy_revalidate),
            ("no-transform", self.no_transform),
            ("immutable", self.immutable),
        ];
        let numbers = [
            // Without one, caches may guess.
            ("max-age", Some(self.max_age.unwrap_or(0))),
            ("s-maxage", self.s_maxage.filter(|_| !self.private)),
            ("stale-while-revalidate", self.stale_while_revalidate),
            ("stale-if-error", self.stale_if_error),
        ];
        let mut text = String::new();
        for (name, _) in flags.into_iter().filter(|(_, holds)| *holds) {
            // Writing to a string cannot fail.
            let _ = write!(text, "{name}, ");
        }
        for (name, seconds) in numbers {
            if let Some(seconds) = seconds {
                let _ = write!(text, "{name}={seconds}, ");
            }
        }
        HeaderValue::try_from(text.trim_end_matches(", "))
            .unwrap_or(HeaderValue::from_static("no-store"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[&str]) -> CacheControl {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::CACHE_CONTROL, value.parse().unwrap());
        }
        CacheControl::of(&headers)
    }

    fn both(a: &str, b: &str) -> String {
        let both = of(&[a]).and(of(&[b])).to_value();
        both.to_str().unwrap().to_owned()
    }

    #[test]
    fn the_least_of_both_is_allowed() {
        for (a, b, allowed) in [
            ("max-age=60", "max-age=30", "max-age=30"),
            (
                "public, max-age=60",
                "public, max-age=90",
                "public, max-age=60",
            ),
            (
                "public, max-age=60",
                "private, max-age=90",
                "private, max-age=60",
            ),
            ("max-age=60", "no-store", "no-store"),
            ("max-age=60", "no-cache", "no-cache, max-age=0"),
            ("max-age=60", "public", "max-age=0"),
            (
                "max-age=60, s-maxage=10",
                "max-age=5",
                "max-age=5, s-maxage=5",
            ),
            (
                "max-age=60, s-maxage=10",
                "max-age=50",
                "max-age=50, s-maxage=10",
            ),
            ("max-age=9, immutable", "max-age=8", "max-age=8"),
            (
                "max-age=9, stale-while-revalidate=5",
                "max-age=9, stale-while-revalidate=3, must-revalidate",
                "must-revalidate, max-age=9, stale-while-revalidate=3",
            ),
            ("max-age=soon", "max-age=8", "max-age=0"),
            ("MAX-AGE = \"7\"", "max-age=8", "max-age=7"),
        ] {
            assert_eq!(both(a, b), allowed, "{a} and {b}");
        }
    }

    #[test]
    fn silence_allows_nothing_and_age_counts() {
        assert_eq!(of(&[]), CacheControl::NO_STORE);
        assert_eq!(of(&["max-age=9", "no-store"]).to_value(), "no-store");
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, "max-age=60".parse().unwrap());
        headers.insert(header::AGE, "45".parse().unwrap());
        assert_eq!(CacheControl::of(&headers).to_value(), "max-age=15");
        headers.insert(header::AGE, "99".parse().unwrap());
        assert_eq!(CacheControl::of(&headers).to_value(), "max-age=0");
    }

    fn some() -> impl Strategy<Value = CacheControl> {
        let directive = prop_oneof![
            Just("no-store".to_owned()),
            Just("no-cache".to_owned()),
            Just("private".to_owned()),
            Just("public".to_owned()),
            Just("immutable".to_owned()),
            (0..100u64).prop_map(|n| format!("max-age={n}")),
            (0..100u64).prop_map(|n| format!("s-maxage={n}")),
            (0..100u64).prop_map(|n| format!("stale-if-error={n}")),
        ];
        prop::collection::vec(directive, 1..4).prop_map(|all| of(&[&all.join(", ")]))
    }

    proptest! {
        /// Whatever the order of the answers, and however often one is counted.
        #[test]
        fn order_and_number_make_no_difference(a in some(), b in some(), c in some()) {
            let text = |said: CacheControl| said.to_value();
            prop_assert_eq!(text(a.and(b)), text(b.and(a)));
            prop_assert_eq!(text(a.and(b).and(c)), text(a.and(b.and(c))));
            prop_assert_eq!(text(a.and(a)), text(a));
        }

        /// What comes out is never fresher than what went in.
        #[test]
        fn nothing_is_added(a in some(), b in some()) {
            let both = a.and(b);
            prop_assert!(both.no_store || (!a.no_store && !b.no_store));
            prop_assert!(both.private || (!a.private && !b.private));
            let fresh = |said: CacheControl| said.s_maxage.or(said.max_age).unwrap_or(0);
            prop_assert!(fresh(both) <= fresh(a).min(fresh(b)));
            prop_assert!(both.max_age.unwrap_or(0) <= a.max_age.unwrap_or(0).min(b.max_age.unwrap_or(0)));
        }
    }
}
