//! What a run is given and what it gives back.

use super::{Error, ErrorCode};
use crate::operation::OperationKind;
use crate::planner::Weight;
use crate::schema::SubgraphId;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};
use std::{
    any::Any,
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
};

/// One execution of a [`super::Program`].
pub struct Request<'a> {
    /// Coerced variables (GraphQL spec section 6.1.2).
    pub variables: &'a Map<String, Value>,
    /// The answers to `__schema` and `__type` fields by response key, when the operation has any.
    pub introspection: Option<&'a Arc<Map<String, Value>>>,
    /// How to reach the subgraphs, with this request's headers, deadline and trace.
    pub subgraphs: &'a dyn Subgraphs,
}

/// The subgraphs as one request sees them. Implemented by the gateway over upstreams, and by fakes in tests.
pub trait Subgraphs: Send + Sync {
    /// Sends one GraphQL request. Ends within the request's deadline.
    fn call<'a>(
        &'a self,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + 'a>>;

    /// What things at each position cost, where it is wanted what answers cost.
    fn weights(&self) -> Option<Arc<[Weight]>> {
        None
    }

    /// Runs a job that takes milliseconds where no other request waits for it. As it is, here and at once.
    fn offload(&self, job: Box<dyn FnOnce() + Send>) {
        job();
    }
}

/// A GraphQL request to a subgraph.
#[derive(Clone, Debug)]
pub struct Call {
    pub subgraph: SubgraphId,
    pub operation: OperationKind,
    /// The JSON body: `query`, and `variables` where there are any.
    pub body: Bytes,
}

/// A subgraph's HTTP answer, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// There if other requests get the same answer, and the same for all of them.
    pub shared: Option<Arc<Shared>>,
}

/// What those who share an answer make of it.
#[derive(Debug, Default)]
pub struct Shared {
    /// Left by whoever reads the answer first; whoever reads it otherwise has no use for it.
    pub(super) left: OnceLock<Box<dyn Any + Send + Sync>>,
}

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    #[error("no answer within {milliseconds} ms")]
    Timeout { milliseconds: u64 },
    #[error("cannot connect: {0}")]
    Connect(String),
    /// It would cost more than this subgraph may be asked for.
    #[error("it is not asked: that would cost {cost}, and {max} is the most")]
    TooExpensive { cost: f64, max: f64 },
    /// The upstream is out of service, or has too much to do.
    #[error("it is not asked at present: {0}")]
    Unavailable(String),
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the answer cannot be decompressed: {0}")]
    Coding(String),
}

/// The outcome of a run.
pub enum Reply {
    One(Response),
}

impl Reply {
    /// Takes out errors of a code.
    pub fn forget(&mut self, code: ErrorCode) {
        let Self::One(response) = self;
        response.errors.retain(|error| error.code != code);
    }

    /// What it cost, put in other terms.
    pub fn settle(&mut self, cost: impl FnOnce(f64) -> f64) {
        let Self::One(response) = self;
        response.cost = cost(response.cost);
    }
}

/// A complete response.
pub struct Response {
    /// The JSON text of the response up to and with its data: `{"data":…`. Errors and an end are still to be added.
    pub text: Vec<u8>,
    pub errors: Vec<Error>,
    /// Each subgraph's response headers in the order of the plan's fetches, for header propagation.
    pub headers: Vec<(SubgraphId, HeaderMap)>,
    /// What the subgraphs' answers cost; 0 where that was not wanted.
    pub cost: f64,
}

impl Response {
    /// What [`Self::text`] begins with.
    pub(super) const HEAD: &[u8] = b"{\"data\":";

    /// The JSON text of `data`: an object, or `null`.
    pub fn data(&self) -> &[u8] {
        self.text.strip_prefix(Self::HEAD).unwrap_or_default()
    }
}
