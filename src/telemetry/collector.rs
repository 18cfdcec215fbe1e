//! Where an OTLP collector is, and how it is spoken to.

use http::{Uri, uri::Scheme};
use serde::Deserialize;

/// How it is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// gRPC, usually at port 4317.
    #[default]
    Grpc,
    /// HTTP with Protobuf, usually at port 4318.
    Http,
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Traces,
    Metrics,
}

/// An `http` or `https` URL.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Collector(Uri);

impl TryFrom<String> for Collector {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|_| format!("`{text}` is not a URL"))?;
        let known = uri
            .scheme()
            .is_some_and(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS);
        if known && uri.authority().is_some() {
            Ok(Self(uri))
        } else {
            Err(format!("`{text}` must begin with http:// or https://"))
        }
    }
}

impl Collector {
    /// What these are posted to.
    pub(super) fn target(collector: Option<&Self>, protocol: Protocol, signal: Signal) -> Uri {
        let (service, usual) = match signal {
            Signal::Traces => (
                "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                "/v1/traces",
            ),
            Signal::Metrics => (
                "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
                "/v1/metrics",
            ),
        };
        let given = collector.map(|Self(uri)| uri.clone());
        let uri = given.unwrap_or_else(|| match protocol {
            Protocol::Grpc => Uri::from_static("http://127.0.0.1:4317"),
            Protocol::Http => Uri::from_static("http://127.0.0.1:4318"),
        });
        let path = match (protocol, uri.path()) {
            (Protocol::Grpc, _) => service,
            (Protocol::Http, "" | "/") => usual,
            (Protocol::Http, _) => return uri,
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(http::uri::PathAndQuery::from_static(path));
        Uri::from_parts(parts).unwrap_or(uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str, protocol: Protocol) -> String {
        let collector = Collector::try_from(url.to_owned()).unwrap();
        Collector::target(Some(&collector), protocol, Signal::Traces).to_string()
    }

    #[test]
    fn paths_are_those_of_the_protocol() {
        let grpc = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
        for url in ["http://otel-collector:4317", "http://otel-collector:4317/"] {
            assert_eq!(
                target(url, Protocol::Grpc),
                format!("http://otel-collector:4317{grpc}")
            );
        }
        assert_eq!(
            target("https://a:4318", Protocol::Http),
            "https://a:4318/v1/traces"
        );
        assert_eq!(
            target("https://a/otel/v1/traces", Protocol::Http),
            "https://a/otel/v1/traces"
        );
        assert_eq!(
            Collector::target(None, Protocol::Http, Signal::Metrics),
            "http://127.0.0.1:4318/v1/metrics"
        );
        assert_eq!(
            Collector::target(None, Protocol::Grpc, Signal::Metrics),
            "http://127.0.0.1:4317/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
        );
    }

    #[test]
    fn other_schemes_are_refused() {
        for bad in ["otel-collector:4317", "grpc://a:1", "http://", ""] {
            assert!(Collector::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
