//! What stands in `docs/examples` does what it says.

mod aws;
mod tokens;
mod traefik;

use super::{Upstream, router};
use crate::kit::{Client, Router};
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};
use tokens::{token, token_for, with_keys};

/// A router with one of the examples, and the upstreams that it names: each says its name.
struct Example {
    router: Router,
    upstreams: BTreeMap<String, Upstream>,
}

impl Example {
    fn start(name: &str) -> Self {
        Self::with(name, saying_as_json)
    }

    /// Upstreams are started by their names.
    fn with(name: &str, start: impl Fn(&str) -> Upstream) -> Self {
        Self::adjusted(name, start, |config| config)
    }

    fn adjusted(
        name: &str,
        start: impl Fn(&str) -> Upstream,
        adjust: impl FnOnce(String) -> String,
    ) -> Self {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples");
        let mut config = fs::read_to_string(directory.join(format!("{name}.yaml"))).unwrap();
        let mut upstreams = BTreeMap::new();
        while let Some((before, after)) = config.split_once(":8080\"") {
            let (_, host) = before.rsplit_once("http://").unwrap();
            let host = host.to_owned();
            let upstream = upstreams
                .entry(host.clone())
                .or_insert_with(|| start(&host));
            let before = before.strip_suffix(&host).unwrap();
            config = format!("{before}{}\"{after}", upstream.address);
        }
        Self {
            router: router(&adjust(config)),
            upstreams,
        }
    }

    /// What a client is answered: the text, or the status where it is not 200.
    fn ask(&self, request: &str) -> String {
        let answer = Client::connect(self.router.address).request(request);
        match answer.start.as_str() {
            "HTTP/1.1 200 OK" => String::from_utf8(answer.body).unwrap(),
            start => start.split(' ').nth(1).unwrap().to_owned(),
        }
    }

    /// The head of the last request that an upstream got.
    fn last(&self, upstream: &str) -> String {
        self.upstreams[upstream].heads().pop().unwrap()
    }
}

/// What it says is no JSON, but that is what it calls it.
fn saying_as_json(text: &str) -> Upstream {
    let length = text.len();
    Upstream::answering(&format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{text}"
    ))
}

#[test]
fn envoy_canary() {
    let example = Example::start("envoy-canary");
    let host = "host: api.company.com";
    let answers: Vec<String> = (0..100)
        .map(|_| example.ask(&format!("GET /api/v1/products/7\n{host}")))
        .collect();
    let canaries = answers.iter().filter(|answer| *answer == "product-v2");
    assert_eq!(canaries.count(), 10);
    let checkout = |headers: &str| example.ask(&format!("POST /api/v1/checkout\n{host}{headers}"));
    assert_eq!(checkout(""), "checkout-v1");
    assert_eq!(checkout("\nx-feature-flag: other"), "checkout-v1");
    assert_eq!(checkout("\nx-feature-flag: new-checkout"), "checkout-v2");
    assert_eq!(
        example.ask("GET /api/v1/products\nhost: other.company.com"),
        "404"
    );
}

#[test]
fn kong_versioning() {
    let example = Example::start("kong-versioning");
    for (path, expected, seen) in [
        ("/api/v1/users", "user-service-v1", "/"),
        ("/api/v1/users/7?x=y", "user-service-v1", "/7?x=y"),
        ("/api/v2/users/7", "user-service-v2", "/7"),
        ("/api/users/7\nx-api-version: 2", "user-service-v2", "/7"),
    ] {
        assert_eq!(example.ask(&format!("GET {path}")), expected, "{path}");
        let head = example.last(expected);
        assert!(head.starts_with(&format!("GET {seen} ")), "{head}");
    }
    for path in [
        "/api/users/7",
        "/api/users/7\nx-api-version: 1",
        "/api/v3/users",
    ] {
        assert_eq!(example.ask(&format!("GET {path}")), "404", "{path}");
    }
}

#[test]
fn kong() {
    let start = || {
        Example::adjusted("kong", saying_as_json, |config| {
            with_keys(&config, "https://auth.company.com/.well-known/jwks.json")
        })
    };
    let example = start();
    let of_app = |seconds: i64| {
        let header = token_for("\"iss\":\"mobile-app\"", seconds);
        header.rsplit_once(' ').unwrap().1.to_owned()
    };
    let good = of_app(600);
    for request in [
        format!("GET /api/v1/users/7?a=b\nx-request-id: mine\nauthorization: Bearer {good}"),
        format!("GET /api/v1/users/7?token={good}&a=b\nx-request-id: mine"),
    ] {
        assert_eq!(example.ask(&request), "user-service");
        let head = example.last("user-service");
        assert!(head.starts_with("GET /api/v1/users/7?a=b "), "{head}");
        assert!(head.contains("x-request-id: mine\r\n"), "{head}");
        assert!(
            head.contains("x-consumer-username: mobile-app\r\n"),
            "{head}"
        );
    }
    let expired = of_app(-600);
    for bad in ["", "?token=x", &format!("?token={expired}")] {
        assert_eq!(example.ask(&format!("GET /api/v1/users/7{bad}")), "401");
    }
    assert_eq!(example.ask("PATCH /api/v1/users/7"), "405");
    let users = format!("GET /api/v1/users/7\nauthorization: Bearer {good}");
    let answer = Client::connect(example.router.address).request(&users);
    // Those who were refused count as well: it is by address.
    assert_eq!(answer.header("x-ratelimit-remaining-minute"), Some("94"));
    assert_eq!(answer.header("x-ratelimit-remaining-hour"), Some("4994"));
    let orders: Vec<String> = (0..51)
        .map(|_| example.ask("GET /api/v1/orders/7"))
        .collect();
    assert!(orders[..50].iter().all(|answer| answer == "order-service"));
    assert_eq!(orders[50], "429");
    // Each has its own.
    assert_eq!(example.ask(&users), "user-service");
    let example = start();
    assert_eq!(example.ask("PATCH /api/v1/orders/7"), "order-service");
    let head = example.last("order-service");
    assert!(head.contains("x-request-source: api-gateway\r\n"), "{head}");
    assert!(
        head.contains("x-forwarded-service: order-service\r\n"),
        "{head}"
    );
    assert_eq!(example.ask("GET /api/v1/products"), "product-service");
    let mut client = Client::connect(example.router.address);
    let answer = client.request("GET /api/v1/products\nx-request-id: mine");
    assert_eq!(answer.header("x-request-id"), Some("mine"));
    // It was stored for the one before, and is for nobody who says who they are.
    assert_eq!(example.upstreams["product-service"].heads().len(), 1);
    let told = answer.header("cache-status").unwrap();
    assert!(told.starts_with("graphway; hit; ttl="), "{told}");
    let request = format!("GET /api/v1/products\nauthorization: Bearer {good}");
    let private = client.request(&request);
    assert_eq!(
        private.header("cache-status"),
        Some("graphway; fwd=uri-miss")
    );
}

#[test]
fn envoy() {
    let example = Example::adjusted("envoy", failing_at_first, |config| {
        with_keys(&config, "https://company.auth0.com/.well-known/jwks.json")
    });
    let token = |issuer: &str, audience: &str| {
        token(&format!("\"iss\":\"{issuer}\",\"aud\":\"{audience}\""))
    };
    let good = token("https://company.auth0.com/", "https://api.company.com");
    assert_eq!(
        example.ask(&format!("GET /api/v1/users/7{good}")),
        "user-service"
    );
    assert_eq!(
        example.ask(&format!("GET /api/v1/orders{good}")),
        "order-service"
    );
    let products: Vec<String> = (0..10)
        .map(|_| example.ask(&format!("GET /api/v1/products{good}")))
        .collect();
    let canaries = products
        .iter()
        .filter(|answer| *answer == "product-service-v2");
    assert_eq!(canaries.count(), 1);
    for bad in [
        String::new(),
        token("https://other.example/", "https://api.company.com"),
        token("https://company.auth0.com/", "https://other.example"),
    ] {
        assert_eq!(example.ask(&format!("GET /api/v1/users/7{bad}")), "401");
    }
}

/// An upstream that answers 500 to its first three requests but for health checks, if it is for users.
fn failing_at_first(name: &str) -> Upstream {
    if name != "user-service" {
        return Upstream::saying(name);
    }
    let failures = AtomicU32::new(3);
    Upstream::start(move |mut connection| {
        while let Some(head) = connection.head() {
            let is_check = head.starts_with("GET /health ");
            let left = failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(u32::from(!is_check))
            });
            connection.send(match left {
                Ok(1..) if !is_check => b"HTTP/1.1 500 Failed\r\ncontent-length: 0\r\n\r\n",
                _ => b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nuser-service",
            });
        }
    })
}

#[test]
fn envoy_breaker() {
    let example = Example::with("envoy-breaker", |name| match name {
        "order-service-1" => Upstream::answering("HTTP/1.1 503 Down\r\ncontent-length: 0\r\n\r\n"),
        _ => Upstream::saying(name),
    });
    let mut failures = 0;
    for _ in 0..200 {
        match example.ask("GET /api/v1/orders/7").as_str() {
            "503" => failures += 1,
            answer => assert_eq!(answer, "order-service-2"),
        }
    }
    assert_eq!(
        failures, 5,
        "then it is ejected, and the other one takes all"
    );
}
