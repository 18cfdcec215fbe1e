//! The task that checks the endpoints of an upstream.

use super::{
    Body, Connections, HealthCheck, Upstream, collect,
    connections::{Answered, Over, SendError},
    health::Record,
    member::Member,
    pool::{Ceilings, Pools},
};
use futures_util::future::join_all;
use http::{HeaderValue, Request, Uri, header};
use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
};
use tokio::time::{sleep, timeout};

/// How much of a check's answer is read, so that its connection can be kept.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Checks the endpoints until nobody uses the upstream.
pub(super) async fn keep(upstream: Weak<Upstream>) {
    let connections = Connections::new();
    let mut records: BTreeMap<u64, Record> = BTreeMap::new();
    let mut pools = None;
    while let Some(upstream) = upstream.upgrade() {
        let Some(check) = upstream.config.health_check.clone() else {
            return;
        };
        let pools = pools.get_or_insert_with(|| {
            // Its own: checks must get through when no more connections may be opened.
            let ceilings = Ceilings {
                idle_timeout: upstream.config.idle_timeout,
                ..Ceilings::default()
            };
            Arc::new(Pools::new(Arc::clone(&upstream.pools.dialer), ceilings))
        });
        let members = upstream.members();
        records.retain(|id, _| members.iter().any(|member| member.place.id == *id));
        let checks = members
            .iter()
            .map(|member| passes(&connections, pools, member, &check));
        let outcomes = join_all(checks).await;
        for (member, passed) in members.iter().zip(outcomes) {
            let record = records.entry(member.place.id).or_default();
            if let Some(is_healthy) = record.note(&check, passed) {
                upstream.note_health(member, is_healthy);
            }
            if passed {
                upstream.readmit(member);
            }
        }
        drop((members, upstream));
        sleep(check.pause()).await;
    }
}

async fn passes(
    connections: &Connections,
    pools: &Arc<Pools>,
    member: &Arc<Member>,
    check: &HealthCheck,
) -> bool {
    let asking = async {
        let mut answered = ask(connections, pools, member, (check, Over::Any)).await;
        if answered.as_ref().is_err_and(SendError::is_stale) {
            answered = ask(connections, pools, member, (check, Over::New)).await;
        }
        let Answered {
            response,
            mut lease,
        } = answered.ok()?;
        let status = response.status();
        if collect(response.into_body(), ANSWER_BYTES_MAX)
            .await
            .is_ok()
        {
            lease.end();
        }
        Some(status)
    };
    let status = timeout(check.timeout, asking).await.ok().flatten();
    status.is_some_and(|status| check.is_expected(status))
}

async fn ask(
    connections: &Connections,
    pools: &Arc<Pools>,
    member: &Arc<Member>,
    (check, over): (&HealthCheck, Over),
) -> Result<Answered, SendError> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::from(check.path.0.clone());
    let host = check.host.as_ref().map(|host| &host.0);
    let host = host.unwrap_or(member.place.endpoint.host()).clone();
    request.headers_mut().insert(header::HOST, host);
    let agent = HeaderValue::from_static("graphway-health-check");
    request.headers_mut().insert(header::USER_AGENT, agent);
    connections.send(pools, member, request, over).await
}
