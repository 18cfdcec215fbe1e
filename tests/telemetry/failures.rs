//! Requests that fail are traced, whether they are sampled or not.

use super::{
    FEDERATED, broken,
    collector::{Collector, Span},
    expect_federated, json, shop,
    traces::{config, tree},
};
use crate::kit::{Client, Fake, Process};
use serde_json::Value;
use std::time::Instant;

const NEVER: &str = "common: { sampler: always_off }";
const ME: &str =
    "POST /graphql\ncontent-type: application/json\n\n{\"query\":\"query Me { me { id } }\"}";
/// The request, six stages, the call that failed.
const SPANS: usize = 8;

fn text(spans: &[Span], parent: &[u8]) -> String {
    let mut text = String::new();
    tree(spans, parent, 0, &mut text);
    text
}

#[test]
fn a_request_that_fails_is_traced_and_a_good_one_is_not() {
    let (users, products, collector) = (Fake::start(), Fake::start(), Collector::start());
    let logging = "logging: { access: true, stdout: { format: json } }";
    let config = config(&collector, "grpc", NEVER);
    let config = config.replace("exporters: {", &format!("exporters: {{ {logging},"));
    let mut process = Process::start(
        &config,
        &shop(&[("users", &users), ("products", &products)]),
    );
    let mut client = Client::connect(process.address);
    expect_federated(&users, &products);
    client.request(FEDERATED);
    users.take_seen();
    // What a client does wrong is no failure.
    client.request("POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{\"}");
    client.request("GET /nowhere");
    // A connection that was kept may have broken before: that is tried again.
    users.expect(vec![broken(), broken()]);
    let response = client.request(ME);
    assert_eq!(response.start, "HTTP/1.1 200 OK");

    let spans = collector.wait_for_spans(SPANS);
    insta::assert_snapshot!(text(&spans, &[]), @r"
    POST /graphql [2] error.type=SUBREQUEST_HTTP_ERROR graphql.operation.name=Me graphql.operation.type=query http.request.method=POST http.response.status_code=200 http.route=/graphql sampled.by=error url.path=/graphql
      admit [1]
      decode [1]
      prepare [1]
      plan [1]
      execute [1]
        fetch users [3] error.type=broken http.request.method=POST subgraph.name=users
      encode [1]
    ");
    let root = spans.iter().find(|span| span.kind == 2).unwrap();
    let id = response.header("x-request-id");
    assert_eq!(root.attributes.get("request.id").map(String::as_str), id);
    for span in &spans {
        assert!(root.began <= span.began && span.began < span.ended && span.ended <= root.ended);
        assert_eq!(span.status == 2, span.kind == 3, "{span:?}");
    }
    // Stages follow each other.
    let mut stages: Vec<&Span> = spans.iter().filter(|span| span.kind == 1).collect();
    stages.sort_by_key(|span| span.began);
    assert!(stages.is_sorted_by(|one, next| one.ended == next.began));
    // Subgraphs were told the same trace, and that it was not sampled.
    let trace = root.trace_id.iter().map(|byte| format!("{byte:02x}"));
    let trace: String = trace.collect();
    let asked = users.take_seen().concat();
    assert!(asked.contains(&format!("traceparent: 00-{trace}-")) && asked.contains("-00\n"));

    let lines = process.stop();
    assert_eq!(collector.wait_for_spans(SPANS).len(), SPANS);
    // The log names the traces that there are.
    let lines = lines
        .iter()
        .filter(|line| line.contains("graphway::access"));
    let lines: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let ids: Vec<Option<&str>> = lines.iter().map(|line| line["trace_id"].as_str()).collect();
    assert_eq!(ids, [None, None, None, Some(trace.as_str())]);
}

/// Its client has decided for its requests, but did not know that this one would fail.
#[test]
fn the_trace_is_the_clients() {
    let (users, collector) = (Fake::start(), Collector::start());
    let process = Process::start(&config(&collector, "http", ""), &shop(&[("users", &users)]));
    users.expect(vec![json("{\"errors\":[{\"message\":\"no\"}]}")]);
    let parent = "/graphql\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-00\ntracestate: vendor=1";
    Client::connect(process.address).request(&ME.replacen("/graphql", parent, 1));
    // No call failed: the subgraph has answered.
    let spans = collector.wait_for_spans(SPANS - 1);
    let root = spans.iter().find(|span| span.kind == 2).unwrap();
    assert_eq!(
        root.trace_id,
        0x0af7651916cd43dd8448eb211c80319c_u128.to_be_bytes()
    );
    assert_eq!(root.parent, 0x00f067aa0ba902b7_u64.to_be_bytes());
    assert_eq!(root.state, "vendor=1");
    assert_eq!(root.attributes["sampled.by"], "error");
}

#[test]
fn routes_are_part_of_it() {
    let (service, collector) = (Fake::start(), Collector::start());
    let config = config(&collector, "grpc", NEVER)
        + &format!(
            "upstreams: {{ service: {{ endpoints: ['http://{}'] }} }}\nroutes: [{{ match: {{ path: /api/** }}, to: service }}]\n",
            service.address
        );
    let mut process = Process::start(&config, &shop(&[]));
    let mut client = Client::connect(process.address);
    service.expect(vec![json("{}"), broken()]);
    assert_eq!(client.request("POST /api/0").start, "HTTP/1.1 200 OK");
    assert_eq!(
        client.request("POST /api/1").start,
        "HTTP/1.1 502 Bad Gateway"
    );
    let spans = collector.wait_for_spans(3);
    insta::assert_snapshot!(text(&spans, &[]), @r"
    POST /api/** [2] error.type=UPSTREAM_BROKEN http.request.method=POST http.response.status_code=502 http.route=/api/** sampled.by=error url.path=/api/1
      forward [1]
        fetch service [3] error.type=UPSTREAM_BROKEN http.request.method=POST upstream.name=service
    ");
    process.stop();
    assert_eq!(collector.wait_for_spans(3).len(), 3);
}

#[test]
fn shared_executions_are_part_of_it() {
    let (users, collector) = (Fake::start(), Collector::start());
    let config = config(&collector, "grpc", NEVER)
        + "traffic_shaping: { router: { dedupe: { enabled: true } } }\n";
    let process = Process::start(&config, &shop(&[("users", &users)]));
    users.expect(vec![broken()]);
    Client::connect(process.address).request(ME);
    // What is shared is written where it is made.
    let spans = collector.wait_for_spans(SPANS - 1);
    let fetch = spans.iter().find(|span| span.kind == 3).unwrap();
    assert_eq!((fetch.name.as_str(), fetch.status), ("fetch users", 2));
}

#[test]
fn an_outage_is_no_flood() {
    let (service, collector) = (Fake::start(), Collector::start());
    let config = config(&collector, "grpc", NEVER)
        .replace("always_off", "always_off, errors_per_second: 3")
        + &format!(
            "upstreams: {{ service: {{ endpoints: ['http://{}'] }} }}\nroutes: [{{ match: {{ path: /api }}, to: service }}]\n",
            service.address
        );
    let mut process = Process::start(&config, &shop(&[]));
    let mut client = Client::connect(process.address);
    let began = Instant::now();
    for _ in 0..40 {
        service.expect(vec![broken()]);
        assert_eq!(
            client.request("POST /api").start,
            "HTTP/1.1 502 Bad Gateway"
        );
    }
    let most = 3 + 1 + (began.elapsed().as_secs_f64() * 3.0) as usize;
    process.stop();
    let traces = collector.wait_for_spans(3 * 3).len() / 3;
    assert!((3..=most).contains(&traces), "{traces} of {most}");
}

#[test]
fn it_can_be_turned_off() {
    let (users, collector) = (Fake::start(), Collector::start());
    let config = config(&collector, "grpc", NEVER);
    let config = config.replace("always_off", "always_off, errors_per_second: 0");
    let mut process = Process::start(&config, &shop(&[("users", &users)]));
    users.expect(vec![broken()]);
    Client::connect(process.address).request(ME);
    process.stop();
    assert!(collector.wait_for_spans(0).is_empty());
}
