//! Where clients connect: TLS, certificates of theirs and ours, and proxies in front.

mod certificates;
mod clients;
mod encrypted;
mod example;
mod proxies;
mod reload;

use crate::kit::{Answer, Exchange, Fake, Router};

const SHOP: &str = include_str!("../cases/supergraphs/shop.graphql");

/// A router with these settings, whose routes answer by whom they are asked. Under `/up` is an upstream.
fn router(settings: &str) -> (Router, Fake) {
    let upstream = Fake::upstream("up.test");
    let config = format!(
        "{settings}
upstreams: {{ up: {{ endpoints: ['http://{}'] }} }}
routes:
  - match: {{ path: /who }}
    respond: {{ json: {{ address: '{{client.address}}' }} }}
  - match: {{ path: /up/** }}
    to: up
  - match: {{ path: /kept }}
    to: up
    cache: {{ ttl: 60s }}
",
        upstream.address
    );
    (Router::start(&config, SHOP), upstream)
}

/// Has an upstream answer so many requests.
fn answer(upstream: &Fake, times: usize) {
    let exchange = Exchange {
        expected: None,
        answer: Answer::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec()),
    };
    upstream.expect(vec![exchange; times]);
}

/// The value of a header in what an upstream has seen.
fn header<'a>(seen: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = seen.lines().filter_map(|line| line.split_once(": "));
    lines
        .find(|(header, _)| *header == name)
        .map(|(_, value)| value)
}
