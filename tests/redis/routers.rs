//! Several routers on one Redis.

use crate::{
    kit::{Authority, Client, Folder, Router},
    server::Server,
};
use std::{fs, net::SocketAddr, path::Path, thread};

const CLIENTS: usize = 4;

/// A router whose route at `/a` has this limit. Redis may take its time: what is not decided there is refused.
fn router(server: &Server, limit: &str) -> Router {
    router_to(&format!("url: '{}'", server.url()), limit)
}

/// The same, with a Redis that these settings lead to.
fn router_to(redis: &str, limit: &str) -> Router {
    let config = format!(
        "redis: {{ {redis}, timeout: 20s, fallback: deny }}
policies: {{ few: {{ rate_limit: {limit} }} }}
routes: [{{ match: {{ path: /a }}, respond: {{ body: a }}, policies: [few] }}]
",
    );
    let graph = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs/shop.graphql");
    Router::start(&config, &fs::read_to_string(graph).unwrap())
}

fn status(client: &mut Client) -> u16 {
    let start = client.request("GET /a").start;
    start.split(' ').nth(1).unwrap().parse().unwrap()
}

/// How many get in of so many that come to each of these over several connections at once.
fn admitted(routers: &[SocketAddr], requests: usize) -> usize {
    let ask = |address: SocketAddr| {
        let mut client = Client::connect(address);
        let statuses = (0..requests / CLIENTS).map(|_| status(&mut client));
        let mut admitted = 0;
        for status in statuses {
            assert!([200, 429].contains(&status), "{status}");
            admitted += usize::from(status == 200);
        }
        admitted
    };
    thread::scope(|scope| {
        let clients = routers.iter().flat_map(|address| [*address; CLIENTS]);
        let clients: Vec<_> = clients
            .map(|address| scope.spawn(move || ask(address)))
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum()
    })
}

#[test]
fn three_routers_let_in_what_one_would() {
    let server = Server::start();
    for (name, algorithm) in [("a", "token_bucket"), ("b", "sliding_window")] {
        let limit = format!(
            "{{ by: ip, capacity: 150, interval: 366d, algorithm: {algorithm}, store: redis, name: {name} }}"
        );
        let routers = [(); 3].map(|()| router(&server, &limit));
        let addresses = [&routers[0], &routers[1], &routers[2]].map(|router| router.address);
        assert_eq!(admitted(&addresses, 120), 150, "{algorithm}");
        assert_eq!(admitted(&addresses, 4), 0, "{algorithm}");
        // One that starts later knows what was used.
        let later = router(&server, &limit);
        assert_eq!(admitted(&[later.address], 4), 0, "{algorithm}");
    }
}

#[test]
fn what_one_limit_refuses_is_not_counted_by_the_others() {
    let server = Server::start();
    let limits = "[{ by: ip, capacity: 50, interval: 366d, store: redis, name: much }, { by: ip, capacity: 20, interval: 366d, store: redis, name: little }]";
    let routers = [(); 3].map(|()| router(&server, limits));
    let addresses = [&routers[0], &routers[1], &routers[2]].map(|router| router.address);
    assert_eq!(admitted(&addresses, 40), 20);
    let larger = limits.replace("capacity: 20", "capacity: 90");
    // What was used stays used: 50 less 20 are left, not less what was refused.
    let later = router(&server, &larger);
    assert_eq!(admitted(&[later.address], 60), 30);
}

/// As while routers are replaced, one after the other.
#[test]
fn two_algorithms_side_by_side_let_in_what_each_would() {
    let server = Server::start();
    let limit = |algorithm: &str| {
        format!(
            "{{ by: ip, capacity: 10, interval: 366d, algorithm: {algorithm}, store: redis, name: few }}"
        )
    };
    let routers = ["token_bucket", "sliding_window"].map(|it| router(&server, &limit(it)));
    let mut clients = [&routers[0], &routers[1]].map(|router| Client::connect(router.address));
    let mut admitted = [0, 0];
    for _ in 0..30 {
        for (client, admitted) in clients.iter_mut().zip(&mut admitted) {
            *admitted += usize::from(status(client) == 200);
        }
    }
    assert_eq!(admitted, [10, 10]);
}

#[test]
fn keys_expire_when_nothing_is_held() {
    let server = Server::start();
    let limits = "[{ by: ip, capacity: 10, interval: 100s, store: redis, name: bucket }, { by: ip, capacity: 10, interval: 100s, store: redis, algorithm: sliding_window, name: window }]";
    let router = router(&server, limits);
    assert_eq!(admitted(&[router.address], 4), 4);
    let mut redis = server.connect();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut redis).unwrap();
    assert_eq!(keys.len(), 2, "{keys:?}");
    for key in keys {
        let left: i64 = redis::cmd("PTTL").arg(&key).query(&mut redis).unwrap();
        let expected = match key.contains("bucket") {
            true => 1..=40_000,
            false => 100_000..=200_000,
        };
        assert!(expected.contains(&left), "{key} {left}");
    }
}

#[test]
fn a_redis_that_is_killed_is_done_without_and_used_again() {
    let server = Server::start();
    let router = router(
        &server,
        "{ by: ip, capacity: 5, interval: 366d, store: redis }",
    );
    let mut client = Client::connect(router.address);
    assert_eq!(status(&mut client), 200);
    let port = server.kill();
    assert_eq!(status(&mut client), 503);
    assert_eq!(status(&mut client), 503);
    let server = Server::start_at(port);
    while status(&mut client) == 503 {}
    // It had nothing that lasts; and it knew no script.
    drop(server);
}

#[test]
fn redis_is_spoken_to_by_tls() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let (server, client) = (ours.server(&["localhost"]), ours.client("router", |_| {}));
    let folder = Folder::new();
    let file = |name: &str, text: &str| folder.write(name, text);
    let (ca, others) = (file("ca", &ours.pem()), file("others", &theirs.pem()));
    let server = Server::start_tls(
        &ca,
        &file("server", &server.certificate),
        &file("key", &server.key),
    );
    let client = format!(
        "certificate: {}, key: {}",
        file("client", &client.certificate),
        file("client-key", &client.key)
    );
    let limit = "{ by: ip, capacity: 8, interval: 366d, store: redis }";
    let at = |host: &str, tls: &str| {
        let redis = format!("url: 'rediss://{host}:{}', tls: {{ {tls} }}", server.port);
        status(&mut Client::connect(router_to(&redis, limit).address))
    };
    assert_eq!(at("localhost", &format!("ca: {ca}, {client}")), 200);
    // Another authority, another host, and a Redis that does not know who calls.
    assert_eq!(at("localhost", &format!("ca: {others}, {client}")), 503);
    assert_eq!(at("127.0.0.1", &format!("ca: {ca}, {client}")), 503);
    assert_eq!(at("localhost", &format!("ca: {ca}")), 503);
}
