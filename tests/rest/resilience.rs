//! Upstreams that fail in part: what clients notice of it, and how much is sent.

use super::{PATIENCE, Upstream, connect, exchange, router, status};
use crate::kit::{Client, Router, refusing_socket};
use std::{
    io::Write,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const UNAVAILABLE: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";

/// A router with one upstream, at these addresses, of these settings.
fn router_to(addresses: &[SocketAddr], settings: &str) -> Router {
    let endpoints: Vec<String> = addresses
        .iter()
        .map(|address| format!("'http://{address}'"))
        .collect();
    let endpoints = endpoints.join(", ");
    router(&format!(
        "upstreams: {{ shop: {{ endpoints: [{endpoints}], {settings} }} }}\nroutes: [{{ to: shop }}]\nadmin: {{ enabled: true, hosts: [router.test] }}\n"
    ))
}

/// A server whose requests get one answer after the other, and at last the last one for ever.
fn answering(answers: &'static [&'static str]) -> Upstream {
    let asked = AtomicUsize::new(0);
    Upstream::start(move |mut connection| {
        while connection.head().is_some() {
            let turn = asked.fetch_add(1, Ordering::Relaxed);
            match answers[turn.min(answers.len() - 1)] {
                "hang" => return connection.wait_for_end(),
                "break" => return,
                answer => drop(connection.send(answer.as_bytes())),
            }
        }
    })
}

/// A server that is well, or answers 503 to everything.
fn switched() -> (Upstream, Arc<AtomicBool>) {
    let is_well = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&is_well);
    let upstream = Upstream::start(move |mut connection| {
        while connection.head().is_some() {
            let is_well = is_well.load(Ordering::Relaxed);
            connection.send(if is_well { OK } else { UNAVAILABLE }.as_bytes());
        }
    });
    (upstream, switch)
}

fn requests(upstream: &Upstream) -> usize {
    let heads = upstream.heads();
    heads
        .iter()
        .filter(|head| head.starts_with("GET / "))
        .count()
}

#[test]
fn a_bad_endpoint_among_three_costs_little_and_comes_back_soon() {
    let (one, two) = (Upstream::answering(OK), Upstream::answering(OK));
    let (bad, switch) = switched();
    let router = router_to(
        &[one.address, two.address, bad.address],
        "retry: { attempts: 3, on: [gateway-error], base_interval: 1ms },
         outlier_detection: { consecutive_5xx: 5, base_ejection_time: 1h },
         health_check: { path: /health, interval: 100ms, timeout: 100ms, unhealthy_threshold: 1000 }",
    );
    let mut client = Client::connect(router.address);
    let mut get = || assert_eq!(client.request("GET /").start, "HTTP/1.1 200 OK");
    (0..300).for_each(|_| get());
    let sent = [&one, &two, &bad].map(requests).iter().sum::<usize>();
    assert!(requests(&bad) >= 5 && sent as f64 <= 300.0 * 1.2, "{sent}");

    let before = requests(&bad);
    switch.store(true, Ordering::Relaxed);
    let began = Instant::now();
    while requests(&bad) == before {
        get();
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn an_endpoint_that_is_not_there_is_noticed_by_nobody() {
    let one = Upstream::answering(OK);
    let nobody = refusing_socket();
    let gone = nobody.local_addr().unwrap();
    let router = router_to(
        &[one.address, gone],
        "load_balancing: { policy: round_robin }",
    );
    let mut client = Client::connect(router.address);
    for _ in 0..50 {
        assert_eq!(client.request("GET /").start, "HTTP/1.1 200 OK");
        // Nothing of it was sent where nobody is.
        assert_eq!(client.request("POST /\n\nbody").start, "HTTP/1.1 200 OK");
    }
    drop(nobody);
    let back = Upstream::start_at(gone, |mut connection| {
        while connection.head().is_some() {
            connection.send(OK.as_bytes());
        }
    });
    for _ in 0..4 {
        assert_eq!(client.request("GET /").start, "HTTP/1.1 200 OK");
    }
    assert!(requests(&back) > 0);
}

#[test]
fn what_may_have_done_something_is_not_sent_again() {
    for (method, settings, sent) in [
        ("POST", "retry: { on: [5xx] }", 1),
        ("POST", "retry: { on: [5xx], non_idempotent: true }", 2),
        ("PUT", "retry: { on: [5xx] }", 2),
        ("DELETE", "retry: { on: [reset] }", 1),
        ("GET", "retry: { on: [5xx], attempts: 4 }", 4),
        (
            "GET",
            "retry: { on: [5xx], attempts: 4, budget: { percent: 0, min_per_second: 0 } }",
            1,
        ),
        (
            "GET",
            "retry: { on: [5xx], attempts: 4 }, limits: { max_retries: 0 }",
            1,
        ),
    ] {
        let upstream = answering(&[UNAVAILABLE]);
        let router = router_to(&[upstream.address], settings);
        let request = format!("{method} / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        assert_eq!(status(&exchange(&router, request.as_bytes())), 503);
        assert_eq!(upstream.heads().len(), sent, "{method} {settings}");
    }
}

#[test]
fn small_bodies_are_sent_again_whole() {
    let (sender, bodies) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let upstream = Upstream::start(move |mut connection| {
        for answer in [UNAVAILABLE, OK] {
            if connection.head().is_some() {
                let body = connection.body(4);
                sender.lock().unwrap().send(body).unwrap();
                connection.send(answer.as_bytes());
            }
        }
    });
    let router = router_to(&[upstream.address], "retry: { on: [503] }");
    let put = b"PUT / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 4\r\n\r\nbody";
    assert_eq!(status(&exchange(&router, put)), 200);
    let bodies: Vec<_> = (0..2)
        .map(|_| bodies.recv_timeout(PATIENCE).unwrap())
        .collect();
    assert_eq!(bodies, [b"body", b"body"]);
}

#[test]
fn retry_after_is_waited_for() {
    let busy = "HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
    let busy_for_long = "HTTP/1.1 503 Busy\r\nretry-after: 60\r\ncontent-length: 0\r\n\r\n";
    let began = Instant::now();
    let upstream = answering(Box::leak(Box::new([busy, OK])));
    let router = router_to(&[upstream.address], "retry: { on: [503] }");
    assert_eq!(status(&exchange(&router, GET)), 200);
    assert!(began.elapsed() >= Duration::from_secs(1));
    let upstream = answering(Box::leak(Box::new([busy_for_long, OK])));
    let router = router_to(&[upstream.address], "retry: { on: [503] }");
    assert_eq!(status(&exchange(&router, GET)), 503);
}

#[test]
fn a_try_that_takes_too_long_is_followed_by_another() {
    let upstream = answering(&["hang", OK]);
    let settings = "retry: { on: [reset], per_try_timeout: 100ms }";
    let router = router_to(&[upstream.address], settings);
    assert_eq!(status(&exchange(&router, GET)), 200);
    // All tries together have the upstream's timeout.
    let upstream = answering(&["hang"]);
    let settings = "timeout: 300ms, retry: { attempts: 100, on: [reset], per_try_timeout: 100ms }";
    let router = router_to(&[upstream.address], settings);
    let began = Instant::now();
    assert_eq!(status(&exchange(&router, GET)), 504);
    assert!(began.elapsed() < PATIENCE / 4);
}

#[test]
fn a_route_has_its_own_retries_and_keys() {
    let (one, two) = (Upstream::saying("one"), Upstream::saying("two"));
    let config = format!(
        "upstreams: {{ shop: {{ endpoints: ['http://{}', 'http://{}'], load_balancing: {{ policy: consistent_hash }} }} }}\nroutes: [{{ to: shop, hash_on: {{ header: x-user }} }}]\n",
        one.address, two.address
    );
    let keyed = router(&config);
    let mut client = Client::connect(keyed.address);
    let mut answers = std::collections::BTreeSet::new();
    for user in 0..20 {
        let request = format!("GET /\nx-user: {user}");
        let first = client.request(&request).body;
        assert_eq!(client.request(&request).body, first);
        answers.insert(first);
    }
    assert_eq!(answers.len(), 2);

    let upstream = answering(&[UNAVAILABLE, OK]);
    let config = format!(
        "upstreams: {{ shop: {{ endpoints: ['http://{}'] }} }}\nroutes: [{{ to: shop, retry: {{ on: [503] }} }}]\n",
        upstream.address
    );
    assert_eq!(status(&exchange(&router(&config), GET)), 200);
}

#[test]
fn a_slow_read_is_hedged_and_nothing_else() {
    let (slow, quick) = (answering(&["hang"]), answering(&[OK]));
    let settings = "hedge: { after: 50ms }, timeout: 20s";
    let router = router_to(&[slow.address, quick.address], settings);
    for _ in 0..6 {
        assert_eq!(status(&exchange(&router, GET)), 200);
    }
    assert!(slow.heads().len() + quick.heads().len() > 6);
    let slow = answering(&["hang"]);
    let router = router_to(&[slow.address], "hedge: { after: 10ms }, timeout: 1s");
    let post = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(status(&exchange(&router, post)), 504);
    assert_eq!(slow.heads().len(), 1);
}

#[test]
fn a_breaker_opens_and_what_is_left_alone_is_left_alone() {
    let upstream = answering(&["break"]);
    let settings = "circuit_breaker: { minimum_requests: 5, open_for: 1h }";
    let router = router_to(&[upstream.address], settings);
    for _ in 0..5 {
        assert_eq!(status(&exchange(&router, GET)), 502);
    }
    let got = exchange(&router, GET);
    assert_eq!(status(&got), 503);
    assert!(got.contains("\r\nretry-after: 3600\r\n"), "{got}");
    assert!(got.contains("\"UPSTREAM_UNAVAILABLE\""), "{got}");
    assert_eq!(upstream.heads().len(), 5);
    let shown = shown(&router);
    assert_eq!(shown["circuit_breaker"], "open", "{shown}");
}

#[test]
fn a_client_that_leaves_gives_back_its_probe() {
    let upstream = answering(&["break", "hang", OK]);
    let settings =
        "circuit_breaker: { consecutive_failures: 1, open_for: 0s, half_open_requests: 1 }";
    let router = router_to(&[upstream.address], settings);
    assert_eq!(status(&exchange(&router, GET)), 502);
    let until = |wanted: usize| {
        let began = Instant::now();
        loop {
            let got = status(&exchange(&router, GET));
            assert!(began.elapsed() < PATIENCE, "{got}");
            if upstream.heads().len() >= wanted {
                return got;
            }
        }
    };
    let tripped = Instant::now();
    // The probe hangs until its client leaves.
    let mut probe = connect(&router);
    probe.write_all(GET).unwrap();
    while upstream.heads().len() < 2 {
        assert!(tripped.elapsed() < PATIENCE);
        std::thread::yield_now();
    }
    assert_eq!(status(&exchange(&router, GET)), 503);
    drop(probe);
    assert_eq!(until(3), 200);
}

/// What operators are shown of the upstream.
pub(super) fn shown(router: &Router) -> serde_json::Value {
    let mut client = Client::connect(router.admin.unwrap());
    let answer = client.request("GET /admin/upstreams");
    assert_eq!(answer.start, "HTTP/1.1 200 OK");
    let mut all: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let all = all["upstreams"].as_array_mut().unwrap();
    let shop = all.iter().position(|upstream| upstream["name"] == "shop");
    all.swap_remove(shop.unwrap())
}

#[test]
fn an_upstream_whose_checks_fail_is_out_until_they_pass() {
    let (upstream, switch) = switched();
    let router = router_to(
        &[upstream.address],
        "health_check: { path: /health, interval: 20ms, unhealthy_threshold: 2, healthy_threshold: 2 }",
    );
    let until = |health: &str| {
        let began = Instant::now();
        while shown(&router)["endpoints"][0]["health"] != health {
            assert!(began.elapsed() < PATIENCE, "{}", shown(&router));
        }
    };
    until("unhealthy");
    let before = requests(&upstream);
    let got = exchange(&router, GET);
    assert_eq!(status(&got), 503);
    assert!(got.contains("\r\nretry-after: 5\r\n"), "{got}");
    assert_eq!(requests(&upstream), before);
    switch.store(true, Ordering::Relaxed);
    until("healthy");
    assert_eq!(status(&exchange(&router, GET)), 200);
    let asked = upstream.heads();
    let check = asked
        .iter()
        .find(|head| head.starts_with("GET /health "))
        .unwrap();
    assert!(
        check.contains("user-agent: graphway-health-check"),
        "{check}"
    );
}

#[test]
fn an_only_endpoint_is_asked_in_panic_whatever_its_checks_say() {
    let (upstream, _) = switched();
    let router = router_to(
        &[upstream.address],
        "health_check: { path: /health, interval: 20ms, unhealthy_threshold: 1 }, load_balancing: { panic_threshold: 50 }",
    );
    let began = Instant::now();
    while shown(&router)["endpoints"][0]["health"] != "unhealthy" {
        assert!(began.elapsed() < PATIENCE, "{}", shown(&router));
    }
    exchange(&router, GET);
    assert_eq!(requests(&upstream), 1);
}

/// What changes when the answer does is tested beside `upstream::resolving`: the system's resolver says the same all day.
#[test]
fn each_address_of_a_name_is_an_endpoint() {
    let upstream = Upstream::answering(OK);
    let port = upstream.address.port();
    let router = router(&format!(
        "upstreams: {{ shop: {{ endpoints: ['http://localhost:{port}'], dns: {{ refresh: 20ms }} }} }}\nroutes: [{{ to: shop }}]\nadmin: {{ enabled: true, hosts: [router.test] }}\n"
    ));
    let (began, address) = (Instant::now(), upstream.address.to_string());
    let is_found = || {
        let shown = shown(&router);
        let mut endpoints = shown["endpoints"].as_array().unwrap().iter();
        endpoints.any(|endpoint| endpoint["address"] == address.as_str())
    };
    while !is_found() {
        assert!(began.elapsed() < PATIENCE, "{}", shown(&router));
    }
    assert_eq!(status(&exchange(&router, GET)), 200);
}

#[test]
fn operators_are_shown_the_upstreams_and_nothing_else() {
    let router = router_to(&["127.0.0.1:1".parse().unwrap()], "timeout: 1s");
    insta::assert_snapshot!(serde_json::to_string_pretty(&shown(&router)).unwrap());
    let mut client = Client::connect(router.admin.unwrap());
    assert!(client.request("GET /graphql").start.contains("404"));
    assert!(
        client
            .request("POST /admin/upstreams")
            .start
            .contains("405")
    );
    let main = Client::connect(router.address).request("GET /admin/upstreams");
    assert!(
        main.start.contains("502"),
        "it is a path like any other: {}",
        main.start
    );
}
