//! What one worker has to itself.

use super::{
    bulk::Bulk,
    call_key::{CallKey, Outcome},
    dedupe::RequestKey,
    in_flight::InFlight,
};
use crate::upstream::Connections;
use bytes::Bytes;
use http::Response;
use std::sync::Arc;

/// The connections of a worker, and what is under way on it. A request stays on one worker, so nothing here is shared by
/// threads. Use it on the runtime it is made on.
#[derive(Default)]
pub struct Local {
    pub(super) connections: Arc<Connections>,
    /// For large answers and responses.
    pub(super) bulk: Bulk,
    /// Queries to subgraphs.
    pub(super) calls: InFlight<CallKey, Outcome>,
    /// Queries of clients.
    pub(super) requests: InFlight<RequestKey, Response<Bytes>>,
}

impl Local {
    /// Resolves when nothing goes on here that nobody may wait for.
    pub async fn released(&self) {
        self.connections.released().await;
    }
}
