//! What is known of an upstream at a moment, for those who watch.

use super::{Upstream, breaker::Standing, member::Member};
use serde::Serialize;
use std::sync::Arc;
use tokio::time::Instant;

/// An upstream at a moment, as JSON.
#[derive(Debug, Serialize)]
pub struct Status {
    name: String,
    /// Requests whose answer has not ended.
    in_flight: u32,
    /// Requests that wait for a connection.
    pending: usize,
    /// Left out if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    circuit_breaker: Option<&'static str>,
    endpoints: Vec<EndpointStatus>,
}

#[derive(Debug, Serialize)]
struct EndpointStatus {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    weight: u32,
    /// `healthy`, `unhealthy` by active checks, or `ejected` for its failures.
    health: &'static str,
    /// For how much longer, if it is ejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    ejected_for_seconds: Option<f64>,
    in_flight: u32,
    /// The moving average of its times, where there are several to compare.
    #[serde(skip_serializing_if = "Option::is_none")]
    ewma_seconds: Option<f64>,
}

impl Upstream {
    /// What is known of it now.
    pub fn status(&self) -> Status {
        let now = Instant::now();
        Status {
            name: self.name().to_owned(),
            in_flight: self.in_flight(),
            pending: self.pools.pending(),
            circuit_breaker: self.standing().map(|standing| match standing {
                Standing::Closed => "closed",
                Standing::Open => "open",
                Standing::HalfOpen => "half_open",
            }),
            endpoints: self
                .members()
                .iter()
                .map(|member| endpoint(member, now))
                .collect(),
        }
    }
}

fn endpoint(member: &Arc<Member>, now: Instant) -> EndpointStatus {
    let ejected_for = member.ejection_left(now);
    EndpointStatus {
        url: member.place.endpoint.to_string(),
        address: member.place.address.map(|address| address.to_string()),
        weight: member.weight,
        health: match ejected_for {
            _ if member.is_unhealthy() => "unhealthy",
            Some(_) => "ejected",
            None => "healthy",
        },
        ejected_for_seconds: ejected_for.map(|left| left.as_secs_f64()),
        in_flight: member.in_flight(),
        ewma_seconds: member.ewma(now).map(|ewma| ewma.as_secs_f64()),
    }
}
