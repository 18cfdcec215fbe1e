//! Clients that stay where they are, and copies of requests.

use super::{Upstream, exchange, router};
use crate::kit::Client;
use std::sync::mpsc;

#[test]
fn clients_stay_with_their_upstream_when_a_weight_grows() {
    let (stable, canary) = (Upstream::saying("stable"), Upstream::saying("canary"));
    let config = |weights: (u32, u32), by: &str| {
        format!(
            "\
upstreams:
  stable: {{ endpoints: ['http://{}'] }}
  canary: {{ endpoints: ['http://{}'] }}
routes:
  - match: {{ path: '/{{user}}/**' }}
    to: [{{ upstream: stable, weight: {} }}, {{ upstream: canary, weight: {} }}]
    sticky: {{ by: {by} }}
",
            stable.address, canary.address, weights.0, weights.1
        )
    };
    for by in [
        "{ header: x-user }",
        "{ cookie: user }",
        "{ query: user }",
        "{ path: user }",
    ] {
        let answers = |weights: (u32, u32)| -> Vec<Vec<u8>> {
            let router = router(&config(weights, by));
            let mut client = Client::connect(router.address);
            let ask = |user: u32| {
                client
                    .request(&format!(
                        "GET /{user}/x?user={user}\nx-user: {user}\ncookie: user={user}"
                    ))
                    .body
            };
            (0..100).map(ask).collect()
        };
        let (before, same, after) = (answers((80, 20)), answers((80, 20)), answers((80, 60)));
        assert_eq!(before, same, "{by}");
        let moved = before
            .iter()
            .zip(&after)
            .filter(|(before, after)| before != after);
        let moved: Vec<_> = moved.collect();
        assert!(!moved.is_empty(), "{by}");
        for (from, to) in moved {
            assert_eq!(
                (&from[..], &to[..]),
                (&b"stable"[..], &b"canary"[..]),
                "{by}"
            );
        }
    }
}

#[test]
fn a_client_without_the_cookie_is_given_one() {
    let (one, two) = (Upstream::saying("one"), Upstream::saying("two"));
    let config = format!(
        "\
upstreams:
  one: {{ endpoints: ['http://{}'] }}
  two: {{ endpoints: ['http://{}'] }}
routes:
  - to: [{{ upstream: one, weight: 1 }}, {{ upstream: two, weight: 1 }}]
    sticky: {{ by: {{ cookie: stay }}, max_age: 1h, secure: true }}
",
        one.address, two.address
    );
    let router = router(&config);
    let mut client = Client::connect(router.address);
    for _ in 0..10 {
        let first = client.request("GET /");
        let cookie = first.header("set-cookie").unwrap().to_owned();
        let (pair, rest) = cookie.split_once("; ").unwrap();
        assert_eq!(rest, "Path=/; HttpOnly; SameSite=Lax; Max-Age=3600; Secure");
        for _ in 0..3 {
            let next = client.request(&format!("GET /\ncookie: a=b; {pair}"));
            assert_eq!(next.body, first.body);
            assert_eq!(next.header("set-cookie"), None);
        }
    }
}

/// A router that copies what goes to `shop`, and the requests that the other one gets: heads and bodies.
fn mirrored(settings: &str) -> (crate::kit::Router, mpsc::Receiver<(String, Vec<u8>)>) {
    let (sender, receiver) = mpsc::channel();
    let shadow = Upstream::start(move |mut connection| {
        while let Some(head) = connection.head() {
            let body = connection.body(super::upstream::length(&head));
            sender.send((head, body)).unwrap();
            // Nobody waits for an answer.
        }
    });
    let shop = Upstream::saying("shop");
    let config = format!(
        "\
upstreams:
  shop: {{ endpoints: ['http://{}'] }}
  shadow: {{ endpoints: ['http://{}'] }}
routes:
  - to: shop
    request: {{ headers: [{{ set: {{ x-set: 'yes' }} }}] }}
    mirror: {{ upstream: shadow, {settings} }}
",
        shop.address, shadow.address
    );
    (router(&config), receiver)
}

#[test]
fn a_copy_is_sent_and_its_answer_never_waited_for() {
    let (router, copies) = mirrored("percent: 100");
    let mut client = Client::connect(router.address);
    assert_eq!(
        client.request("POST /a?b=c\nx-own: 1\n\nhello").body,
        b"shop"
    );
    let (head, body) = copies.recv_timeout(super::PATIENCE).unwrap();
    assert!(head.starts_with("POST /a?b=c HTTP/1.1\r\n"), "{head}");
    assert!(
        head.contains("x-own: 1\r\n") && head.contains("x-set: yes\r\n"),
        "{head}"
    );
    assert_eq!(body, b"hello");
    assert_eq!(client.request("GET /without").body, b"shop");
    let (head, _) = copies.recv_timeout(super::PATIENCE).unwrap();
    assert!(head.starts_with("GET /without HTTP/1.1\r\n"), "{head}");
    // A body in pieces has no length of its own; the copy of it has.
    let pieces = "POST /pieces HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n\
                  2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
    assert!(exchange(&router, pieces.as_bytes()).ends_with("shop"));
    assert_eq!(copies.recv_timeout(super::PATIENCE).unwrap().1, b"hello");
}

#[test]
fn nothing_is_copied_unless_it_is_asked_for_and_fits() {
    let (router, copies) = mirrored("max_body_bytes: 4B");
    let mut client = Client::connect(router.address);
    for _ in 0..20 {
        client.request("GET /");
    }
    // One that is copied in any case shows that those before were not.
    let (marked, marks) = mirrored("percent: 100, max_body_bytes: 4B, max_pending: 1");
    let mut other = Client::connect(marked.address);
    other.request("POST /large\n\nhello");
    let pieces = "POST /large HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n\
                  2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
    assert!(exchange(&marked, pieces.as_bytes()).ends_with("shop"));
    other.request("GET /first");
    // The first copy is still under way, for it has no answer.
    other.request("GET /second");
    let (head, _) = marks.recv_timeout(super::PATIENCE).unwrap();
    assert!(head.starts_with("GET /first "), "{head}");
    assert!(marks.try_recv().is_err());
    assert!(copies.try_recv().is_err());
}
