//! Metrics as a collector gets them.

use super::{
    FEDERATED, broken,
    collector::{Collector, Saying},
    expect_federated,
    exports::{Export, Value},
    metrics::scraped,
    shop,
};
use crate::kit::{Client, Fake, Process};
use std::{net::TcpListener, time::SystemTime};

const OK: &str = "{consumer=\"none\",method=\"POST\",route=\"/graphql\",status_code=\"200\"}";
const NOWHERE: &str =
    "api_requests_total{consumer=\"none\",method=\"GET\",route=\"none\",status_code=\"404\"}";

fn config(collector: &Collector, protocol: &str, more: &str) -> String {
    format!(
        "telemetry: {{ exporters: {{ metrics: {{ otlp: {{ enabled: true, endpoint: 'http://{}', protocol: {protocol}, \
         batch_processor: {{ scheduled_delay: 1ms }} }}, {more} }} }} }}\n",
        collector.address
    )
}

const SCRAPED: &str = "prometheus: { enabled: true, listen: '127.0.0.1:0' }";

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_nanos() as u64
}

/// The sum of what all exports tell of a series.
fn total(exports: &[Export], series: &str) -> u64 {
    exports.iter().map(|export| export.count(series)).sum()
}

#[test]
fn collectors_get_what_prometheus_is_shown() {
    for protocol in ["grpc", "http"] {
        let (users, products, collector) = (Fake::start(), Fake::start(), Collector::start());
        let common = "common: { service_name: shop, resource: { deployment.environment.name: test, service.name: other } }";
        let config = config(&collector, protocol, &format!("{SCRAPED}, {common}"))
            + "demand_control: { enabled: true, mode: measure, strategy: { static_estimated: { list_size: 1, max: 1000 } } }\n\
               ratelimit: { global: { capacity: 10, interval: 10h } }\n";
        let before = now();
        let process = Process::start(
            &config,
            &shop(&[("users", &users), ("products", &products)]),
        );
        expect_federated(&users, &products);
        let mut client = Client::connect(process.address);
        assert_eq!(client.request(FEDERATED).start, "HTTP/1.1 200 OK");
        users.expect(vec![broken()]);
        client.request(
            "POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{ me { id } }\"}",
        );
        client.request("GET /nowhere");

        let scrape = scraped(&process);
        let after = now();
        let exports = collector.wait_for_metrics(|exports| {
            let last = exports.last().and_then(|export| export.points.first());
            last.is_some_and(|point| point.at > after)
        });
        let export = exports.last().unwrap();
        assert_eq!(export.samples(), scrape.samples, "{protocol}");
        assert_eq!(export.resource["service.name"], "shop");
        assert_eq!(export.resource["deployment.environment.name"], "test");
        assert!(export.resource.contains_key("service.version"));
        for point in &export.points {
            let kind = match point.value {
                Value::Sum(2, _) => "counter",
                Value::Gauge(_) => "gauge",
                Value::Histogram { since: 2, .. } => "histogram",
                _ => panic!("{point:?}"),
            };
            assert_eq!(scrape.kinds[&point.metric], kind);
            assert!(!point.words.is_empty(), "{point:?}");
            let is_time = point.metric.ends_with("_duration_seconds");
            assert_eq!(point.unit == "s", is_time, "{point:?}");
            let began = if kind == "gauge" {
                0..=0
            } else {
                before..=after
            };
            assert!(began.contains(&point.began), "{point:?}");
        }
        assert!(
            export
                .points
                .iter()
                .any(|point| point.metric == "api_operation_cost_actual")
        );
    }
}

/// Also what a collector did not take at first, and what is left when the router stops.
#[test]
fn differences_add_up() {
    for protocol in ["grpc", "http"] {
        let (users, products, collector) = (Fake::start(), Fake::start(), Collector::start());
        let config = config(&collector, protocol, "")
            .replace("enabled: true", "enabled: true, temporality: delta");
        let mut process = Process::start(
            &config,
            &shop(&[("users", &users), ("products", &products)]),
        );
        let mut client = Client::connect(process.address);
        let mut ask = || {
            expect_federated(&users, &products);
            assert_eq!(client.request(FEDERATED).start, "HTTP/1.1 200 OK");
        };
        let requests = format!("api_requests_total{OK}");
        ask();
        collector.wait_for_metrics(|exports| total(exports, &requests) == 1);
        ask();
        collector.wait_for_metrics(|exports| total(exports, &requests) == 2);
        collector.say(Saying::Refused);
        ask();
        collector.wait_for_refusal();
        collector.say(Saying::Taken);
        collector.wait_for_metrics(|exports| total(exports, &requests) == 3);
        ask();
        process.stop();
        let exports = collector.wait_for_metrics(|_| true);
        assert_eq!(total(&exports, &requests), 4, "{protocol}");
        let timed = format!("api_request_duration_seconds{OK}");
        assert_eq!(total(&exports, &timed), 4, "{protocol}");

        // One follows the other.
        let mut until = 0;
        let of_requests = exports.iter().flat_map(|export| &export.points);
        for point in of_requests.filter(|point| point.series(&[]) == requests) {
            assert!(matches!(point.value, Value::Sum(1, count) if count > 0));
            assert!(until <= point.began && point.began < point.at);
            until = point.at;
        }
    }
}

#[test]
fn the_last_values_are_sent_when_the_router_stops() {
    let collector = Collector::start();
    let config = config(&collector, "grpc", "").replace("1ms", "1h");
    let mut process = Process::start(&config, &shop(&[]));
    Client::connect(process.address).request("GET /nowhere");
    process.stop();
    let exports = collector.wait_for_metrics(|_| true);
    assert_eq!(exports.len(), 1);
    assert_eq!(exports[0].count(NOWHERE), 1);
}

/// What was counted stays, whoever is told.
#[test]
fn a_reload_changes_where_they_are_sent() {
    let (first, second) = (Collector::start(), Collector::start());
    let to_first = config(&first, "grpc", SCRAPED);
    let off = to_first.replacen("enabled: true", "enabled: false", 1);
    let process = Process::start(&off, &shop(&[]));
    let mut client = Client::connect(process.address);
    client.request("GET /nowhere");
    let counts = |count: u64| {
        move |exports: &[Export]| {
            exports
                .last()
                .is_some_and(|last| last.count(NOWHERE) == count)
        }
    };

    process.write("router.yaml", &to_first);
    first.wait_for_metrics(counts(1));
    client.request("GET /nowhere");
    first.wait_for_metrics(counts(2));

    process.write("router.yaml", &config(&second, "http", SCRAPED));
    second.wait_for_metrics(counts(2));
    let told = first.wait_for_metrics(|_| true).len();
    client.request("GET /nowhere");
    second.wait_for_metrics(counts(3));
    assert_eq!(first.wait_for_metrics(|_| true).len(), told);
    assert_eq!(scraped(&process).value(NOWHERE), 3.0);

    process.write("router.yaml", &off);
    // Off is when one more counts, and nobody is told of it.
    process.wait_for_lines(3, |line| line.contains("reloaded"));
    let told = second.wait_for_metrics(|_| true).len();
    client.request("GET /nowhere");
    assert_eq!(scraped(&process).value(NOWHERE), 4.0);
    let now = second.wait_for_metrics(|_| true);
    // One may have been on its way.
    assert!(now.len() <= told + 1 && now.last().unwrap().count(NOWHERE) < 4);
}

#[test]
fn who_began_without_metrics_is_told_to_start_anew() {
    let collector = Collector::start();
    let process = Process::start("", &shop(&[]));
    process.write("router.yaml", &config(&collector, "grpc", ""));
    process.wait_for_line(|line| line.contains("take effect after a restart"));
}

#[test]
fn a_collector_that_never_answers_stops_nothing() {
    for protocol in ["grpc", "http"] {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let silent = Collector::at(silent.local_addr().unwrap());
        let config = config(&silent, protocol, "").replace(
            "scheduled_delay: 1ms",
            "scheduled_delay: 1ms, max_export_timeout: 1ms",
        );
        let mut process = Process::start(&config, &shop(&[]));
        let mut client = Client::connect(process.address);
        for _ in 0..50 {
            client.request("GET /nowhere");
        }
        let line = process.wait_for_line(|line| line.contains("metrics were not taken"));
        assert!(line.contains("requests are not affected"), "{line}");
        let lines = process.stop();
        let warnings = lines.iter().filter(|line| line.contains("WARN"));
        assert_eq!(warnings.count(), 1);
    }
}

#[test]
fn a_collector_that_says_too_much_is_not_listened_to() {
    for protocol in ["grpc", "http"] {
        let collector = Collector::start();
        collector.say(Saying::Endless);
        let process = Process::start(&config(&collector, protocol, ""), &shop(&[]));
        let mut client = Client::connect(process.address);
        client.request("GET /nowhere");
        let exports = collector.wait_for_metrics(|exports| {
            exports.len() > 50 && exports.last().is_some_and(|last| last.count(NOWHERE) == 1)
        });
        assert!(exports.len() > 50);
        assert!(
            process.peak_kib() < 200 * 1024,
            "{} KiB",
            process.peak_kib()
        );
    }
}

#[test]
fn what_a_collector_rejects_is_told_once() {
    for protocol in ["grpc", "http"] {
        let collector = Collector::start();
        collector.say(Saying::Rejected);
        let mut process = Process::start(&config(&collector, protocol, ""), &shop(&[]));
        let line = process.wait_for_line(|line| line.contains("metrics were not taken"));
        assert!(line.contains("count=3"), "{line}");
        assert!(line.contains("rejected by the collector: too"), "{line}");
        collector.wait_for_metrics(|exports| exports.len() > 5);
        let lines = process.stop();
        let warnings = lines.iter().filter(|line| line.contains("WARN"));
        assert_eq!(warnings.count(), 1);
        assert!(
            !lines.iter().any(|line| line.starts_with("old")),
            "{lines:?}"
        );
    }
}
