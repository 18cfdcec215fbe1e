//! Which route a request takes.

use super::{Upstream, exchange, router, status};
use crate::kit::Client;

/// Sends a request and says whose answer came, or its status.
fn whose(router: &crate::kit::Router, line: &str, host: &str) -> String {
    let request = format!("{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    let answer = exchange(router, request.as_bytes());
    match status(&answer) {
        200 => answer.rsplit("\r\n").next().unwrap().to_owned(),
        status => status.to_string(),
    }
}

#[test]
fn the_first_route_that_matches_is_taken() {
    let named: Vec<(&str, Upstream)> = ["exact", "reads", "writes", "admin", "host", "below"]
        .map(|name| (name, Upstream::saying(name)))
        .into();
    let mut config = "upstreams:\n".to_owned();
    for (name, upstream) in &named {
        let address = upstream.address;
        config.push_str(&format!(
            "  {name}: {{ endpoints: ['http://{address}'] }}\n"
        ));
    }
    config.push_str(
        "\
routes:
  - { match: { path: /items/special }, to: exact }
  - { match: { path: /items/**, methods: [GET, HEAD] }, to: reads }
  - { match: { path: /items/**, methods: [POST] }, to: writes }
  - { match: { host: admin.example, path: /panel/** }, to: admin }
  - { match: { host: '*.shop.example' }, to: below }
  - { match: { host: shop.example }, to: host }
",
    );
    let router = router(&config);
    let other = "other.example";
    for (line, host, expected) in [
        ("GET /items/special", other, "exact"),
        ("GET /items/special?x=1", other, "exact"),
        ("DELETE /items/special", other, "exact"),
        ("GET /items/special/", other, "reads"),
        ("GET /items", other, "reads"),
        ("GET /items/", other, "reads"),
        ("GET /items/1", other, "reads"),
        ("POST /items/1", other, "writes"),
        ("GET /itemsandmore", other, "404"),
        ("GET /Items/1", other, "404"),
        ("DELETE /items/1", other, "405"),
        ("GET /panel/users", "admin.example", "admin"),
        ("GET /panel/users", "ADMIN.example:8080", "admin"),
        ("GET /panel/users", "admin.example.", "admin"),
        ("GET /panel/users", other, "404"),
        ("GET /else", "shop.example", "host"),
        ("GET /else", "de.shop.example", "below"),
        ("GET /else", "evilshop.example", "404"),
    ] {
        assert_eq!(whose(&router, line, host), expected, "{line} at {host}");
    }
}

#[test]
fn a_method_that_no_route_takes_is_told_which_ones_do() {
    let upstream = Upstream::saying("x");
    let config = format!(
        "\
upstreams: {{ shop: {{ endpoints: ['http://{}'] }} }}
routes:
  - {{ match: {{ path: /items/**, methods: [GET, HEAD] }}, to: shop }}
  - {{ match: {{ path: /items/**, methods: [GET, POST] }}, to: shop }}
",
        upstream.address
    );
    let router = router(&config);
    let answer = Client::connect(router.address).request("DELETE /items/1");
    assert_eq!(answer.start, "HTTP/1.1 405 Method Not Allowed");
    assert_eq!(answer.header("allow"), Some("GET, HEAD, POST"));
}

#[test]
fn upstreams_share_requests_exactly_by_weight() {
    let (stable, canary) = (Upstream::saying("stable"), Upstream::saying("canary"));
    let config = format!(
        "\
upstreams:
  stable: {{ endpoints: ['http://{}'] }}
  canary: {{ endpoints: ['http://{}'] }}
  off: {{ endpoints: [] }}
routes:
  - match: {{ path: /** }}
    to:
      - {{ upstream: stable, weight: 90 }}
      - {{ upstream: canary, weight: 10 }}
      - {{ upstream: 'off', weight: 0 }}
",
        stable.address, canary.address
    );
    let router = router(&config);
    let mut client = Client::connect(router.address);
    let answers: Vec<Vec<u8>> = (0..1000).map(|_| client.request("GET /").body).collect();
    for ten in answers.chunks(10) {
        let canaries = ten.iter().filter(|body| *body == b"canary").count();
        assert_eq!(canaries, 1, "in each run of ten");
    }
    assert_eq!((stable.heads().len(), canary.heads().len()), (900, 100));
}

#[test]
fn endpoints_of_one_upstream_take_turns() {
    let (one, two) = (Upstream::saying("one"), Upstream::saying("two"));
    let config = format!(
        "\
upstreams: {{ shop: {{ endpoints: ['http://{}', 'http://{}'], load_balancing: {{ policy: round_robin }} }} }}
routes: [{{ match: {{ path: /** }}, to: shop }}]
",
        one.address, two.address
    );
    let router = router(&config);
    let mut client = Client::connect(router.address);
    for _ in 0..10 {
        client.request("GET /");
    }
    assert_eq!((one.heads().len(), two.heads().len()), (5, 5));
}

#[test]
fn the_graph_keeps_its_path_whatever_routes_say() {
    let upstream = Upstream::saying("x");
    let router = super::router_to(upstream.address);
    for path in ["/graphql", "/%67raphql"] {
        let answer = Client::connect(router.address).request(&format!("GET {path}"));
        assert_eq!(answer.start, "HTTP/1.1 400 Bad Request", "{path}");
    }
    assert_eq!(upstream.heads(), Vec::<String>::new());
}

#[test]
fn a_reload_changes_routes() {
    let (before, after) = (Upstream::saying("before"), Upstream::saying("after"));
    let router = super::router_to(before.address);
    let mut client = Client::connect(router.address);
    assert_eq!(client.request("GET /").body, b"before");

    let environment = graphway::config::Environment {
        variable: &|_| None,
        file: &|path| std::fs::read_to_string(path),
    };
    let config = super::to(after.address);
    let parsed = graphway::config::parse("router.yaml", &config, &environment).unwrap();
    let directory =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs");
    let sdl = std::fs::read_to_string(directory.join("shop.graphql")).unwrap();
    let supergraph = graphway::schema::Supergraph::parse(&sdl).unwrap();
    router
        .gateway
        .reload(&parsed.config.gateway(), supergraph)
        .unwrap();
    assert_eq!(client.request("GET /").body, b"after");
}
