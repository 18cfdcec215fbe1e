//! `ratelimit.global` over sockets. The bucket itself is tested with a clock that stands still.

use crate::{
    kit::{Client, Router},
    telemetry::shop,
};
use graphway::{
    config::{self, Environment},
    schema::Supergraph,
};

const CONFIG: &str =
    "supergraph: { introspection: true }\nratelimit: { global: { capacity: 2, interval: 2h } }\n";
const PREFLIGHT: &str =
    "OPTIONS /graphql\norigin: https://shop.example\naccess-control-request-method: POST";
const QUERY: &str = "POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{ __schema { queryType { name } } }\"}";

#[test]
fn the_request_beyond_the_capacity_is_refused_for_the_whole_router() {
    let config = format!("{CONFIG}cors: {{ allow_any_origin: true }}\n");
    let router = Router::start(&config, &shop(&[]));
    let mut client = Client::connect(router.address);
    // What is not for a route costs nothing, nor do preflights and health checks.
    for free in ["GET /nowhere", PREFLIGHT, "GET /health"] {
        assert!(!client.request(free).start.contains("503"));
    }
    assert_eq!(client.request(QUERY).start, "HTTP/1.1 200 OK");
    // A request that is refused later has taken its token: OPTIONS too, if it is no preflight.
    assert_eq!(
        client.request("OPTIONS /graphql").start,
        "HTTP/1.1 405 Method Not Allowed"
    );

    let refused = Client::connect(router.address).request(QUERY);
    assert_eq!(refused.start, "HTTP/1.1 503 Service Unavailable");
    let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((3000..=3600).contains(&wait), "{wait}");
    let body: serde_json::Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!(
        body["errors"][0]["extensions"]["code"],
        "REQUEST_RATE_LIMITED"
    );
    for free in [PREFLIGHT, "GET /health"] {
        assert!(!client.request(free).start.contains("503"));
    }
    let none_left = client.request("OPTIONS /graphql");
    assert!(none_left.start.contains("503"), "{}", none_left.start);
}

#[test]
fn a_reload_does_not_fill_the_bucket() {
    let sdl = shop(&[]);
    let router = Router::start(CONFIG, &sdl);
    let mut client = Client::connect(router.address);
    assert!(client.request(QUERY).start.contains("200"));
    assert!(client.request(QUERY).start.contains("200"));
    let reload = |config: &str| {
        let environment = Environment::process();
        let config = config::parse("router.yaml", config, &environment).unwrap();
        let supergraph = Supergraph::parse(&sdl).unwrap();
        router
            .gateway
            .reload(&config.config.gateway(), supergraph)
            .unwrap();
    };
    reload(&format!("{CONFIG}limits: {{ max_depth: 9 }}\n"));
    assert!(client.request(QUERY).start.contains("503"));
    // One more is one more.
    reload(&CONFIG.replace("capacity: 2", "capacity: 3"));
    assert!(client.request(QUERY).start.contains("200"));
    assert!(client.request(QUERY).start.contains("503"));
    reload("supergraph: { introspection: true }\n");
    assert!(client.request(QUERY).start.contains("200"));
}

#[test]
fn settings_that_would_refuse_all_or_nothing_are_errors() {
    let refused = |settings: &str| {
        let config = format!("ratelimit: {{ global: {{ {settings} }} }}\n");
        let parsed = config::parse("router.yaml", &config, &Environment::process());
        parsed.unwrap_err().to_string()
    };
    assert!(refused("capacity: 0, interval: 1m").contains("refuse every request"));
    assert!(refused("capacity: 1000, interval: 0s").contains("too short"));
    assert!(refused("capacity: 1000").contains("`interval` is missing"));
}
