//! The response cache over sockets: all workers, reloads, and upstreams that do not end well. What it decides is tested
//! where it is decided.

use super::{Upstream, connect, drain, exchange, router, status};
use crate::kit::{Client, Router, Worker};
use futures_util::{future::join_all, poll};
use graphway::{
    config::{self, Environment},
    schema::Supergraph,
};
use std::{
    fs,
    io::Write,
    net::SocketAddr,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

const GET: &[u8] = b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

fn cached(upstream: SocketAddr) -> String {
    super::to(upstream).replace("to: shop", "to: shop, cache: { ttl: 60s }")
}

/// An upstream that tells when it was asked, and answers when it is told to.
fn waiting(answer: &'static str) -> (Upstream, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (asked, was_asked) = mpsc::channel();
    let (go, goes) = mpsc::channel();
    let (asked, goes) = (Mutex::new(asked), Mutex::new(goes));
    let upstream = Upstream::start(move |mut connection| {
        while connection.head().is_some() {
            asked.lock().unwrap().send(()).unwrap();
            if goes.lock().unwrap().recv().is_err() {
                return;
            }
            connection.send(answer.as_bytes());
        }
    });
    (upstream, was_asked, go)
}

#[test]
fn clients_of_all_workers_cost_one_request() {
    let (upstream, asked, go) = waiting("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfirst");
    let config = format!("server: {{ workers: 4 }}\n{}", cached(upstream.address));
    let router = router(&config);
    let mut clients: Vec<_> = (0..40).map(|_| connect(&router)).collect();
    for client in &mut clients {
        client.write_all(GET).unwrap();
    }
    asked.recv_timeout(super::PATIENCE).unwrap();
    go.send(()).unwrap();
    let mut stored = 0;
    for client in &mut clients {
        let answer = drain(client);
        assert!(answer.ends_with("\r\n\r\nfirst"), "{answer}");
        stored += usize::from(answer.contains("; stored\r\n"));
    }
    assert_eq!((upstream.heads().len(), stored), (1, 1));
}

#[tokio::test]
async fn a_leader_that_leaves_another_worker_leaves_its_answer_to_it() {
    let (upstream, asked, go) = waiting("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfirst");
    let router = router(&cached(upstream.address));
    let workers = [Worker::of(&router.gateway), Worker::of(&router.gateway)];
    let request = "GET /a\n\n";
    let mut leader = workers[0].ask(request);
    assert!(poll!(&mut leader).is_pending());
    let mut followers = [workers[1].ask(request), workers[0].ask(request)];
    for follower in &mut followers {
        assert!(poll!(follower).is_pending());
    }
    // It is the fetch that goes on here, for nobody polls the one who began it.
    while asked.try_recv().is_err() {
        tokio::task::yield_now().await;
    }
    drop(leader);
    go.send(()).unwrap();
    for got in join_all(followers).await {
        assert_eq!(got.body, b"first");
        let told = got.header("cache-status");
        assert_eq!(told, Some("graphway; fwd=uri-miss; collapsed"));
    }
    assert_eq!(upstream.heads().len(), 1);
}

#[test]
fn whoever_comes_and_goes_gets_what_the_upstream_said() {
    // Each answer is another one, and every third breaks off.
    let count = AtomicUsize::new(0);
    let upstream = Upstream::start(move |mut connection| {
        while let Some(head) = connection.head() {
            let path = head.split(' ').nth(1).unwrap();
            let (number, body) = (count.fetch_add(1, Ordering::SeqCst), path.repeat(1000));
            let head = format!(
                "HTTP/1.1 200 OK\r\ncache-control: max-age={}\r\ncontent-length: {}\r\n\r\n",
                number % 2,
                body.len()
            );
            connection.send(head.as_bytes());
            if number % 3 == 2 {
                connection.send(&body.as_bytes()[..body.len() / 2]);
                return;
            }
            connection.send(body.as_bytes());
        }
    });
    let config = format!("server: {{ workers: 4 }}\n{}", cached(upstream.address));
    let router = router(&config);
    thread::scope(|scope| {
        for thread in 0..8_usize {
            let router = &router;
            scope.spawn(move || {
                for turn in 0..40_usize {
                    let path = format!("/{}", (thread + turn) % 3);
                    let mut client = connect(router);
                    let request =
                        format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
                    client.write_all(request.as_bytes()).unwrap();
                    if turn % 5 == thread % 5 {
                        continue;
                    }
                    let answer = drain(&mut client);
                    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
                    assert!(head.contains("content-length: 2000\r\n"), "{head}");
                    let whole = path.repeat(1000);
                    assert!(
                        body == whole || body == &whole[..1000] || body.len() < 1000,
                        "{body}"
                    );
                    assert!(whole.starts_with(body));
                    // What is not from the upstream itself is whole.
                    if head.contains("; hit") || head.contains("; collapsed") {
                        assert_eq!(body, whole);
                    }
                }
            });
        }
    });
}

#[test]
fn what_breaks_off_or_ends_with_the_connection_is_not_stored() {
    let answers = [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf-",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf-\r\n",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhalf-",
        "HTTP/1.0 200 OK\r\n\r\nhalf-",
    ];
    for answer in answers {
        let upstream = Upstream::start(move |mut connection| {
            connection.head();
            connection.send(answer.as_bytes());
        });
        let router = router(&cached(upstream.address));
        for asked in 1..3 {
            let got = exchange(&router, GET);
            assert!(got.contains("half-"), "{got}");
            assert_eq!(upstream.heads().len(), asked, "{answer}");
        }
    }
}

#[test]
fn a_head_is_answered_with_the_length_of_the_body() {
    let upstream = Upstream::saying("first");
    let router = router(&cached(upstream.address));
    exchange(&router, GET);
    let got = exchange(
        &router,
        b"HEAD /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    );
    assert!(got.contains("\r\ncontent-length: 5\r\n"), "{got}");
    assert!(got.contains("; hit; ttl="), "{got}");
    assert!(got.ends_with("\r\n\r\n"), "{got}");
    assert_eq!(upstream.heads().len(), 1);
}

#[test]
fn a_get_with_a_body_passes_by() {
    let upstream = Upstream::saying("x");
    let router = router(&cached(upstream.address));
    let fat: &[u8] =
        b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi";
    for request in [fat, GET, fat] {
        let got = exchange(&router, request);
        assert!(!got.contains("; hit"), "{got}");
    }
    assert_eq!(upstream.heads().len(), 3);
    // An answer out of the cache leaves no body unread that could pass for a request.
    let mut client = Client::connect(router.address);
    assert!(client.request("GET /a").header("age").is_none());
}

#[test]
fn what_is_served_from_the_cache_is_not_compressed_anew() {
    let body = "x".repeat(5000);
    let upstream = Upstream::saying(&body);
    let router = router(&cached(upstream.address));
    let request =
        b"GET /a HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n";
    for _ in 0..2 {
        let got = exchange(&router, request);
        assert!(got.ends_with(&body), "{got}");
        assert!(!got.contains("content-encoding"), "{got}");
    }
}

#[test]
fn a_reload_keeps_what_is_stored() {
    let upstream = Upstream::saying("x");
    let text = cached(upstream.address);
    let router = router(&text);
    exchange(&router, GET);
    reload(&router, &format!("{text}cache: {{ max_bytes: 10MB }}\n"));
    assert!(exchange(&router, GET).contains("; hit"));
    reload(&router, &text.replace("60s", "70s"));
    assert!(!exchange(&router, GET).contains("; hit"));
    assert!(exchange(&router, GET).contains("; hit"));
    assert_eq!(router.gateway.cache().purge_url("http://x/a"), Some(true));
    assert!(!exchange(&router, GET).contains("; hit"));
}

#[test]
fn operators_purge_by_url_and_by_tag() {
    let upstream =
        Upstream::answering("HTTP/1.1 200 OK\r\nx-tags: shoes red\r\ncontent-length: 1\r\n\r\nx");
    let config = cached(upstream.address).replace("ttl: 60s", "ttl: 60s, tags_header: x-tags");
    let router = router(&format!(
        "admin: {{ enabled: true, hosts: [router.test] }}\n{config}"
    ));
    let mut operator = Client::connect(router.admin.unwrap());
    let purged = |operator: &mut Client, query: &str| {
        let answer = operator.request(&format!("DELETE /admin/cache{query}"));
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        body["purged"].clone()
    };
    for (query, is_there) in [
        ("?url=http://x/b", true),
        ("?tag=shoe", true),
        ("?tag=red", false),
        ("?url=http://x/a%3Fpage=1", false),
    ] {
        let request = b"GET /a?page=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        exchange(&router, request);
        let count = usize::from(!is_there);
        assert_eq!(purged(&mut operator, query), count, "{query}");
        assert_eq!(
            exchange(&router, request).contains("; hit"),
            is_there,
            "{query}"
        );
    }
    assert_ne!(purged(&mut operator, ""), 0);
    assert_eq!(purged(&mut operator, ""), 0);
    for (request, status) in [
        ("GET /admin/cache", "405"),
        ("DELETE /admin/cache?url=/a", "400"),
        ("DELETE /admin/cache?uri=http://x/a", "400"),
        ("DELETE /admin/cache?shoes", "400"),
    ] {
        let answer = operator.request(request);
        assert!(answer.start.contains(status), "{request}: {}", answer.start);
    }
}

fn reload(router: &Router, text: &str) {
    let environment = Environment {
        variable: &|_| None,
        file: &|path| fs::read_to_string(path),
    };
    let parsed = config::parse("router.yaml", text, &environment).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs/shop.graphql");
    let supergraph = Supergraph::parse(&fs::read_to_string(path).unwrap()).unwrap();
    router
        .gateway
        .reload(&parsed.config.gateway(), supergraph)
        .unwrap();
}

#[test]
fn what_we_refuse_ourselves_is_not_stored() {
    let router = router(
        "upstreams: { shop: { endpoints: [] } }\nroutes: [{ to: shop, cache: { ttl: 60s } }]\n",
    );
    for _ in 0..2 {
        let got = exchange(&router, GET);
        assert_eq!(status(&got), 503);
        assert!(!got.contains("cache-status"), "{got}");
    }
}
