//! Who sends a request, as far as that was proven.

use super::{
    digest::{Digest, Mismatch, OtherBody},
    hidden::Hidden,
    now,
};
use crate::gateway::{Body, consumers::Consumer};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};
use std::{borrow::Cow, sync::Arc, time::Duration};

const USERNAME: HeaderName = HeaderName::from_static("x-consumer-username");
const GROUPS: HeaderName = HeaderName::from_static("x-consumer-groups");
const ANONYMOUS: HeaderName = HeaderName::from_static("x-anonymous-consumer");

/// The sender of a request.
///
/// It is not `Debug`: claims are personal, and what can be printed gets into logs.
#[derive(Clone, Default)]
pub(in crate::gateway) struct Caller {
    is_proven: bool,
    claims: Option<Arc<Map<String, Value>>>,
    consumer: Option<Arc<Consumer>>,
    /// What of the request only the gateway is to see.
    hidden: Option<Arc<Hidden>>,
    /// What the body must be, for it was signed.
    body: Option<Arc<Digest>>,
    /// When what it has shown ends, in seconds since 1970.
    until: Option<f64>,
    /// What upstreams are told of it beside its name.
    told: Option<Arc<HeaderMap>>,
}

impl Caller {
    /// Whoever a valid token speaks of.
    pub(in crate::gateway) fn with_claims(claims: Arc<Map<String, Value>>) -> Self {
        Self {
            is_proven: true,
            claims: Some(claims),
            ..Self::default()
        }
    }

    /// A consumer, by a credential of its own.
    pub(super) fn known(consumer: &Arc<Consumer>) -> Self {
        Self {
            is_proven: true,
            consumer: Some(Arc::clone(consumer)),
            ..Self::default()
        }
    }

    /// Whoever another service lets in, and what it says of them.
    pub(super) fn told(headers: HeaderMap) -> Self {
        Self {
            is_proven: true,
            told: Some(Arc::new(headers)),
            ..Self::default()
        }
    }

    /// The same caller, of whom upstreams are told this.
    pub(super) fn telling(self, headers: HeaderMap) -> Self {
        Self {
            told: Some(Arc::new(headers)),
            ..self
        }
    }

    /// Whoever shows nothing, where they count as this consumer.
    pub(super) fn anonymous(consumer: Option<&Arc<Consumer>>) -> Self {
        Self {
            consumer: consumer.cloned(),
            ..Self::default()
        }
    }

    /// The same caller, who is this consumer.
    pub(super) fn of(self, consumer: Option<&Arc<Consumer>>) -> Self {
        Self {
            consumer: consumer.cloned(),
            ..self
        }
    }

    /// Whoever has proven to be both. None: they are two consumers. Of claims, those count that are shown first.
    pub(super) fn and(self, other: Self) -> Option<Self> {
        let is_another = |a: &Arc<Consumer>, b: &Arc<Consumer>| a.name != b.name;
        if let (Some(one), Some(two)) = (&self.consumer, &other.consumer)
            && is_another(one, two)
        {
            return None;
        }
        Some(Self {
            is_proven: self.is_proven && other.is_proven,
            claims: self.claims.or(other.claims),
            consumer: self.consumer.or(other.consumer),
            hidden: None,
            body: self.body.or(other.body),
            until: match (self.until, other.until) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two),
            },
            told: match (self.told, other.told) {
                (Some(one), Some(two)) => {
                    let mut both = HeaderMap::clone(&one);
                    both.extend(HeaderMap::clone(&two));
                    Some(Arc::new(both))
                }
                (one, two) => one.or(two),
            },
        })
    }

    /// The same caller, of whose request this is not passed on.
    pub(super) fn hiding(self, hidden: Option<&Arc<Hidden>>) -> Self {
        Self {
            hidden: hidden.cloned(),
            ..self
        }
    }

    /// The same caller, who has shown what ends then, in seconds since 1970.
    pub(super) fn until(self, until: Option<f64>) -> Self {
        Self { until, ..self }
    }

    /// For how long it may go on with what it was let in to. None: what it has shown does not end.
    pub(in crate::gateway) fn time_left(&self) -> Option<Duration> {
        let left = (self.until? - now()).max(0.0);
        // What is longer than can be said is for ever.
        Duration::try_from_secs_f64(left).ok()
    }

    /// The same caller, who has signed this body.
    pub(super) fn with_body(self, digest: Digest) -> Self {
        Self {
            body: Some(Arc::new(digest)),
            ..self
        }
    }

    /// The body of the request, which breaks off if it is not the one that was signed.
    pub(in crate::gateway) fn checked(&self, body: Body) -> Result<(Body, Mismatch), OtherBody> {
        match &self.body {
            None => Ok((body, Mismatch::default())),
            Some(digest) => digest.checked(body),
        }
    }

    /// Whether nothing is proven.
    pub(in crate::gateway) fn is_anonymous(&self) -> bool {
        !self.is_proven
    }

    /// Who it is, if it has a name here.
    pub(in crate::gateway) fn consumer(&self) -> Option<&Arc<Consumer>> {
        self.consumer.as_ref()
    }

    /// All that the token says; none if there is none.
    pub(in crate::gateway) fn claims(&self) -> Option<&Map<String, Value>> {
        self.claims.as_deref()
    }

    /// What the token says under this name. Of those who have none, nothing is known.
    pub(in crate::gateway) fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.as_ref()?.get(name)
    }

    /// Tells an upstream who it is.
    pub(in crate::gateway) fn introduce(&self, headers: &mut HeaderMap) {
        for (name, value) in self.told_headers() {
            headers.insert(name, value.clone());
        }
        let Some(consumer) = &self.consumer else {
            return;
        };
        headers.insert(USERNAME, consumer.told.username.clone());
        if let Some(groups) = &consumer.told.groups {
            headers.insert(GROUPS, groups.clone());
        }
        if self.is_anonymous() {
            headers.insert(ANONYMOUS, HeaderValue::from_static("true"));
        }
    }

    /// What upstreams are told of it beside its name.
    pub(in crate::gateway) fn told_headers(
        &self,
    ) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.told.iter().flat_map(|told| told.iter())
    }

    /// Takes out of the client's headers what only the gateway is to see.
    pub(in crate::gateway) fn hide(&self, headers: &mut HeaderMap) {
        if let Some(hidden) = &self.hidden {
            hidden.remove_from(headers);
        }
    }

    /// A header of the client, as far as others may see it.
    pub(in crate::gateway) fn shown(
        &self,
        name: &HeaderName,
        value: &HeaderValue,
    ) -> Option<HeaderValue> {
        // What the gateway says of a caller is not what the client says.
        if self
            .told
            .as_ref()
            .is_some_and(|told| told.contains_key(name))
        {
            return None;
        }
        match &self.hidden {
            None => Some(value.clone()),
            Some(hidden) => hidden.left_of(name, value),
        }
    }

    /// The client's headers, as far as others may see them.
    pub(in crate::gateway) fn headers<'a>(&self, headers: &'a HeaderMap) -> Cow<'a, HeaderMap> {
        let mut seen = Cow::Borrowed(headers);
        if let Some(hidden) = &self.hidden {
            hidden.remove_from(seen.to_mut());
        }
        seen
    }

    /// Whether only the gateway is to see this cookie.
    pub(in crate::gateway) fn hides_cookie(&self, name: &str) -> bool {
        let hidden = self.hidden.as_ref();
        hidden.is_some_and(|hidden| hidden.has_cookie(name.as_bytes()))
    }

    /// The client's query, without what it has shown there.
    pub(in crate::gateway) fn query<'a>(&self, query: Option<&'a str>) -> Option<Cow<'a, str>> {
        match (query, &self.hidden) {
            (Some(query), Some(hidden)) => hidden.removed_from(query),
            (query, _) => query.map(Cow::Borrowed),
        }
    }
}
