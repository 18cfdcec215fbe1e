//! One request's look into the cache.

use super::{
    Asked, Cache,
    freshness::{Verdict, Wish},
    key::{Place, Resource, Url, Variant},
    rules::{Rules, Who},
    status::{Did, Why},
    stored::{Client, Stored},
};
use crate::gateway::Body;
use http::{HeaderMap, Response};
use std::sync::Arc;

/// What a request is for, as the cache sees it.
#[derive(Clone)]
pub(super) struct Lookup {
    pub(super) cache: Arc<Cache>,
    pub(super) rules: Arc<Rules>,
    pub(super) resource: Arc<Resource>,
    pub(super) who: Who,
    pub(super) wish: Wish,
    /// What may be used for it, if the upstream says so or it is fresh.
    pub(super) stored: Option<Arc<Stored>>,
    upstream: Arc<str>,
}

impl Lookup {
    /// That of a request which the upstream would get with these headers.
    pub(super) fn new(
        cache: &Arc<Cache>,
        rules: &Arc<Rules>,
        (asked, url): (Asked<'_>, &Url),
        headers: &HeaderMap,
    ) -> Self {
        let mut lookup = Self {
            who: rules.who(asked.caller, headers),
            wish: Wish::of(headers, rules.client_control()),
            resource: cache.resource(url),
            cache: Arc::clone(cache),
            rules: Arc::clone(rules),
            stored: None,
            upstream: asked.upstream.into(),
        };
        lookup.look_again(headers);
        lookup
    }

    /// The key under which its answer would be, as far as it is known what answers vary on.
    pub(super) fn key(&self, headers: &HeaderMap) -> Variant {
        let place = Place {
            route: &self.rules.route,
            upstream: &self.upstream,
            consumer: self.who.consumer.as_deref(),
        };
        Variant::new(&self.resource, place, &self.rules.vary, headers)
    }

    /// Looks for what is stored for it. Who says who they are, but not in the key, gets what is for everybody.
    pub(super) fn look_again(&mut self, headers: &HeaderMap) {
        let stored = self.cache.get(&self.key(headers));
        self.stored =
            stored.filter(|stored| !self.who.is_private || stored.head.freshness.is_public);
    }

    /// What is stored, and whether it may be used.
    pub(super) fn verdict(&self) -> Option<(Verdict, &Arc<Stored>)> {
        let stored = self.stored.as_ref()?;
        let freshness = &stored.head.freshness;
        Some((freshness.verdict(&self.wish, self.cache.now()), stored))
    }

    /// Whether it may get the answer to another request that is under way, and others that to this one.
    pub(super) fn is_joinable(&self) -> bool {
        !self.who.is_private
            && !self.wish.is_particular()
            && !self.resource.is_alone(self.cache.running())
    }

    /// Why it is passed on, when this is all there is.
    pub(super) fn why(&self) -> Why {
        match &self.stored {
            Some(stored) => match stored.head.freshness.is_fresh(self.cache.now()) {
                true => Why::Request,
                false => Why::Stale,
            },
            None if self.resource.varies() => Why::VaryMiss,
            None => Why::UrlMiss,
        }
    }

    /// The response to a client out of what is stored.
    pub(super) fn answer(&self, stored: &Stored, client: &Client, did: Did) -> Response<Body> {
        self.rules.count(did);
        stored.answer(client, did, self.cache.now())
    }

    /// The same, without the upstream.
    pub(super) fn hit(&self, stored: &Stored, client: &Client) -> Response<Body> {
        let (freshness, now) = (&stored.head.freshness, self.cache.now());
        let did = Did::Hit {
            seconds_left: freshness.seconds_left(now),
            is_stale: !freshness.is_fresh(now),
        };
        self.answer(stored, client, did)
    }
}
