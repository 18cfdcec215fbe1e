//! Requests that two servers could read as two different ones.

use super::{Upstream, exchange, router_to, status};

const CHUNKS: &str = "\r\n5\r\nhello\r\n0\r\n\r\n";

/// Heads, and what follows them.
#[rustfmt::skip]
const AMBIGUOUS: [(&str, &str, &str); 17] = [
    ("no host", "GET / HTTP/1.1\r\n", "\r\n"),
    ("two hosts", "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n", "\r\n"),
    ("two equal hosts", "GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n", "\r\n"),
    ("a user in the host", "GET / HTTP/1.1\r\nhost: a@b\r\n", "\r\n"),
    ("a path in the host", "GET / HTTP/1.1\r\nhost: a/b\r\n", "\r\n"),
    ("a target for another host", "GET http://b/ HTTP/1.1\r\nhost: a\r\n", "\r\n"),
    ("a user in the target", "GET http://u@a/ HTTP/1.1\r\nhost: a\r\n", "\r\n"),
    ("chunked twice", "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", CHUNKS),
    ("chunked, then not", "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, identity\r\n", CHUNKS),
    ("an unknown coding", "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: xchunked\r\n", CHUNKS),
    ("two lengths", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n", "\r\nhello!"),
    ("a list of lengths", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5, 5\r\n", "\r\nhello"),
    ("a signed length", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +5\r\n", "\r\nhello"),
    ("a space before a colon", "GET / HTTP/1.1\r\nhost : a\r\n", "\r\n"),
    ("a folded line", "GET / HTTP/1.1\r\nhost: a\r\nx: 1\r\n 2\r\n", "\r\n"),
    ("credentials to be lost", "GET / HTTP/1.1\r\nhost: a\r\nconnection: Authorization\r\n", "\r\n"),
    ("cookies to be lost", "GET / HTTP/1.1\r\nhost: a\r\nconnection: x, cookie\r\n", "\r\n"),
];

#[test]
fn a_request_with_two_meanings_is_refused() {
    let upstream = Upstream::saying("x");
    let router = router_to(upstream.address);
    for (what, head, rest) in AMBIGUOUS {
        let request = format!("{head}connection: close\r\n{rest}");
        let got = exchange(&router, request.as_bytes());
        assert_eq!(status(&got), 400, "{what}: {got}");
    }
    assert_eq!(upstream.heads(), Vec::<String>::new());
}

#[test]
fn an_answer_with_two_lengths_gets_the_one_that_was_read() {
    let upstream = Upstream::answering(
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    );
    let got = exchange(
        &router_to(upstream.address),
        b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    );
    assert!(!got.contains("content-length"), "{got}");
    assert!(got.ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "{got}");
}

#[test]
fn what_is_read_in_one_way_is_passed_on_in_that_way_alone() {
    // hyper takes the chunks and drops the length before anyone sees it; so does the upstream get it.
    let upstream = Upstream::start(|mut connection| {
        while let Some(head) = connection.head() {
            let mut body = String::new();
            if head.contains("transfer-encoding: chunked") {
                use std::io::BufRead;
                while !body.ends_with("0\r\n\r\n") {
                    connection.stream.read_line(&mut body).unwrap();
                }
            }
            connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let router = router_to(upstream.address);
    exchange(
        &router,
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 60\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n\
          0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: a\r\nx: y\r\n\r\n",
    );
    for head in upstream.heads() {
        assert!(
            !(head.contains("content-length") && head.contains("transfer-encoding")),
            "{head}"
        );
        assert!(!head.contains("smuggled"), "{head}");
    }
}

#[test]
fn a_refused_body_is_not_read_as_the_next_request() {
    let upstream = Upstream::saying("x");
    let router = router_to(upstream.address);
    let got = exchange(
        &router,
        b"POST /a/../b HTTP/1.1\r\nhost: a\r\ncontent-length: 42\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: a\r\nx: yyyy\r\n\
          GET /last HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    );
    assert_eq!(status(&got), 400);
    assert!(
        upstream
            .heads()
            .iter()
            .all(|head| !head.contains("smuggled"))
    );
}

#[test]
fn old_clients_may_leave_the_host_out() {
    let upstream = Upstream::saying("x");
    let router = router_to(upstream.address);
    let got = exchange(&router, b"GET / HTTP/1.0\r\n\r\n");
    assert_eq!(status(&got), 200);
    assert!(upstream.heads()[0].starts_with("GET / HTTP/1.1\r\n"));
}
