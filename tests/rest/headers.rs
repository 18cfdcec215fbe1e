//! Which headers cross, and how bodies are framed on the other side.

use super::{Upstream, exchange, header_lines, router, router_to, status};

/// The header lines that the upstream got with its only request.
fn seen(upstream: &Upstream) -> String {
    let heads = upstream.heads();
    assert_eq!(heads.len(), 1, "{heads:?}");
    let lines = header_lines(&heads[0]).join("\n");
    lines.replace(&upstream.address.to_string(), "UPSTREAM")
}

#[test]
fn a_request_keeps_what_is_its_own_and_loses_what_it_may_not_say() {
    let upstream = Upstream::saying("x");
    let router = router_to(upstream.address);
    exchange(
        &router,
        b"POST /a HTTP/1.1\r\nHost: shop.example:8080\r\nConnection: close, X-Mine, te\r\n\
          Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\n\
          TE: trailers, gzip;q=0.5\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nExpect: 100-continue\r\n\
          X-Mine: dropped\r\nAuthorization: Bearer t\r\nCookie: a=b\r\nCookie: c=d\r\nContent-Type: text/plain\r\n\
          Content-Length: 2\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Anything: evil\r\n\
          Forwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nTrue-Client-IP: 6.6.6.6\r\nX-Consumer-ID: root\r\n\
          X-Original-URL: /admin\r\nX-HTTP-Method-Override: DELETE\r\nProxy: http://evil\r\nVia: 1.0 before\r\n\
          X-Own: kept\r\n\r\nhi",
    );
    insta::assert_snapshot!(seen(&upstream), @r###"
    authorization: Bearer t
    connection: te
    content-length: 2
    content-type: text/plain
    cookie: a=b
    cookie: c=d
    forwarded: for=127.0.0.1;proto=http;host="shop.example:8080"
    host: UPSTREAM
    te: trailers
    via: 1.0 before
    via: 1.1 graphway
    x-forwarded-for: 127.0.0.1
    x-forwarded-host: shop.example:8080
    x-forwarded-proto: http
    x-own: kept
    x-real-ip: 127.0.0.1
    "###);
}

#[test]
fn the_host_can_be_kept() {
    let upstream = Upstream::saying("x");
    let config = super::to(upstream.address).replace("to: shop", "to: shop, preserve_host: true");
    let router = router(&config);
    exchange(
        &router,
        b"GET /a HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n",
    );
    assert!(seen(&upstream).contains("host: shop.example\n"));
}

#[test]
fn an_answer_keeps_what_is_its_own() {
    let upstream = Upstream::answering(
        "HTTP/1.1 201 Made\r\nconnection: keep-alive, x-inner\r\nkeep-alive: timeout=5\r\nx-inner: secret\r\n\
         proxy-authenticate: Basic\r\nupgrade: h2c\r\ndate: Tue, 24 Nov 2026 03:00:00 GMT\r\nset-cookie: a=1\r\n\
         set-cookie: b=2\r\nlocation: /a/1\r\nserver: theirs\r\ncontent-length: 2\r\n\r\nok",
    );
    let router = router_to(upstream.address);
    let answer = exchange(
        &router,
        b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    insta::assert_snapshot!(header_lines(&answer).join("\n"), @r###"
    connection: close
    content-length: 2
    date: Tue, 24 Nov 2026 03:00:00 GMT
    location: /a/1
    server: theirs
    set-cookie: a=1
    set-cookie: b=2
    "###);
    assert_eq!(status(&answer), 201);
    assert!(answer.ends_with("\r\n\r\nok"));
}

#[test]
fn answers_without_a_body_keep_their_length() {
    for (method, answer, length) in [
        (
            "HEAD",
            "HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n",
            Some("1234"),
        ),
        (
            "GET",
            "HTTP/1.1 304 Not Modified\r\netag: \"a\"\r\n\r\n",
            None,
        ),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", None),
        (
            "GET",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            Some("0"),
        ),
    ] {
        let upstream = Upstream::start(move |mut connection| {
            while let Some(head) = connection.head() {
                let is_last = head.starts_with("GET /last ");
                let last = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlast";
                connection.send(if is_last { last } else { answer }.as_bytes());
            }
        });
        let router = router_to(upstream.address);
        let request = format!(
            "{method} / HTTP/1.1\r\nhost: x\r\n\r\nGET /last HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        );
        let got = exchange(&router, request.as_bytes());
        let (first, rest) = got.split_once("\r\n\r\n").unwrap();
        let header = first
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        assert_eq!(header, length, "{answer}");
        // The next answer begins where this one ends.
        assert!(rest.starts_with("HTTP/1.1 200 "), "{answer}: {rest}");
        assert!(rest.ends_with("last"), "{answer}: {rest}");
    }
}

#[test]
fn bodies_are_framed_anew() {
    for (request, framing) in [
        (
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            "content-length: 0",
        ),
        (
            "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            "content-length: 0",
        ),
        (
            "PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi",
            "content-length: 2",
        ),
        (
            "GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi",
            "content-length: 2",
        ),
        ("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", ""),
    ] {
        let upstream = Upstream::saying("x");
        let router = router_to(upstream.address);
        assert_eq!(
            status(&exchange(&router, request.as_bytes())),
            200,
            "{request}"
        );
        let seen = seen(&upstream);
        let framings: Vec<&str> = seen
            .lines()
            .filter(|line| line.starts_with("content-length") || line.starts_with("transfer-"))
            .collect();
        assert_eq!(framings.join(", "), framing, "{request}");
    }
}

/// Reads a body in chunks with its trailers, as it is on the wire.
fn chunked(connection: &mut super::upstream::Connection) -> String {
    use std::io::BufRead;
    let mut wire = String::new();
    loop {
        let mut size = String::new();
        connection.stream.read_line(&mut size).unwrap();
        let length = usize::from_str_radix(size.trim(), 16).unwrap();
        wire.push_str(&size);
        if length == 0 {
            while !wire.ends_with("\r\n\r\n") {
                connection.stream.read_line(&mut wire).unwrap();
            }
            return wire;
        }
        wire.push_str(std::str::from_utf8(&connection.body(length + 2)).unwrap());
    }
}

#[test]
fn trailers_cross_in_both_directions() {
    let (sender, bodies) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let upstream = Upstream::start(move |mut connection| {
        connection.head();
        let body = chunked(&mut connection);
        sender.lock().unwrap().send(body).unwrap();
        connection.send(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n",
        );
    });
    let router = router_to(upstream.address);
    let answer = exchange(
        &router,
        b"GET / HTTP/1.1\r\nhost: x\r\nte: trailers\r\nconnection: close, te\r\ntransfer-encoding: chunked\r\n\
          trailer: x-check, x-forwarded-for, authorization\r\n\r\n2\r\nhi\r\n0\r\nx-check: 1\r\n\
          x-forwarded-for: 6.6.6.6\r\nauthorization: Bearer t\r\n\r\n",
    );
    assert_eq!(bodies.recv().unwrap(), "2\r\nhi\r\n0\r\nx-check: 1\r\n\r\n");
    assert!(
        answer.ends_with("\r\n\r\n2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n"),
        "{answer}"
    );
}

#[test]
fn trailers_say_nothing_that_headers_may_not() {
    let (sender, bodies) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let upstream = Upstream::start(move |mut connection| {
        connection.head();
        let body = chunked(&mut connection);
        sender.lock().unwrap().send(body).unwrap();
        connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    let router = router(&format!(
        "upstreams: {{ shop: {{ endpoints: ['http://{}'] }} }}
authentication: {{ api_key: {{}}, forward: {{ url: 'http://127.0.0.1:9/', response_headers: [x-user] }} }}
consumers: [{{ name: app, api_keys: [{{ sha256: ea15307d5014284174761b842f9352a857a93a3b2df3f23b69ac21d8b24ee805 }}] }}]
policies: {{ p: {{ auth: [api_key] }} }}
routes:
  - match: {{ path: /** }}
    to: shop
    policies: [p]
    request:
      headers: [{{ set: {{ x-tier: gold }} }}, {{ remove: [x-debug] }}, {{ rename: {{ x-old: x-new }} }}]
",
        upstream.address
    ));
    let names = "x-api-key x-user x-tier x-debug x-old x-new x-consumer-username via traceparent tracestate \
                 x-forwarded-client-cert authorization cookie";
    let names: Vec<&str> = names.split(' ').collect();
    let trailers: Vec<String> = names
        .iter()
        .map(|name| format!("{name}: admin\r\n"))
        .collect();
    let request = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nx-api-key: key-of-app\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\
         trailer: x-check, {}\r\n\r\n2\r\nhi\r\n0\r\nx-check: 1\r\n{}\r\n",
        names.join(", "),
        trailers.concat(),
    );
    let answer = exchange(&router, request.as_bytes());
    assert_eq!(status(&answer), 200, "{answer}");
    assert_eq!(bodies.recv().unwrap(), "2\r\nhi\r\n0\r\nx-check: 1\r\n\r\n");
}

#[test]
fn a_client_that_asks_before_it_sends_is_told_to_go_on() {
    use std::io::{Read, Write};
    let upstream = Upstream::saying("done");
    let router = router_to(upstream.address);
    let mut client = super::connect(&router);
    client
        .write_all(b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut interim = [0; 25];
    client.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"hi").unwrap();
    let answer = super::drain(&mut client);
    assert!(answer.ends_with("done"), "{answer}");
}

#[tokio::test]
async fn crumbs_of_a_cookie_are_one_to_those_who_do_not_know_http_2() {
    use http_body_util::{BodyExt, Empty};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let upstream = Upstream::saying("x");
    let router = router_to(upstream.address);
    let stream = tokio::net::TcpStream::connect(router.address).await;
    let io = TokioIo::new(stream.unwrap());
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("http://shop.example/")
        .header("cookie", "a=1")
        .header("cookie", "b=2; c=3")
        .body(Empty::<bytes::Bytes>::new());
    let answer = sender.send_request(request.unwrap()).await.unwrap();
    answer.into_body().collect().await.unwrap();
    let seen = seen(&upstream);
    assert!(seen.contains("cookie: a=1; b=2; c=3"), "{seen}");
}
