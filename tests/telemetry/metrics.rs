//! Prometheus' view of a router.

use super::{FEDERATED, broken, expect_federated, scrape::Scrape, shop};
use crate::kit::{Client, Fake, Process};

const CONFIG: &str = "
telemetry: { exporters: { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } } }
ratelimit: { global: { capacity: 10, interval: 10h } }
";

pub fn scraped(process: &Process) -> Scrape {
    let mut client = Client::connect(process.address_after("metrics at http://"));
    let response = client.request("GET /metrics");
    assert_eq!(response.start, "HTTP/1.1 200 OK");
    let text = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(response.header("content-type"), Some(text));
    Scrape::parse(std::str::from_utf8(&response.body).unwrap())
}

#[test]
fn requests_are_counted_and_timed() {
    let (users, products) = (Fake::start(), Fake::start());
    let process = Process::start(CONFIG, &shop(&[("users", &users), ("products", &products)]));
    let mut client = Client::connect(process.address);
    for _ in 0..2 {
        expect_federated(&users, &products);
        assert_eq!(client.request(FEDERATED).start, "HTTP/1.1 200 OK");
    }
    client.request("POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{\"}");
    client.request("GET /nowhere");

    let scrape = scraped(&process);
    let ok = "{consumer=\"none\",method=\"POST\",route=\"/graphql\",status_code=\"200\"}";
    assert_eq!(scrape.value(&format!("api_requests_total{ok}")), 2.0);
    assert_eq!(
        scrape.value(&format!("api_request_duration_seconds_count{ok}")),
        2.0
    );
    let syntax = "api_errors_total{consumer=\"none\",error_type=\"GRAPHQL_PARSE_FAILED\",method=\"POST\",route=\"/graphql\",status_code=\"400\"}";
    assert_eq!(scrape.value(syntax), 1.0);
    let nowhere =
        "api_requests_total{consumer=\"none\",method=\"GET\",route=\"none\",status_code=\"404\"}";
    assert_eq!(scrape.value(nowhere), 1.0);
    assert_eq!(scrape.value("api_active_connections"), 1.0);
    assert_eq!(scrape.value("api_rate_limit_remaining"), 7.0);
    assert_eq!(scrape.value("api_plan_cache_misses_total"), 1.0);
    assert_eq!(scrape.value("api_plan_cache_hits_total"), 1.0);
    assert_eq!(scrape.value("api_planning_duration_seconds_count"), 1.0);
    for subgraph in ["users", "products"] {
        let labels = format!("{{error_type=\"\",status_code=\"200\",subgraph=\"{subgraph}\"}}");
        assert_eq!(
            scrape.value(&format!("api_subgraph_requests_total{labels}")),
            2.0
        );
        let timed =
            format!("api_subgraph_request_duration_seconds_count{{subgraph=\"{subgraph}\"}}");
        assert_eq!(scrape.value(&timed), 2.0);
    }
    let buckets = scrape.series("api_request_duration_seconds_bucket");
    for bound in ["0.01", "10", "+Inf"] {
        let bound = format!("le=\"{bound}\"");
        assert!(
            buckets.iter().any(|series| series.contains(&bound)),
            "{bound}"
        );
    }
}

/// What is there before anything happens is part of the interface.
#[test]
fn a_quiet_router_shows_this() {
    let process = Process::start(CONFIG, &shop(&[]));
    // Health is not counted, and its answer says that everything has started.
    let mut health = Client::connect(process.address);
    health.request("GET /health");
    let mut client = Client::connect(process.address_after("metrics at http://"));
    let body = client.request("GET /metrics").body;
    let text = std::str::from_utf8(&body).unwrap();
    Scrape::parse(text);
    // What is shown of one subgraph is shown of all.
    let lines = text.lines().filter(|line| !line.contains("=\"products\""));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.join("\n").trim(), include_str!("quiet.prom").trim());
}

#[test]
fn clients_cannot_make_new_series() {
    let process = Process::start(CONFIG, &shop(&[]));
    let mut client = Client::connect(process.address);
    for number in 0..50 {
        client.request(&format!(
            "M{number} /{number}?{number}\nx-request-id: {number}"
        ));
        client.request(&format!("GET /graphql?operationName=n{number}&query=%7Ba{number}%7D\napollo-require-preflight: 1"));
    }
    let scrape = scraped(&process);
    let requests = scrape.series("api_requests_total");
    assert_eq!(requests.len(), 2 + 1, "{requests:?}");
}

#[test]
fn subgraphs_that_fail_are_counted_by_the_reason() {
    let users = Fake::start();
    let process = Process::start(CONFIG, &shop(&[("users", &users)]));
    users.expect(vec![broken()]);
    let query = "POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{ me { id } }\"}";
    assert_eq!(
        Client::connect(process.address).request(query).start,
        "HTTP/1.1 200 OK"
    );
    let scrape = scraped(&process);
    let broken = "api_subgraph_requests_total{error_type=\"broken\",status_code=\"none\",subgraph=\"users\"}";
    assert_eq!(scrape.value(broken), 1.0);
    let error = "api_errors_total{consumer=\"none\",error_type=\"SUBREQUEST_HTTP_ERROR\",method=\"POST\",route=\"/graphql\",status_code=\"200\"}";
    assert_eq!(scrape.value(error), 1.0);
}

#[test]
fn the_listener_shows_metrics_only() {
    let process = Process::start(CONFIG, &shop(&[]));
    let address = process.address_after("metrics at http://");
    assert!(
        Client::connect(address)
            .request("GET /graphql")
            .start
            .contains("404")
    );
    assert!(
        Client::connect(address)
            .request("POST /metrics")
            .start
            .contains("405")
    );
    let main = Client::connect(process.address).request("GET /metrics");
    assert!(main.start.contains("404"));
}

#[test]
fn routes_are_counted_under_their_names() {
    let service = Fake::start();
    service.expect(vec![super::json("{}"), super::json("{}")]);
    let config = format!(
        "{CONFIG}upstreams: {{ service: {{ endpoints: ['http://{}'] }} }}\nroutes: [{{ match: {{ path: /api/** }}, to: service }}]\n",
        service.address
    );
    let process = Process::start(&config, &shop(&[]));
    let mut client = Client::connect(process.address);
    for path in ["/api/1", "/api/2"] {
        assert_eq!(
            client.request(&format!("GET {path}")).start,
            "HTTP/1.1 200 OK"
        );
    }
    let scrape = scraped(&process);
    let route = "api_requests_total{consumer=\"none\",method=\"GET\",route=\"/api/**\",status_code=\"200\"}";
    assert_eq!(scrape.value(route), 2.0);
    assert_eq!(scrape.value("api_rate_limit_remaining"), 8.0);
}

/// Consumers are counted by their names, and those who are none together, whatever they show.
#[test]
fn consumers_are_counted_by_their_names() {
    let service = Fake::start();
    service.expect(vec![super::json("{}"), super::json("{}")]);
    let config = format!(
        "{CONFIG}{ACCESS}upstreams: {{ service: {{ endpoints: ['http://{}'] }} }}\n",
        service.address
    );
    let process = Process::start(&config, &shop(&[]));
    let mut client = Client::connect(process.address);
    for key in [
        "key-of-app",
        "key-of-app",
        "key-of-nobody",
        "key-of-somebody",
    ] {
        client.request(&format!("GET /api\nx-api-key: {key}"));
    }
    let scrape = scraped(&process);
    let count = |consumer: &str, status: u16| {
        let labels = format!(
            "{{consumer=\"{consumer}\",method=\"GET\",route=\"/api\",status_code=\"{status}\"}}"
        );
        scrape.value(&format!("api_requests_total{labels}"))
    };
    assert_eq!(count("app", 200), 2.0);
    assert_eq!(count("none", 401), 2.0);
}

const ACCESS: &str = "
authentication: { api_key: {} }
consumers: [{ name: app, api_keys: [{ sha256: ea15307d5014284174761b842f9352a857a93a3b2df3f23b69ac21d8b24ee805 }] }]
policies: { keys: { auth: [api_key] } }
routes: [{ match: { path: /api }, to: service, policies: [keys] }]
";
