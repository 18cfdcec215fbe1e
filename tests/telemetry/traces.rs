//! Traces as a collector sees them.

use super::{
    FEDERATED, broken,
    collector::{Collector, Span},
    expect_federated, shop,
};
use crate::kit::{Client, Fake, Process, Router, refusing_address};
use std::net::TcpListener;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";

pub fn config(collector: &Collector, protocol: &str, more: &str) -> String {
    format!(
        "telemetry: {{ exporters: {{ tracing: {{ otlp: {{ enabled: true, endpoint: 'http://{}', protocol: {protocol}, \
         batch_processor: {{ scheduled_delay: 1ms }} }}, {more} }} }} }}\n",
        collector.address
    )
}

/// The tree of a trace, one span a line, children by their beginning.
pub fn tree(spans: &[Span], parent: &[u8], indent: usize, text: &mut String) {
    let mut children: Vec<&Span> = spans.iter().filter(|span| span.parent == parent).collect();
    children.sort_by_key(|span| span.began);
    for span in children {
        assert!(span.began <= span.ended);
        let attributes: Vec<String> = span
            .attributes
            .iter()
            .filter(|(name, _)| *name != "request.id")
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let line = format!(
            "{:indent$}{} [{}] {}",
            "",
            span.name,
            span.kind,
            attributes.join(" ")
        );
        text.push_str(line.trim_end());
        text.push('\n');
        tree(spans, &span.span_id, indent + 2, text);
    }
}

/// The request, six stages, two calls.
const SPANS: usize = 9;

#[test]
fn the_spans_of_a_federated_request_are_a_tree() {
    for protocol in ["grpc", "http"] {
        let (users, products, collector) = (Fake::start(), Fake::start(), Collector::start());
        let config = config(&collector, protocol, "common: { service_name: shop }");
        let process = Process::start(
            &config,
            &shop(&[("users", &users), ("products", &products)]),
        );
        expect_federated(&users, &products);
        let response = Client::connect(process.address).request(FEDERATED);
        assert_eq!(response.start, "HTTP/1.1 200 OK");

        let spans = collector.wait_for_spans(SPANS);
        assert_eq!(spans.len(), SPANS);
        assert!(spans.iter().all(|span| span.trace_id == spans[0].trace_id));
        assert!(
            spans
                .iter()
                .all(|span| span.trace_id.len() == 16 && span.span_id.len() == 8)
        );
        assert!(spans.iter().all(|span| span.service == "shop"));
        let root = spans.iter().find(|span| span.parent.is_empty()).unwrap();
        let id = response.header("x-request-id");
        assert_eq!(root.attributes.get("request.id").map(String::as_str), id);
        let mut text = String::new();
        tree(&spans, &[], 0, &mut text);
        insta::allow_duplicates! {
            insta::assert_snapshot!(text, @r"
            POST /graphql [2] graphql.operation.name=Favourites graphql.operation.type=query http.request.method=POST http.response.status_code=200 http.route=/graphql url.path=/graphql
              admit [1]
              decode [1]
              prepare [1]
              plan [1]
              execute [1]
                fetch users [3] http.request.method=POST http.response.status_code=200 subgraph.name=users
                fetch products [3] http.request.method=POST http.response.status_code=200 subgraph.name=products
              encode [1]
            ");
        }

        // Each subgraph is told its own span.
        let trace: String = spans[0]
            .trace_id
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        for (name, fake) in [("users", &users), ("products", &products)] {
            let fetch = spans
                .iter()
                .find(|span| span.name == format!("fetch {name}"))
                .unwrap();
            let span: String = fetch
                .span_id
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let asked = fake.take_seen().concat();
            let expected = format!("traceparent: 00-{trace}-{span}-01\n");
            assert!(asked.contains(&expected), "{expected} in {asked}");
        }
    }
}

#[test]
fn a_trace_that_began_elsewhere_goes_on() {
    let (users, products, collector) = (Fake::start(), Fake::start(), Collector::start());
    let config = config(&collector, "grpc", "");
    let process = Process::start(
        &config,
        &shop(&[("users", &users), ("products", &products)]),
    );
    expect_federated(&users, &products);
    let headers = format!("/graphql\ntraceparent: {PARENT}\ntracestate: vendor=1");
    Client::connect(process.address).request(&FEDERATED.replacen("/graphql", &headers, 1));
    let spans = collector.wait_for_spans(SPANS);
    let root = spans.iter().find(|span| span.kind == 2).unwrap();
    assert_eq!(
        root.trace_id,
        0x0af7651916cd43dd8448eb211c80319c_u128.to_be_bytes()
    );
    assert_eq!(root.parent, 0x00f067aa0ba902b7_u64.to_be_bytes());
    assert_eq!(root.state, "vendor=1");
    let asked = users.take_seen().concat();
    assert!(
        asked.contains("traceparent: 00-0af7651916cd43dd8448eb211c80319c-"),
        "{asked}"
    );
    assert!(asked.contains("tracestate: vendor=1"), "{asked}");
}

#[test]
fn failures_are_marked() {
    let (users, collector) = (Fake::start(), Collector::start());
    let process = Process::start(&config(&collector, "grpc", ""), &shop(&[("users", &users)]));
    users.expect(vec![broken()]);
    let query = "POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{ me { id } }\"}";
    Client::connect(process.address).request(query);
    let spans = collector.wait_for_spans(SPANS - 1);
    let fetch = spans.iter().find(|span| span.kind == 3).unwrap();
    assert_eq!(
        (fetch.status, fetch.attributes["error.type"].as_str()),
        (2, "broken")
    );
    let root = spans.iter().find(|span| span.kind == 2).unwrap();
    assert_eq!(
        (root.status, root.attributes["error.type"].as_str()),
        (0, "SUBREQUEST_HTTP_ERROR")
    );
}

#[test]
fn who_is_not_sampled_is_not_traced_but_subgraphs_know_the_trace() {
    let (users, products, collector) = (Fake::start(), Fake::start(), Collector::start());
    let config = config(&collector, "grpc", "common: { sampler: always_off }");
    let mut process = Process::start(
        &config,
        &shop(&[("users", &users), ("products", &products)]),
    );
    expect_federated(&users, &products);
    Client::connect(process.address).request(FEDERATED);
    let asked = users.take_seen().concat();
    assert!(
        asked.contains("\ntraceparent: 00-") && asked.contains("-00\n"),
        "{asked}"
    );

    // A client that is sampled decides for its requests; the spans of this one are the only ones there are.
    expect_federated(&users, &products);
    let header = format!("/graphql\ntraceparent: {PARENT}");
    Client::connect(process.address).request(&FEDERATED.replacen("/graphql", &header, 1));
    collector.wait_for_spans(SPANS);
    process.stop();
    assert_eq!(collector.wait_for_spans(SPANS).len(), SPANS);
}

#[test]
fn without_tracing_the_context_passes_through_as_it_came() {
    let (users, products) = (Fake::start(), Fake::start());
    let router = Router::start("", &shop(&[("users", &users), ("products", &products)]));
    expect_federated(&users, &products);
    let headers = format!("/graphql\ntraceparent: {PARENT}\ntracestate: a=1");
    Client::connect(router.address).request(&FEDERATED.replacen("/graphql", &headers, 1));
    for fake in [&users, &products] {
        let asked = fake.take_seen().concat();
        assert!(
            asked.contains(&format!("traceparent: {PARENT}\ntracestate: a=1\n")),
            "{asked}"
        );
    }
    // What is malformed is not passed on, and nothing is made up.
    expect_federated(&users, &products);
    let headers = "/graphql\ntraceparent: nonsense\ntracestate: a=1";
    Client::connect(router.address).request(&FEDERATED.replacen("/graphql", headers, 1));
    assert!(!users.take_seen().concat().contains("trace"));
}

#[test]
fn spans_still_waiting_are_sent_when_the_router_stops() {
    let (users, products, collector) = (Fake::start(), Fake::start(), Collector::start());
    let config = config(&collector, "grpc", "").replace("1ms", "1h");
    let mut process = Process::start(
        &config,
        &shop(&[("users", &users), ("products", &products)]),
    );
    expect_federated(&users, &products);
    Client::connect(process.address).request(FEDERATED);
    process.stop();
    assert_eq!(collector.wait_for_spans(SPANS).len(), SPANS);
}

#[test]
fn a_collector_that_is_not_there_costs_one_warning() {
    let nobody = Collector::at(refusing_address());
    let (users, products) = (Fake::start(), Fake::start());
    let config = config(&nobody, "grpc", "").replace(
        "scheduled_delay: 1ms",
        "scheduled_delay: 1ms, max_queue_size: 16",
    );
    let mut process = Process::start(
        &config,
        &shop(&[("users", &users), ("products", &products)]),
    );
    let mut client = Client::connect(process.address);
    for _ in 0..50 {
        expect_federated(&users, &products);
        assert_eq!(client.request(FEDERATED).start, "HTTP/1.1 200 OK");
    }
    process.wait_for_line(|line| line.contains("spans were lost"));
    let warnings = process
        .stop()
        .into_iter()
        .filter(|line| line.contains("WARN"));
    assert_eq!(warnings.count(), 1);
}

#[test]
fn a_collector_that_never_answers_stops_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let (users, products) = (Fake::start(), Fake::start());
    let silent = Collector::at(silent.local_addr().unwrap());
    let mut process = Process::start(
        &config(&silent, "http", "").replace(
            "scheduled_delay: 1ms",
            "scheduled_delay: 1ms, max_queue_size: 1",
        ),
        &shop(&[("users", &users), ("products", &products)]),
    );
    let mut client = Client::connect(process.address);
    for _ in 0..50 {
        expect_federated(&users, &products);
        assert_eq!(client.request(FEDERATED).start, "HTTP/1.1 200 OK");
    }
    process.stop();
}

#[test]
fn services_behind_routes_are_part_of_the_trace() {
    let (service, collector) = (Fake::start(), Collector::start());
    service.expect(vec![super::json("{}")]);
    let config = config(&collector, "grpc", "")
        + &format!(
            "upstreams: {{ service: {{ endpoints: ['http://{}'] }} }}\nroutes: [{{ match: {{ path: /api/** }}, to: service }}]\n",
            service.address
        );
    let process = Process::start(&config, &shop(&[]));
    Client::connect(process.address).request(&format!("PUT /api/1\ntraceparent: {PARENT}"));
    let spans = collector.wait_for_spans(3);
    let mut text = String::new();
    tree(&spans, &0x00f067aa0ba902b7_u64.to_be_bytes(), 0, &mut text);
    insta::assert_snapshot!(text, @r"
    PUT /api/** [2] http.request.method=PUT http.response.status_code=200 http.route=/api/** url.path=/api/1
      forward [1]
        fetch service [3] http.request.method=PUT http.response.status_code=200 upstream.name=service
    ");
    let fetch = spans.iter().find(|span| span.kind == 3).unwrap();
    let span: String = fetch
        .span_id
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let asked = service.take_seen().concat();
    assert!(
        asked.contains(&format!("-{span}-01\n")) && !asked.contains(PARENT),
        "{asked}"
    );
}
