//! Sends spans and metrics to OTLP collectors, over gRPC or HTTP.
//!
//! The protocol is written by hand on the HTTP client that is here anyway: it is a message and a call for either. What a
//! collector does not take is told now and then, and never held against requests.

mod complaints;
mod messages;
mod metrics;
mod points;
mod send;
mod traces;

pub(super) use messages::{KeyValue, Span, SpanKind, Status, StatusCode, Value};
pub(super) use metrics::{MetricExporter, Push};
pub use send::ClientError;
pub(super) use send::Sender;
pub(super) use traces::TraceExporter;

use super::Service;
use messages::{InstrumentationScope, Resource};
use std::{collections::BTreeMap, time::Duration};

/// How long the last messages may take when the process ends.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(2);

/// What everything that is sent is about: this router.
fn resource(service: &Service) -> Resource {
    let mut attributes: BTreeMap<&str, &str> = BTreeMap::from([
        ("service.name", "graphway"),
        ("service.version", env!("CARGO_PKG_VERSION")),
    ]);
    let more = service.resource.iter();
    attributes.extend(more.map(|(name, value)| (&**name, &**value)));
    let named = [
        ("service.name", &service.service_name),
        ("service.version", &service.service_version),
    ];
    let named = named.into_iter();
    attributes.extend(named.filter_map(|(name, value)| Some((name, value.as_deref()?))));
    let attributes = attributes.into_iter();
    Resource {
        attributes: attributes.map(|(name, value)| text(name, value)).collect(),
    }
}

/// Who has made it.
fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "graphway".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn text(name: &str, value: &str) -> KeyValue {
    KeyValue::new(name, Value::Text(value.to_owned()))
}
