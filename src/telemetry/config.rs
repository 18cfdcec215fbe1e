//! The `telemetry` section.

use super::{Collector, Protocol};
use http::HeaderName;
use serde::{Deserialize, Deserializer, de};
use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    time::Duration,
};

/// What is exported, and where to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub exporters: Exporters,
    pub apollo: Clients,
}

/// `telemetry.apollo`, as far as it is about what clients say of themselves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Clients {
    pub client_name_header: HeaderNamed,
    pub client_version_header: HeaderNamed,
}

impl Default for Clients {
    fn default() -> Self {
        let named = |name| HeaderNamed(HeaderName::from_static(name));
        Self {
            client_name_header: named("apollographql-client-name"),
            client_version_header: named("apollographql-client-version"),
        }
    }
}

/// The name of a header.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HeaderNamed(pub HeaderName);

impl TryFrom<String> for HeaderNamed {
    type Error = String;

    fn try_from(written: String) -> Result<Self, Self::Error> {
        let name = HeaderName::from_bytes(written.as_bytes());
        name.map(Self)
            .map_err(|_| format!("`{written}` cannot be the name of a header"))
    }
}

/// `telemetry.exporters`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Exporters {
    pub logging: Logging,
    pub metrics: Metrics,
    pub tracing: Tracing,
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
    pub prometheus: Prometheus,
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
    pub service_name: String,
    pub service_version: String,
    pub sampler: Sampler,
    /// Whether a client that says if it is sampled decides for its requests.
    pub parent_based_sampler: bool,
}

impl Default for TraceSettings {
    fn default() -> Self {
        Self {
            service_name: "graphway".to_owned(),
            service_version: env!("CARGO_PKG_VERSION").to_owned(),
            sampler: Sampler(1.0),
            parent_based_sampler: true,
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
