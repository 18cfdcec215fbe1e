//! What clients see when one side fails.

use super::{Upstream, connect, drain, exchange, router, router_to, status};
use crate::kit::{Client, Router};
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr},
    sync::{Mutex, mpsc},
};

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// A router whose only upstream may be silent for a moment.
fn impatient(upstream: SocketAddr) -> Router {
    router(&super::to(upstream).replace("10s", "500ms"))
}

fn code(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains("content-type: application/problem+json"),
        "{head}"
    );
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(problem["status"], status(answer));
    (status(answer), problem["code"].as_str().unwrap().to_owned())
}

#[test]
fn the_ways_to_have_no_answer_are_told_apart() {
    // Not one that was free a moment ago: another test may have it by now.
    let refusing = (Ipv4Addr::LOCALHOST, 1).into();
    let got = exchange(&router_to(refusing), GET);
    assert_eq!(code(&got), (502, "UPSTREAM_UNREACHABLE".to_owned()));
    assert!(!got.contains("127.0.0.1"), "{got}");

    let breaking = Upstream::start(|mut connection| {
        connection.head();
    });
    let got = exchange(&router_to(breaking.address), GET);
    assert_eq!(code(&got), (502, "UPSTREAM_BROKEN".to_owned()));

    let babbling = Upstream::answering("220 smtp.example ready\r\n\r\n");
    let got = exchange(&router_to(babbling.address), GET);
    assert_eq!(code(&got), (502, "UPSTREAM_BROKEN".to_owned()));

    // What is left of them in the body would pass for the body; and nobody knows where an unknown one ends.
    for coding in ["gzip, chunked", "chunked, chunked", "xchunked"] {
        let coded = Upstream::answering(&format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: {coding}\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        ));
        let got = exchange(&router_to(coded.address), GET);
        assert_eq!(code(&got), (502, "UPSTREAM_BROKEN".to_owned()), "{coding}");
    }

    let silent = Upstream::start(|mut connection| connection.wait_for_end());
    let got = exchange(&impatient(silent.address), GET);
    assert_eq!(code(&got), (504, "GATEWAY_TIMEOUT".to_owned()));

    let empty = router("upstreams: { shop: { endpoints: [] } }\nroutes: [{ to: shop }]\n");
    let got = exchange(&empty, GET);
    assert_eq!(code(&got), (503, "UPSTREAM_UNAVAILABLE".to_owned()));
    assert!(got.contains("\r\nretry-after: 5\r\n"), "{got}");
}

#[test]
fn a_route_can_have_a_timeout_of_its_own() {
    let silent = Upstream::start(|mut connection| connection.wait_for_end());
    let config = super::to(silent.address).replace("to: shop", "to: shop, timeout: 50ms");
    let got = exchange(&router(&config), GET);
    assert_eq!(code(&got).0, 504);
}

#[test]
fn statuses_of_upstreams_are_theirs() {
    for theirs in [302, 404, 500, 502, 503, 504] {
        let answer = format!("HTTP/1.1 {theirs} Theirs\r\ncontent-length: 2\r\n\r\nno");
        let upstream = Upstream::answering(&answer);
        let got = exchange(&router_to(upstream.address), GET);
        assert_eq!(status(&got), theirs);
        assert!(got.ends_with("\r\n\r\nno"), "{got}");
    }
}

#[test]
fn an_upstream_that_dies_in_the_middle_is_seen_to() {
    let counted = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf-";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf-\r\n";
    for answer in [counted, chunked] {
        let upstream = Upstream::start(move |mut connection| {
            connection.head();
            connection.send(answer.as_bytes());
        });
        // The client asks to keep the connection, which only a cut can end.
        let got = exchange(
            &router_to(upstream.address),
            b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
        );
        assert_eq!(status(&got), 200);
        assert!(got.contains("half-"), "{got}");
        assert!(!got.contains("0\r\n\r\n"), "it looks whole: {got}");
        assert!(
            got.contains("content-length: 10\r\n") || got.contains("transfer-encoding: chunked"),
            "{got}"
        );
    }
}

#[tokio::test]
async fn a_client_of_http_2_sees_the_cut_too() {
    use http_body_util::{BodyExt, Empty};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let upstream = Upstream::start(|mut connection| {
        connection.head();
        connection.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf-\r\n");
    });
    let router = router_to(upstream.address);
    let stream = tokio::net::TcpStream::connect(router.address)
        .await
        .unwrap();
    let handshake =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("http://shop.example/")
        .body(Empty::<bytes::Bytes>::new())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let error = response.into_body().collect().await.unwrap_err();
    assert!(error.to_string().contains("error"), "{error}");
    assert!(upstream.heads()[0].contains("\r\nx-forwarded-host: shop.example\r\n"));
}

#[test]
fn an_upstream_that_falls_silent_in_the_middle_is_cut() {
    let upstream = Upstream::start(|mut connection| {
        connection.head();
        connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf-");
        connection.wait_for_end();
    });
    let got = exchange(
        &impatient(upstream.address),
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
    );
    assert!(got.ends_with("half-"), "{got}");
}

#[test]
fn a_client_that_stops_sending_is_to_blame_itself() {
    let upstream = Upstream::start(|mut connection| connection.wait_for_end());
    let got = exchange(
        &impatient(upstream.address),
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf-",
    );
    assert_eq!(code(&got), (408, "REQUEST_TIMEOUT".to_owned()));
}

#[test]
fn a_client_whose_chunks_are_broken_is_told() {
    let upstream = Upstream::start(|mut connection| connection.wait_for_end());
    let got = exchange(
        &router_to(upstream.address),
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf-\r\nzz\r\n",
    );
    assert_eq!(code(&got), (400, "BAD_REQUEST".to_owned()));
}

#[test]
fn a_request_whose_client_has_gone_is_dropped() {
    let (sender, events) = mpsc::channel();
    let sender = Mutex::new(sender);
    let upstream = Upstream::start(move |mut connection| {
        let sender = sender.lock().unwrap().clone();
        connection.head();
        sender.send("asked").unwrap();
        connection.wait_for_end();
        sender.send("dropped").unwrap();
    });
    let router = router_to(upstream.address);
    let mut client = connect(&router);
    client.write_all(GET).unwrap();
    assert_eq!(events.recv_timeout(super::PATIENCE), Ok("asked"));
    drop(client);
    assert_eq!(events.recv_timeout(super::PATIENCE), Ok("dropped"));
}

#[test]
fn an_answer_whose_client_has_gone_is_dropped() {
    let (sender, events) = mpsc::channel();
    let sender = Mutex::new(sender);
    let upstream = Upstream::start(move |mut connection| {
        let sender = sender.lock().unwrap().clone();
        connection.head();
        connection.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        while connection.send(b"1\r\nx\r\n") {}
        sender.send("dropped").unwrap();
    });
    let router = router_to(upstream.address);
    let mut client = connect(&router);
    client.write_all(GET).unwrap();
    let mut some = [0; 200];
    client.read_exact(&mut some).unwrap();
    client.shutdown(Shutdown::Both).unwrap();
    drop(client);
    assert_eq!(events.recv_timeout(super::PATIENCE), Ok("dropped"));
}

#[test]
fn an_upload_whose_client_has_gone_is_not_seen_as_whole() {
    let (sender, bodies) = mpsc::channel();
    let sender = Mutex::new(sender);
    let upstream = Upstream::start(move |mut connection| {
        connection.head();
        let mut body = String::new();
        let _ = connection.stream.read_to_string(&mut body);
        sender.lock().unwrap().send(body).unwrap();
    });
    let router = router_to(upstream.address);
    let mut client = connect(&router);
    client
        .write_all(
            b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf-\r\n",
        )
        .unwrap();
    drop(client);
    let body = bodies.recv_timeout(super::PATIENCE).unwrap();
    assert!(!body.contains("0\r\n\r\n"), "{body}");
}

#[test]
fn what_is_not_passed_on_says_so() {
    let upstream = Upstream::saying("x");
    let router = router_to(upstream.address);
    let trace = "TRACE / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let tunnel = "CONNECT other.example:443 HTTP/1.1\r\nhost: other.example:443\r\nconnection: close\r\n\r\n";
    for request in [trace, tunnel] {
        let got = exchange(&router, request.as_bytes());
        assert_eq!(code(&got), (501, "NOT_IMPLEMENTED".to_owned()), "{request}");
    }
    assert_eq!(upstream.heads(), Vec::<String>::new());
}

#[test]
fn protocols_are_not_switched_unasked() {
    let upstream = Upstream::answering(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: evil\r\n\r\nGET /smuggled",
    );
    let got = exchange(&router_to(upstream.address), GET);
    assert_eq!(code(&got), (502, "UPSTREAM_BROKEN".to_owned()));
}

#[test]
fn a_connection_goes_on_after_a_failure() {
    let router = router("upstreams: { shop: { endpoints: [] } }\nroutes: [{ to: shop }]\n");
    let mut client = Client::connect(router.address);
    for _ in 0..3 {
        assert!(client.request("GET /").start.contains("503"));
    }
    let mut stream = connect(&router);
    stream.write_all(GET).unwrap();
    assert_eq!(status(&drain(&mut stream)), 503);
}

#[test]
fn only_what_does_no_harm_is_sent_again_when_a_kept_connection_ends() {
    for (method, answered, sent) in [("GET", 200, 3), ("POST", 502, 2)] {
        // Each connection answers one request, keeps itself open, and ends with the next.
        let upstream = Upstream::start(|mut connection| {
            connection.head();
            connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            connection.head();
        });
        let router = router_to(upstream.address);
        let mut client = Client::connect(router.address);
        let request = format!("{method} /");
        assert!(client.request(&request).start.contains("200"));
        let second = client.request(&request).start;
        assert!(second.contains(&answered.to_string()), "{method}: {second}");
        assert_eq!(upstream.heads().len(), sent, "{method}");
    }
}
