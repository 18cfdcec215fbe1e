//! How a request is served: from the cache, by a fetch that is under way, or by one of its own.

use super::{
    conditions::Conditions,
    fetch::{Begun, Fetch, Reply},
    flights::{Flight, Joined, Outcome, Phase},
    freshness::Verdict,
    lookup::Lookup,
    status::{Did, Forwarded},
    stored::Client,
};
use crate::{
    gateway::{Body, Code, Refusal},
    upstream::Forward,
};
use http::{HeaderMap, Method, Response};
use std::{future::Future, time::Duration};
use tokio::{sync::watch, time::timeout};

/// How often a request waits for an answer that turns out to be for others, before it goes by itself.
const WAITS_MAX: usize = 3;
/// How long a request waits for the body of an answer.
const BODY_WITHIN: Duration = Duration::from_secs(5);

impl Lookup {
    /// Answers the request.
    pub(super) async fn serve<F>(
        self,
        client: Client,
        forward: Forward,
        send: impl FnOnce(Forward) -> F,
    ) -> Result<Response<Body>, Refusal>
    where
        F: Future<Output = Result<Response<Body>, Refusal>> + Send + 'static,
    {
        match self.verdict() {
            Some((Verdict::Fresh, stored)) => return Ok(self.hit(stored, &client)),
            Some((Verdict::Stale, stored)) => {
                let hit = self.hit(stored, &client);
                if client.method == Method::GET && !self.wish.is_only_if_cached() {
                    self.refresh(forward, send);
                }
                return Ok(hit);
            }
            Some((Verdict::Validate, _)) | None => {}
        }
        if self.wish.is_only_if_cached() {
            return Err(Refusal::new(
                Code::NotCached,
                "There is no stored answer that can be used",
            ));
        }
        // An answer to HEAD has no body to store.
        if client.method == Method::HEAD || self.wish.forbids_storing() {
            let answer = send(forward).await?;
            return Ok(self.rules.pass(answer, self.why()));
        }
        self.fetch(client, forward, send).await
    }

    /// Fetches an answer, or waits for one that is being fetched.
    async fn fetch<F>(
        mut self,
        client: Client,
        forward: Forward,
        send: impl FnOnce(Forward) -> F,
    ) -> Result<Response<Body>, Refusal>
    where
        F: Future<Output = Result<Response<Body>, Refusal>> + Send + 'static,
    {
        let why = self.why();
        let mut waits = 0;
        while waits < WAITS_MAX && self.is_joinable() {
            let joined = self.cache.flights.join(&self.key(&forward.headers));
            // It may have been stored between the look and this.
            self.look_again(&forward.headers);
            if let Some((Verdict::Fresh, stored)) = self.verdict() {
                return Ok(self.hit(stored, &client));
            }
            let news = match joined {
                Joined::Mine(flight) => return self.lead(flight, client, forward, send).await,
                Joined::Theirs(news) => news,
            };
            let mut forwarded = Forwarded {
                is_collapsed: true,
                ..Forwarded::new(why)
            };
            match self.wait(news, &forward.headers).await {
                Some(Outcome::Stored(_, stored)) => {
                    return Ok(self.answer(&stored, &client, Did::Forwarded(forwarded)));
                }
                Some(Outcome::StandIn(stored)) => {
                    forwarded.is_stand_in = true;
                    return Ok(self.answer(&stored, &client, Did::Forwarded(forwarded)));
                }
                Some(Outcome::Failed(refusal)) => return Err(refusal),
                Some(Outcome::NotShared) => break,
                None => waits += 1,
            }
        }
        self.lead(Flight::alone(), client, forward, send).await
    }

    /// Waits for what comes of somebody else's fetch. None: nothing that is for this request.
    async fn wait(&self, mut news: watch::Receiver<Phase>, headers: &HeaderMap) -> Option<Outcome> {
        loop {
            let phase = news.borrow_and_update().clone();
            match phase {
                Phase::Asked => news.changed().await.ok()?,
                // Now it is known what the answer varies on.
                Phase::Arriving(key) | Phase::Done(Outcome::Stored(key, _))
                    if key != self.key(headers) =>
                {
                    return None;
                }
                Phase::Arriving(_) => match timeout(BODY_WITHIN, news.changed()).await {
                    Ok(changed) => changed.ok()?,
                    Err(_) => return Some(Outcome::NotShared),
                },
                Phase::Done(outcome) => return Some(outcome),
            }
        }
    }

    /// Fetches an answer for this client, and for all who wait for it.
    async fn lead<F>(
        self,
        flight: Flight,
        client: Client,
        forward: Forward,
        send: impl FnOnce(Forward) -> F,
    ) -> Result<Response<Body>, Refusal>
    where
        F: Future<Output = Result<Response<Body>, Refusal>> + Send + 'static,
    {
        let mut forwarded = Forwarded::new(self.why());
        let Begun { reply, interest } = self.begin(flight, forward, send);
        // It ends early only with its worker, or by a panic.
        let reply = reply.await.unwrap_or_else(|_| Err(Refusal::internal()));
        drop(interest);
        match reply? {
            Reply::Answer {
                response,
                is_stored,
            } => {
                forwarded.is_stored = is_stored;
                let did = Did::Forwarded(forwarded);
                self.rules.count(did);
                Ok(client.conclude(self.rules.tell(response, did)))
            }
            Reply::Old {
                stored,
                status,
                is_stand_in,
            } => {
                forwarded.status = status;
                forwarded.is_stand_in = is_stand_in;
                Ok(self.answer(&stored, &client, Did::Forwarded(forwarded)))
            }
        }
    }

    /// Fetches a newer answer that nobody waits for, unless somebody does already.
    fn refresh<F>(&self, forward: Forward, send: impl FnOnce(Forward) -> F)
    where
        F: Future<Output = Result<Response<Body>, Refusal>> + Send + 'static,
    {
        let key = self.key(&forward.headers);
        let Joined::Mine(flight) = self.cache.flights.join(&key) else {
            return;
        };
        let Begun { reply, interest } = self.begin(flight, forward, send);
        tokio::spawn(async move {
            // Until its head is there; from then on it is worth going on.
            drop(reply.await);
            drop(interest);
        });
    }

    /// Begins a fetch. Conditions of the client are left to the upstream where its answer is the client's alone; elsewhere
    /// the whole answer is wanted, or news of the stored one.
    fn begin<F>(
        &self,
        flight: Flight,
        mut forward: Forward,
        send: impl FnOnce(Forward) -> F,
    ) -> Begun
    where
        F: Future<Output = Result<Response<Body>, Refusal>> + Send + 'static,
    {
        let is_shared = !self.who.is_private && !self.resource.is_alone(self.cache.running());
        if self.stored.is_some() || is_shared {
            Conditions::take(&mut forward.headers);
        }
        let fetch = Fetch::new(self, &forward.headers, flight);
        if let Some(stored) = &self.stored {
            stored.ask_again(&mut forward.headers);
        }
        fetch.begin(send(forward))
    }
}
