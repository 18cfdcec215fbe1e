//! The `telemetry.exporters` section.

use super::{Collector, Protocol};
use serde::{Deserialize, Deserializer, de};
use std::{
    collections::BTreeMap,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    time::Duration,
};

/// What is exported, and where to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub logging: Logging,
    pub metrics: Metrics,
    pub tracing: Tracing,
}

impl Config {
    /// Whether a router that was started with the other settings has to be started anew for these to have effect.
    pub fn takes_restart(&self, started: &Self) -> bool {
        let begins_to_measure = self.metrics.are_recorded() && !started.metrics.are_recorded();
        begins_to_measure
            || self.logging.stdout != started.logging.stdout
            || self.metrics.prometheus != started.metrics.prometheus
            || self.tracing.otlp != started.tracing.otlp
            || self.tracing.common.service() != started.tracing.common.service()
    }
}

/// `telemetry.exporters.logging`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Logging {
    pub stdout: Stdout,
    /// Whether each request is a line.
    pub access: bool,
    /// Requests that take longer are a line, with what each stage took.
    pub slow_threshold: Option<Duration>,
}

/// `telemetry.exporters.logging.stdout`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stdout {
    pub enabled: bool,
    pub format: Format,
}

/// What a line of the log looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people; coloured on a terminal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Stdout {
    fn default() -> Self {
        Self {
            enabled: true,
            format: Format::Text,
        }
    }
}

/// `telemetry.exporters.metrics`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    pub common: Service,
    pub otlp: MetricsOtlp,
    pub prometheus: Prometheus,
}

impl Metrics {
    /// Whether anybody looks at them.
    pub fn are_recorded(&self) -> bool {
        self.prometheus.enabled || self.otlp.enabled
    }
}

/// `telemetry.exporters.metrics.common`: what collectors are told of whose metrics they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// Unset: `service.name` of the `resource`, or `graphway`.
    pub service_name: Option<String>,
    /// Unset: `service.version` of the `resource`, or that of Graphway.
    pub service_version: Option<String>,
    /// Attributes.
    pub resource: BTreeMap<String, String>,
}

/// `telemetry.exporters.metrics.otlp`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsOtlp {
    pub enabled: bool,
    /// Unset: the collector's usual port on this host.
    pub endpoint: Option<Collector>,
    pub protocol: Protocol,
    pub temporality: Temporality,
    pub batch_processor: Schedule,
}

/// What a number that grows is told since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Temporality {
    /// The start of the router.
    #[default]
    Cumulative,
    /// The last time.
    Delta,
}

/// `telemetry.exporters.metrics.otlp.batch_processor`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// From one export to the next.
    pub scheduled_delay: Duration,
    /// How long the collector may take to answer.
    pub max_export_timeout: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            scheduled_delay: Duration::from_secs(10),
            max_export_timeout: Duration::from_secs(30),
        }
    }
}

/// `telemetry.exporters.metrics.prometheus`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prometheus {
    pub enabled: bool,
    /// A listener of its own, so that metrics are not shown to clients by mistake.
    pub listen: SocketAddr,
    pub path: String,
}

impl Default for Prometheus {
    fn default() -> Self {
        Self {
            enabled: false,
            listen: (Ipv4Addr::LOCALHOST, 9090).into(),
            path: "/metrics".to_owned(),
        }
    }
}

/// `telemetry.exporters.tracing`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tracing {
    pub common: TraceSettings,
    pub propagation: Propagation,
    pub otlp: Otlp,
}

impl Tracing {
    /// The part of all requests that is traced. None: nothing is exported.
    pub fn ratio(&self) -> Option<f64> {
        self.otlp.enabled.then_some(self.common.sampler.0)
    }

    /// How many others are traced in a second because they fail.
    pub fn errors_per_second(&self) -> Option<NonZero<u32>> {
        NonZero::new(self.common.errors_per_second).filter(|_| self.otlp.enabled)
    }
}

/// `telemetry.exporters.tracing.propagation`: how clients say which trace a request belongs to, the first that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Propagation {
    /// W3C Trace Context.
    pub trace_context: bool,
    /// B3, in one header or in several.
    pub zipkin: bool,
}

impl Default for Propagation {
    fn default() -> Self {
        Self {
            trace_context: true,
            zipkin: false,
        }
    }
}

/// `telemetry.exporters.tracing.common`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TraceSettings {
    /// As in [`Service`].
    pub service_name: Option<String>,
    pub service_version: Option<String>,
    pub resource: BTreeMap<String, String>,
    pub sampler: Sampler,
    /// Requests that fail are traced even if they are not sampled, so many in a second.
    pub errors_per_second: u32,
    /// Whether a client that says if it is sampled decides for its requests.
    pub parent_based_sampler: bool,
}

impl Default for TraceSettings {
    fn default() -> Self {
        Self {
            service_name: None,
            service_version: None,
            resource: BTreeMap::new(),
            sampler: Sampler(1.0),
            errors_per_second: 10,
            parent_based_sampler: true,
        }
    }
}

impl TraceSettings {
    /// Whose traces they are.
    pub fn service(&self) -> Service {
        Service {
            service_name: self.service_name.clone(),
            service_version: self.service_version.clone(),
            resource: self.resource.clone(),
        }
    }
}

/// The part of all requests that is traced: `always_on`, `always_off`, or a number from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler(f64);

impl<'de> Deserialize<'de> for Sampler {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SamplerVisitor)
    }
}

struct SamplerVisitor;

impl de::Visitor<'_> for SamplerVisitor {
    type Value = Sampler;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("always_on, always_off or a number from 0 to 1")
    }

    fn visit_f64<E: de::Error>(self, ratio: f64) -> Result<Sampler, E> {
        if (0.0..=1.0).contains(&ratio) {
            Ok(Sampler(ratio))
        } else {
            Err(E::invalid_value(de::Unexpected::Float(ratio), &self))
        }
    }

    fn visit_i64<E: de::Error>(self, ratio: i64) -> Result<Sampler, E> {
        self.visit_f64(ratio as f64)
    }

    fn visit_u64<E: de::Error>(self, ratio: u64) -> Result<Sampler, E> {
        self.visit_f64(ratio as f64)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Sampler, E> {
        match text {
            "always_on" => Ok(Sampler(1.0)),
            "always_off" => Ok(Sampler(0.0)),
            _ => match text.parse() {
                Ok(ratio) => self.visit_f64(ratio),
                Err(_) => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
            },
        }
    }
}

/// `telemetry.exporters.tracing.otlp`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Otlp {
    pub enabled: bool,
    /// Unset: the collector's usual port on this host.
    pub endpoint: Option<Collector>,
    pub protocol: Protocol,
    pub batch_processor: BatchProcessor,
}

/// `telemetry.exporters.tracing.otlp.batch_processor`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchProcessor {
    /// How long a span may wait for others to be sent with.
    pub scheduled_delay: Duration,
    /// Spans that may wait; more are dropped.
    pub max_queue_size: NonZero<usize>,
    /// Spans sent at once.
    pub max_export_batch_size: NonZero<usize>,
    /// How long the collector may take to answer.
    pub max_export_timeout: Duration,
}

impl Default for BatchProcessor {
    fn default() -> Self {
        const QUEUE: NonZero<usize> = NonZero::new(2048).unwrap();
        const BATCH: NonZero<usize> = NonZero::new(512).unwrap();
        Self {
            scheduled_delay: Duration::from_secs(5),
            max_queue_size: QUEUE,
            max_export_batch_size: BATCH,
            max_export_timeout: Duration::from_secs(30),
        }
    }
}
