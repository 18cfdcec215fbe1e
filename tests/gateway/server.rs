//! Sockets: limits, health, the orderly end, reloads.

use crate::kit::{Answer, Client, Exchange, Fake, Router};
use graphway::{
    config::{self, Config, Environment},
    schema::Supergraph,
};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    fs,
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

const ME: &str = "POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{ me { id } }\"}";
const ME_ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 28\r\n\r\n{\"data\":{\"me\":{\"id\":\"one\"}}}";

/// The shop, with its users at this fake.
fn shop(users: &Fake) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs");
    let sdl = fs::read_to_string(directory.join("shop.graphql")).unwrap();
    sdl.replace("users.test", &users.address.to_string())
}

fn me(answer: fn(Vec<u8>) -> Answer) -> Exchange {
    Exchange {
        expected: None,
        answer: answer(ME_ANSWER.to_vec()),
    }
}

fn parsed(config: &str) -> Config {
    let environment = Environment {
        variable: &|_| None,
        file: &|path| fs::read_to_string(path),
    };
    config::parse("router.yaml", config, &environment)
        .unwrap()
        .config
}

/// Connects until `outcome` is there: the state it waits for comes without a signal.
fn until<T>(mut outcome: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(outcome) = outcome() {
            return outcome;
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_stopping_router_finishes_what_is_in_flight() {
    let users = Fake::start();
    let mut router = Router::start("", &shop(&users));
    users.expect(vec![me(Answer::Later)]);
    let mut client = Client::connect(router.address);
    client.send(&crate::kit::wire(ME));
    users.wait_for_requests(1);

    router.begin_to_stop();
    until(|| TcpStream::connect(router.address).is_err().then_some(()));
    users.open();
    let response = client.response().unwrap();
    assert_eq!(response.start, "HTTP/1.1 200 OK");
    router.wait();
    assert!(client.response().is_none());
}

#[test]
fn a_stopping_router_closes_idle_connections() {
    let users = Fake::start();
    let router = Router::start("", &shop(&users));
    users.expect(vec![me(Answer::Bytes)]);
    let mut client = Client::connect(router.address);
    assert_eq!(client.request(ME).start, "HTTP/1.1 200 OK");
    router.wait();
    assert!(client.response().is_none());
}

#[test]
fn a_stopping_router_finishes_a_mutation_whose_client_has_left() {
    let users = Fake::start();
    let mut router = Router::start("", &shop(&users));
    users.expect(vec![me(Answer::Later)]);
    let mut client = Client::connect(router.address);
    let mutation = "POST /graphql\ncontent-type: application/json\n\n{\"query\":\"mutation { rename(name: \\\"B\\\") { id } }\"}";
    client.send(&crate::kit::wire(mutation));
    users.wait_for_requests(1);
    drop(client);

    let mut idle = Client::connect(router.address);
    assert!(idle.request("GET /health").start.contains("200"));
    router.begin_to_stop();
    // The worker has no connection left: all that keeps it is the mutation.
    idle.until_closed();
    users.open();
    assert!(users.wait_for_answer());
    router.wait();
}

#[test]
fn what_does_not_finish_in_time_is_cut_off() {
    let users = Fake::start();
    let router = Router::start("server: { shutdown: { grace: 20ms } }\n", &shop(&users));
    users.expect(vec![me(Answer::Later)]);
    let mut client = Client::connect(router.address);
    client.send(&crate::kit::wire(ME));
    users.wait_for_requests(1);
    router.wait();
    assert!(client.response().is_none());
}

/// The grace is for all workers together, and who has not sent a request has none to lose.
#[test]
fn workers_finish_together_and_wait_for_no_silence() {
    let users = Fake::start();
    let config = "server: { workers: 3, shutdown: { grace: 1s } }\n";
    let router = Router::start(config, &shop(&users));
    users.expect(vec![me(Answer::Later); 3]);
    let mut clients = [(); 3].map(|()| Client::connect(router.address));
    for client in &mut clients {
        client.send(&crate::kit::wire(ME));
    }
    users.wait_for_requests(3);
    let begun = Instant::now();
    router.wait();
    assert!(begun.elapsed() < Duration::from_millis(2500));

    let router = Router::start("server: { shutdown: { grace: 1m } }\n", &shop(&users));
    let _silent = Client::connect(router.address);
    let mut client = Client::connect(router.address);
    assert!(client.request("GET /health").start.contains("200"));
    let begun = Instant::now();
    router.wait();
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn readiness_fails_before_connections_are_refused() {
    let users = Fake::start();
    let mut router = Router::start("server: { shutdown: { delay: 10m } }\n", &shop(&users));
    let address = router.address;
    let ready = || Client::connect(address).request("GET /health?ready");
    until(|| ready().start.contains("200").then_some(()));
    router.begin_to_stop();
    until(|| ready().start.contains("503").then_some(()));
    for asked in ["?ready=true", "?ready=", "?x&Ready=1"] {
        let answer = Client::connect(address).request(&format!("GET /health{asked}"));
        assert!(answer.start.contains("503"), "{asked}");
    }
    users.expect(vec![me(Answer::Bytes)]);
    assert_eq!(
        Client::connect(address).request(ME).start,
        "HTTP/1.1 200 OK"
    );
    assert_eq!(
        Client::connect(address).request("GET /health?live").start,
        "HTTP/1.1 200 OK"
    );
}

#[test]
fn a_body_that_turns_out_too_large_is_cut_early() {
    let users = Fake::start();
    let router = Router::start("limits: { http_max_request_bytes: 1KiB }\n", &shop(&users));
    let mut client = Client::connect(router.address);
    client.send(b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
    let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
    // The answer comes while the client is still sending; after it the connection is closed, which may be what
    // sending runs into.
    let sent = (0..1_000_000).find(|_| client.try_send(chunk.as_bytes()).is_err());
    assert!(sent.is_some(), "the router reads on");
}

#[test]
fn an_announced_body_that_is_too_large_is_not_read() {
    let users = Fake::start();
    let router = Router::start("", &shop(&users));
    let mut client = Client::connect(router.address);
    let answer = client.request(
        "POST /graphql\ncontent-type: application/json\ncontent-length: 2000001\nexpect: 100-continue\n\n",
    );
    assert_eq!(answer.start, "HTTP/1.1 413 Payload Too Large");
}

#[test]
fn a_head_that_does_not_end_ends_the_connection() {
    let users = Fake::start();
    let config = "server: { http: { header_read_timeout: 30ms } }\n";
    let router = Router::start(config, &shop(&users));
    let mut client = Client::connect(router.address);
    client.send(b"POST /graphql HTTP/1.1\r\nhost: x\r\n");
    assert!(
        client
            .response()
            .is_none_or(|response| response.start.contains("408"))
    );
}

#[test]
fn a_request_names_one_host() {
    let users = Fake::start();
    let router = Router::start("", &shop(&users));
    let status = |head: &str| {
        let mut client = Client::connect(router.address);
        client.send(format!("GET /health {head}\r\n\r\n").as_bytes());
        client.response().unwrap().start
    };
    assert!(status("HTTP/1.1\r\nhost: a").contains("200"));
    assert!(status("HTTP/1.0").contains("200"));
    assert!(status("HTTP/1.1").contains("400"));
    assert!(status("HTTP/1.1\r\nhost: a\r\nhost: b").contains("400"));
}

#[test]
fn a_connection_that_does_not_begin_is_ended() {
    let users = Fake::start();
    let config = "server: { http: { header_read_timeout: 30ms } }\n";
    let router = Router::start(config, &shop(&users));
    let http2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for beginning in [&b""[..], b"P", b"PRI * HT", http2] {
        let mut client = Client::connect(router.address);
        client.send(beginning);
        client.until_closed();
    }
}

#[test]
fn a_connection_that_has_begun_may_take_longer() {
    let users = Fake::start();
    let config = "server: { http: { header_read_timeout: 30ms } }\n";
    let router = Router::start(config, &shop(&users));
    users.expect(vec![me(Answer::Later)]);
    let mut client = Client::connect(router.address);
    client.send(&crate::kit::wire(ME));
    users.wait_for_requests(1);
    // Connected later, ended by the same limit: by then the first one is past it.
    Client::connect(router.address).until_closed();
    users.open();
    assert_eq!(client.response().unwrap().start, "HTTP/1.1 200 OK");
}

#[test]
fn a_head_with_too_many_headers_is_refused() {
    let users = Fake::start();
    let router = Router::start("limits: { http1_max_request_headers: 10 }\n", &shop(&users));
    let headers: String = (0..20).map(|index| format!("x-{index}: 1\n")).collect();
    let answer = Client::connect(router.address).request(&format!("GET /health\n{headers}"));
    assert!(answer.start.contains("431"), "{}", answer.start);
}

#[test]
fn health_can_have_a_listener_of_its_own() {
    let users = Fake::start();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let config = format!("health_check: {{ listen: '{address}', path: /up }}\n");
    let router = Router::start(&config, &shop(&users));
    assert!(
        Client::connect(address)
            .request("GET /up")
            .start
            .contains("200")
    );
    assert!(
        Client::connect(address)
            .request("GET /graphql")
            .start
            .contains("404")
    );
    let main = Client::connect(router.address).request("GET /up");
    assert!(main.start.contains("404"));
}

#[test]
fn a_reload_takes_effect_on_documents_that_are_known() {
    let users = Fake::start();
    let sdl = shop(&users);
    let router = Router::start("", &sdl);
    let mut client = Client::connect(router.address);
    users.expect(vec![me(Answer::Bytes)]);
    assert_eq!(client.request(ME).start, "HTTP/1.1 200 OK");

    let stricter = parsed("limits: { max_depth: 1 }\n").gateway();
    let supergraph = Supergraph::parse(&sdl).unwrap();
    router.gateway.reload(&stricter, supergraph).unwrap();
    let refused = client.request(ME);
    assert_eq!(refused.start, "HTTP/1.1 400 Bad Request");
}

#[test]
fn a_request_keeps_the_snapshot_it_began_with() {
    let (before, after) = (Fake::start(), Fake::start());
    let router = Router::start("", &shop(&before));
    before.expect(vec![me(Answer::Later)]);
    after.expect(vec![me(Answer::Bytes)]);
    let mut early = Client::connect(router.address);
    early.send(&crate::kit::wire(ME));
    before.wait_for_requests(1);

    let supergraph = Supergraph::parse(&shop(&after)).unwrap();
    router
        .gateway
        .reload(&parsed("").gateway(), supergraph)
        .unwrap();
    let late = Client::connect(router.address).request(ME);
    assert_eq!(late.start, "HTTP/1.1 200 OK");
    before.open();
    assert_eq!(early.response().unwrap().start, "HTTP/1.1 200 OK");
    assert_eq!(after.take_seen().len(), 1);
}

#[test]
fn many_clients_with_one_new_document_are_all_answered() {
    const CLIENTS: usize = 24;
    let users = Fake::start();
    let each = "traffic_shaping: { all: { deduplicate_query: false } }";
    let router = Router::start(each, &shop(&users));
    users.expect((0..CLIENTS).map(|_| me(Answer::Bytes)).collect());
    let mut clients: Vec<Client> = (0..CLIENTS)
        .map(|_| Client::connect(router.address))
        .collect();
    for client in &mut clients {
        client.send(&crate::kit::wire(ME));
    }
    for client in &mut clients {
        assert_eq!(client.response().unwrap().start, "HTTP/1.1 200 OK");
    }
    assert_eq!(users.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn http_2_is_spoken_to_those_who_begin_with_it() {
    let users = Fake::start();
    users.expect(vec![me(Answer::Bytes)]);
    let router = Router::start("", &shop(&users));
    let stream = tokio::net::TcpStream::connect(router.address)
        .await
        .unwrap();
    let handshake =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::post(format!("http://{}/graphql", router.address))
        .header("content-type", "application/json")
        .body(Full::<bytes::Bytes>::from("{\"query\":\"{ me { id } }\"}"))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "{\"data\":{\"me\":{\"id\":\"one\"}}}");
}
