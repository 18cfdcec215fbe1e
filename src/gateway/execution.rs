//! An operation that is ready to run: what its execution needs, borrowed from its request, or for itself.

use super::{
    Refusal, Snapshot,
    authentication::Caller,
    dedupe::{Asked, Dedupe},
    demand_control::Weighed,
    graphql::{self, Media},
    in_flight::Shared,
    local::Local,
    origin::Origin,
    prepared::Prepared,
    subgraphs::{Client, Outgoing, until},
    trace::Stage,
};
use crate::executor::{self, Program, Reply};
use bytes::Bytes;
use http::{HeaderMap, Response};
use serde_json::{Map, Value};
use std::sync::Arc;
use tokio::time::Instant;

/// An operation and whom it is for.
#[derive(Clone, Copy)]
pub(super) struct Execution<'a> {
    pub(super) snapshot: &'a Arc<Snapshot>,
    pub(super) local: &'a Arc<Local>,
    pub(super) client: Client<'a>,
    pub(super) prepared: &'a Arc<Prepared>,
    pub(super) program: &'a Arc<Program>,
    /// Coerced.
    pub(super) variables: &'a Map<String, Value>,
}

impl Execution<'_> {
    /// Runs it. Without a deadline, whoever waits for it knows how long.
    pub(super) async fn run(self, deadline: Option<Instant>) -> Result<Reply, Refusal> {
        let documents = &self.snapshot.documents;
        let introspecting = documents.introspect(self.prepared, self.variables);
        let introspection = until(deadline, introspecting)
            .await
            .unwrap_or_else(|| Err(Refusal::timeout()))?
            .map(Arc::new);
        let subgraphs = Outgoing::new(self.snapshot, self.local, self.client, deadline);
        let request = executor::Request {
            variables: self.variables,
            introspection: introspection.as_ref(),
            subgraphs: &subgraphs,
        };
        let mut reply = executor::run(self.program, request).await;
        if let Some((demand, weighed)) = subgraphs.demand() {
            reply.settle(|answers| demand.ended(weighed, answers));
        }
        if !self.snapshot.authorization.tells() {
            reply.forget(executor::ErrorCode::Unauthorized);
        }
        if subgraphs.is_late() {
            return Err(Refusal::timeout());
        }
        Ok(reply)
    }

    /// Runs it and makes its response, once for all requests that are the same.
    pub(super) fn share(self, dedupe: &Dedupe, media: Media) -> Shared<Response<Bytes>> {
        let asked = Asked {
            media,
            caller: self.client.caller,
            headers: self.client.headers,
            variables: self.variables,
            writes: self.snapshot.writes.count(),
        };
        let key = dedupe.key(self.program, &asked);
        let requests = &self.local.requests;
        let response = requests.join(key, || self.detached().response(media));
        if !response.is_mine() {
            dedupe.joined.increment(1);
            self.client.origin.trace.deduplicated();
        }
        response
    }

    /// The same, which goes on when this request does not.
    fn detached(self) -> Detached {
        let Client {
            origin,
            headers,
            stage,
            caller,
            weighed,
        } = self.client;
        Detached {
            snapshot: Arc::clone(self.snapshot),
            local: Arc::clone(self.local),
            origin: origin.clone(),
            headers: headers.clone(),
            stage: stage.clone(),
            caller: caller.clone(),
            weighed: weighed.cloned(),
            prepared: Arc::clone(self.prepared),
            program: Arc::clone(self.program),
            variables: self.variables.clone(),
        }
    }
}

/// An execution that holds what it needs.
struct Detached {
    snapshot: Arc<Snapshot>,
    local: Arc<Local>,
    origin: Origin,
    headers: HeaderMap,
    stage: Stage,
    caller: Caller,
    weighed: Option<Arc<Weighed>>,
    prepared: Arc<Prepared>,
    program: Arc<Program>,
    variables: Map<String, Value>,
}

impl Detached {
    /// Runs it, and makes its response.
    async fn response(self, media: Media) -> Response<Bytes> {
        let execution = Execution {
            snapshot: &self.snapshot,
            local: &self.local,
            client: Client {
                origin: &self.origin,
                headers: &self.headers,
                stage: &self.stage,
                caller: &self.caller,
                weighed: self.weighed.as_ref(),
            },
            prepared: &self.prepared,
            program: &self.program,
            variables: &self.variables,
        };
        match execution.run(None).await {
            Ok(reply) => graphql::encode(&self.snapshot.subgraphs, media, reply, None),
            Err(refusal) => graphql::refuse(media, &refusal),
        }
    }
}
