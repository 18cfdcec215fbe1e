//! The subgraphs as one request sees them: upstreams called with this request's headers and deadline.

use super::{
    Snapshot,
    authentication::Caller,
    observation::Observation,
    trace::{Callee, Stage},
};
use crate::{
    executor::{Answer, Call, CallError, Subgraphs},
    operation::OperationKind,
    upstream::{self, Connections},
};
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
use tokio::time::Instant;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const ACCEPT: HeaderValue =
    HeaderValue::from_static("application/json, application/graphql-response+json");

/// The client's request, as far as subgraphs learn of it.
#[derive(Clone, Copy)]
pub(super) struct Client<'a> {
    pub(super) observation: &'a Observation<'a>,
    /// What the calls are part of.
    pub(super) stage: &'a Stage,
    pub(super) caller: &'a Caller,
}

/// The subgraphs, for one request.
pub(super) struct Outgoing<'a> {
    snapshot: &'a Snapshot,
    connections: &'a Arc<Connections>,
    client: Client<'a>,
    deadline: Instant,
    /// Whether a call was cut off by the deadline of the whole request.
    late: AtomicBool,
}

impl<'a> Outgoing<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        connections: &'a Arc<Connections>,
        client: Client<'a>,
        deadline: Instant,
    ) -> Self {
        Self {
            snapshot,
            connections,
            client,
            deadline,
            late: AtomicBool::new(false),
        }
    }

    /// Whether the request as a whole took too long.
    pub(super) fn is_late(&self) -> bool {
        self.late.load(Ordering::Relaxed)
    }

    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let subgraph = self.snapshot.subgraphs.get(call.subgraph);
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(header::CONTENT_TYPE, JSON);
        headers.insert(header::ACCEPT, ACCEPT);
        let Client {
            observation,
            stage,
            caller,
        } = self.client;
        let sent = &observation.head().headers;
        subgraph.headers.apply(sent, caller, &mut headers);
        let fetch = observation.fetch(stage, Callee::Subgraph(&subgraph.name), &mut headers);
        let outgoing = upstream::Call {
            method: Method::POST,
            headers,
            body: call.body,
            deadline: self.deadline,
        };
        let began = Instant::now();
        let outcome = match call.operation {
            OperationKind::Mutation => {
                self.send_to_the_end(Arc::clone(&subgraph.upstream), outgoing)
                    .await
            }
            OperationKind::Query | OperationKind::Subscription => {
                let upstream = &subgraph.upstream;
                upstream.call_idempotent(self.connections, outgoing).await
            }
        };
        let seen = match &outcome {
            Ok(response) => Ok(response.status.as_u16()),
            Err(error) => Err(error.kind()),
        };
        subgraph.metrics.request(seen, began.elapsed());
        match seen {
            Ok(status) => fetch.answered(status),
            Err(reason) => fetch.failed(reason),
        }
        match outcome {
            Ok(upstream::Response {
                status,
                headers,
                body,
            }) => Ok(Answer {
                status,
                headers,
                body,
                shared: None,
            }),
            Err(error) => Err(self.call_error(error)),
        }
    }

    /// A call that goes on when the client leaves: a mutation that has begun is not broken off half-way.
    async fn send_to_the_end(
        &self,
        upstream: Arc<upstream::Upstream>,
        call: upstream::Call,
    ) -> Result<upstream::Response, upstream::CallError> {
        let connections = Arc::clone(self.connections);
        let held = connections.hold();
        let task = tokio::spawn(async move {
            let outcome = upstream.call(&connections, call).await;
            drop(held);
            outcome
        });
        task.await
            .unwrap_or_else(|error| Err(upstream::CallError::Broken(error.to_string())))
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
            E::NoEndpoint => CallError::Connect(error.to_string()),
            E::Broken(cause) => CallError::Broken(cause),
            E::TooLarge { limit } => CallError::TooLarge { limit },
            E::Coding(cause) => CallError::Coding(cause),
        }
    }
}

impl Subgraphs for Outgoing<'_> {
    fn call<'a>(
        &'a self,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + 'a>> {
        Box::pin(self.send(call))
    }
}
