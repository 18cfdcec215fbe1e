//! The subgraphs as one request sees them: upstreams called with this request's headers and deadline.

use super::{
    Snapshot,
    authentication::Caller,
    call_key::{CallKey, Outcome},
    calls::Callee,
    demand_control::{DemandControl, Weighed},
    local::Local,
    metrics::SubgraphMetrics,
    observation::Observation,
    origin::Origin,
    subgraph_rules::SubgraphRules,
    trace::Stage,
};
use crate::{
    executor::{Answer, Call, CallError, Subgraphs},
    operation::OperationKind,
    planner::Weight,
    upstream::{self, Connections, Upstream},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, timeout_at};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const ACCEPT: HeaderValue =
    HeaderValue::from_static("application/json, application/graphql-response+json");

/// The client's request, as far as subgraphs learn of it.
#[derive(Clone, Copy)]
pub(super) struct Client<'a> {
    pub(super) origin: &'a Origin,
    pub(super) headers: &'a HeaderMap,
    /// What the calls are part of.
    pub(super) stage: &'a Stage,
    pub(super) caller: &'a Caller,
    /// What it costs, if that matters.
    pub(super) weighed: Option<&'a Arc<Weighed>>,
}

impl<'a> Client<'a> {
    /// Whoever sent this request.
    pub(super) fn of(
        observation: &'a Observation<'_>,
        stage: &'a Stage,
        caller: &'a Caller,
    ) -> Self {
        Self {
            origin: observation.origin(),
            headers: &observation.head().headers,
            stage,
            caller,
            weighed: None,
        }
    }

    /// The same, with what its operation costs.
    pub(super) fn costing(self, weighed: Option<&'a Arc<Weighed>>) -> Self {
        Self { weighed, ..self }
    }
}

/// The subgraphs, for one request.
pub(super) struct Outgoing<'a> {
    snapshot: &'a Snapshot,
    local: &'a Local,
    client: Client<'a>,
    /// None: calls last as long as their upstreams let them.
    deadline: Option<Instant>,
    /// Whether a call was cut off by the deadline of the whole request.
    late: AtomicBool,
}

impl<'a> Outgoing<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        local: &'a Local,
        client: Client<'a>,
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            snapshot,
            local,
            client,
            deadline,
            late: AtomicBool::new(false),
        }
    }

    /// Whether the request as a whole took too long.
    pub(super) fn is_late(&self) -> bool {
        self.late.load(Ordering::Relaxed)
    }

    /// What the operation costs, and may.
    pub(super) fn demand(&self) -> Option<(&'a DemandControl, &'a Arc<Weighed>)> {
        Some((self.snapshot.demand_control.as_ref()?, self.client.weighed?))
    }

    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        if let Some((demand, weighed)) = self.demand() {
            demand.permit(weighed, call.subgraph)?;
        }
        let subgraph = self.snapshot.subgraphs.get(call.subgraph);
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(header::CONTENT_TYPE, JSON);
        headers.insert(header::ACCEPT, ACCEPT);
        let Client {
            headers: sent,
            caller,
            ..
        } = self.client;
        subgraph.headers.apply(sent, caller, &mut headers);
        let outcome = match call.operation {
            OperationKind::Query if subgraph.deduplicates => {
                self.share(subgraph, headers, call.body).await
            }
            _ => self.send_alone(subgraph, headers, call).await,
        };
        outcome.map_err(|error| self.call_error(error))
    }

    /// Sends a query, or waits for the answer to the same one that is under way.
    async fn share(
        &self,
        subgraph: &SubgraphRules,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Outcome {
        let began = Instant::now();
        let Client { origin, stage, .. } = self.client;
        let callee = Callee::Subgraph(&subgraph.name);
        let writes = self.snapshot.writes.count();
        let key = CallKey::new(&subgraph.upstream, writes, &headers, &body);
        let mut fetch = None;
        let mut shared = self.local.calls.join(key, || {
            fetch = Some(origin.fetch(stage, callee, &mut headers));
            let upstream = Arc::clone(&subgraph.upstream);
            let connections = Arc::clone(&self.local.connections);
            let metrics = Arc::clone(&subgraph.metrics);
            let call = call(headers, body, None);
            async move {
                let outcome = query(&upstream, &connections, call).await;
                count(&metrics, &outcome, began);
                outcome
            }
        });
        let fetch = fetch.unwrap_or_else(|| {
            subgraph.metrics.deduplicated.increment(1);
            origin.join(stage, callee)
        });
        let outcome = until(self.deadline, &mut shared).await.unwrap_or_else(|| {
            let outcome = Err(upstream::CallError::Deadline);
            if shared.is_alone() {
                tracing::warn!(
                    subgraph = subgraph.name,
                    "a subgraph gave no answer before the request's deadline"
                );
                count(&subgraph.metrics, &outcome, began);
            }
            outcome
        });
        fetch.ended(seen(&outcome));
        origin.trace.note(callee, began.into_std(), seen(&outcome));
        outcome
    }

    /// Sends what is for this request only.
    async fn send_alone(
        &self,
        subgraph: &SubgraphRules,
        mut headers: HeaderMap,
        Call {
            operation, body, ..
        }: Call,
    ) -> Outcome {
        let began = Instant::now();
        let Client { origin, stage, .. } = self.client;
        let callee = Callee::Subgraph(&subgraph.name);
        let fetch = origin.fetch(stage, callee, &mut headers);
        let call = call(headers, body, self.deadline);
        let outcome = match operation {
            OperationKind::Mutation => self.send_to_the_end(&subgraph.upstream, call).await,
            OperationKind::Query | OperationKind::Subscription => {
                query(&subgraph.upstream, &self.local.connections, call).await
            }
        };
        count(&subgraph.metrics, &outcome, began);
        fetch.ended(seen(&outcome));
        origin.trace.note(callee, began.into_std(), seen(&outcome));
        outcome
    }

    /// A call that goes on when the client leaves: a mutation that has begun is not broken off half-way.
    async fn send_to_the_end(&self, upstream: &Arc<Upstream>, call: upstream::Call) -> Outcome {
        let upstream = Arc::clone(upstream);
        let connections = Arc::clone(&self.local.connections);
        let writes = Arc::clone(&self.snapshot.writes);
        let held = connections.hold();
        let task = tokio::spawn(async move {
            let outcome = upstream.call(&connections, call).await;
            writes.add();
            drop(held);
            outcome
        });
        let outcome = task.await;
        let outcome =
            outcome.unwrap_or_else(|error| Err(upstream::CallError::Broken(error.to_string())));
        outcome.map(answer)
    }

    fn call_error(&self, error: upstream::CallError) -> CallError {
        use upstream::CallError as E;
        let timeout = |after: Duration| CallError::Timeout {
            milliseconds: after.as_millis() as u64,
        };
        match error {
            E::Timeout(after) => timeout(after),
            E::Deadline => {
                self.late.store(true, Ordering::Relaxed);
                timeout(self.snapshot.timeout)
            }
            E::Connect(cause) => CallError::Connect(cause),
            E::Unavailable(reason) => CallError::Unavailable(reason.to_string()),
            E::Broken(cause) => CallError::Broken(cause),
            E::TooLarge { limit } => CallError::TooLarge { limit },
            E::Coding(cause) => CallError::Coding(cause),
        }
    }
}

fn call(headers: HeaderMap, body: Bytes, deadline: Option<Instant>) -> upstream::Call {
    upstream::Call {
        method: Method::POST,
        headers,
        body,
        deadline,
        hash: None,
    }
}

async fn query(upstream: &Upstream, connections: &Connections, call: upstream::Call) -> Outcome {
    let response = upstream.call_idempotent(connections, call).await;
    response.map(answer)
}

fn answer(response: upstream::Response) -> Answer {
    let upstream::Response {
        status,
        headers,
        body,
    } = response;
    Answer {
        status,
        headers,
        body,
        shared: None,
    }
}

/// The status of an answer, or the kind of reason why there is none.
fn seen(outcome: &Outcome) -> Result<u16, &'static str> {
    match outcome {
        Ok(answer) => Ok(answer.status.as_u16()),
        Err(error) => Err(error.kind()),
    }
}

fn count(metrics: &SubgraphMetrics, outcome: &Outcome, began: Instant) {
    metrics.request(seen(outcome), began.elapsed());
}

impl Subgraphs for Outgoing<'_> {
    fn call<'a>(
        &'a self,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + 'a>> {
        Box::pin(self.send(call))
    }

    fn weights(&self) -> Option<Arc<[Weight]>> {
        self.client.weighed.map(|weighed| weighed.weights())
    }

    fn offload(&self, job: Box<dyn FnOnce() + Send>) {
        self.local.bulk.run(job);
    }
}

/// What comes of it, if that comes before the deadline.
pub(super) async fn until<T>(
    deadline: Option<Instant>,
    work: impl Future<Output = T>,
) -> Option<T> {
    match deadline {
        Some(deadline) => timeout_at(deadline, work).await.ok(),
        None => Some(work.await),
    }
}
