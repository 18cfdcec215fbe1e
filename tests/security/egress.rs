//! Where connections may not go, however it is written.

use crate::kit::{Answer, Client, Exchange, Fake, Router};
use std::{fs, path::Path};

/// Where the server is, in words that lead there: 127.0.0.1.
const SPELLINGS: [&str; 8] = [
    "127.0.0.1",
    "localhost",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "[::ffff:127.0.0.1]",
    "0.0.0.0",
];
const DENIED: &str = "egress: { deny: [127.0.0.0/8, '::1'] }\n";

fn router(config: &str) -> Router {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs");
    let supergraph = fs::read_to_string(directory.join("shop.graphql")).unwrap();
    Router::start(config, &supergraph)
}

/// What a router with this configuration answers, and how often the server was asked.
fn ask(server: &Fake, config: &str, request: &str) -> (String, usize) {
    let router = router(config);
    let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    server.expect(vec![Exchange {
        expected: None,
        answer: Answer::Bytes(ok.to_vec()),
    }]);
    let answer = Client::connect(router.address).request(request);
    (answer.start, server.take_seen().len())
}

fn upstream(host: &str, server: &Fake, more: &str) -> String {
    let port = server.address.port();
    format!(
        "upstreams: {{ shop: {{ endpoints: ['http://{host}:{port}']{more} }} }}\nroutes: [{{ match: {{ path: /** }}, to: shop }}]\n"
    )
}

#[test]
fn no_spelling_of_an_address_leads_to_it() {
    let server = Fake::upstream("here");
    for host in SPELLINGS {
        for more in ["", ", dns: { refresh: 1h }"] {
            let config = upstream(host, &server, more);
            let (start, asked) = ask(&server, &format!("{DENIED}{config}"), "GET /a");
            assert_eq!(
                (start.as_str(), asked),
                ("HTTP/1.1 502 Bad Gateway", 0),
                "{host}"
            );
        }
    }
}

#[test]
fn what_is_allowed_is_called() {
    let server = Fake::upstream("here");
    for host in SPELLINGS {
        let config = upstream(host, &server, "");
        let rules = "egress: { deny: [0.0.0.0/0, '::/0'], allow: [127.0.0.1, 0.0.0.0] }\n";
        let (start, asked) = ask(&server, &format!("{rules}{config}"), "GET /a");
        assert_eq!((start.as_str(), asked), ("HTTP/1.1 200 OK", 1), "{host}");
    }
}

#[test]
fn whatever_is_called_is_called_by_these_rules() {
    let server = Fake::upstream("here");
    let url = format!("http://localhost:{}/x", server.address.port());
    let shop = "upstreams: { shop: { endpoints: ['http://127.0.0.1:9'] } }\nroutes: [{ match: { path: /** }, to: shop, policies: [p] }]\n";
    let graph = "POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{ me { name } }\"}";
    for (what, config, request, expected) in [
        (
            "a subgraph",
            format!("override_subgraph_url: {{ users: '{url}' }}"),
            graph,
            "200 OK",
        ),
        (
            "who authenticates",
            format!(
                "{shop}authentication: {{ forward: {{ url: '{url}' }} }}\npolicies: {{ p: {{ auth: [forward] }} }}"
            ),
            "GET /a",
            "503 Service Unavailable",
        ),
        (
            "a key set",
            format!(
                "{shop}authentication: {{ router: {{ jwt: {{ jwks: [{{ url: '{url}' }}] }} }} }}\npolicies: {{ p: {{ auth: [jwt] }} }}"
            ),
            "GET /a\nauthorization: Bearer eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
            "503 Service Unavailable",
        ),
        (
            "a health check",
            upstream(
                "localhost",
                &server,
                ", health_check: { path: /health, interval: 1h }",
            ),
            "GET /a",
            "502 Bad Gateway",
        ),
    ] {
        let (start, asked) = ask(&server, &format!("{DENIED}{config}\n"), request);
        assert_eq!(
            (start, asked),
            (format!("HTTP/1.1 {expected}"), 0),
            "{what}"
        );
    }
}
