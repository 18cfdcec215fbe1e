//! Bodies that turn out too large while they stream.

use super::{Upstream, connect, exchange, router, status};
use std::io::{Read, Write};

fn config(upstream: &Upstream, settings: &str) -> String {
    format!(
        "\
upstreams: {{ shop: {{ endpoints: ['http://{}'], timeout: 10s }} }}
routes: [{{ to: shop, {settings} }}]
",
        upstream.address
    )
}

#[test]
fn a_request_that_says_too_much_is_not_asked_for_its_body() {
    let upstream = Upstream::saying("x");
    let router = router(&config(&upstream, "max_request_bytes: 4B"));
    let answer = exchange(
        &router,
        b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n",
    );
    assert_eq!(status(&answer), 413, "{answer}");
    assert!(
        answer.contains("\"code\":\"REQUEST_TOO_LARGE\""),
        "{answer}"
    );
    assert_eq!(upstream.heads(), Vec::<String>::new());
}

#[test]
fn a_request_that_turns_out_too_large_is_refused_before_its_end() {
    // It never answers, for the request never comes to its end.
    let upstream = Upstream::start(|mut connection| {
        connection.head();
        connection.wait_for_end();
    });
    let router = router(&config(&upstream, "max_request_bytes: 4B"));
    let mut stream = connect(&router);
    stream
        .write_all(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n")
        .unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
}

#[test]
fn an_answer_that_turns_out_too_large_is_cut() {
    let upstream = Upstream::answering(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    );
    let router = router(&config(&upstream, "max_response_bytes: 4B"));
    let answer = exchange(
        &router,
        b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    );
    assert_eq!(status(&answer), 200);
    assert!(!answer.ends_with("0\r\n\r\n"), "{answer}");
}
