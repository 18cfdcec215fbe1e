//! WebSockets: only what the upstream has really agreed to is passed on unread.

use super::{PATIENCE, counting, router};
use crate::kit::Router;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
};

/// RFC 6455 section 1.3.
const HANDSHAKE: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nOrigin: http://shop.example\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\n\r\n";
const AGREED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n";

/// An upstream that gives each handshake this answer, and from then on says back what it hears. Its heads come, then all
/// that was said on a connection.
fn upstream(answer: &'static str) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (told, tells) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            told.send(head(&mut stream)).unwrap();
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            let (mut said, mut piece) = (Vec::new(), [0; 1000]);
            while let Ok(length @ 1..) = stream.read(&mut piece) {
                said.extend_from_slice(&piece[..length]);
                if stream.get_mut().write_all(&piece[..length]).is_err() {
                    break;
                }
            }
            told.send(String::from_utf8_lossy(&said).into_owned())
                .unwrap();
        }
    });
    (address, tells)
}

fn head(stream: &mut impl BufRead) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).unwrap() > 0 {}
    head
}

fn connect(router: &Router) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(router.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    BufReader::new(stream)
}

/// Sends this, and reads the head of the answer.
fn shake(router: &Router, bytes: &str) -> (BufReader<TcpStream>, String) {
    let mut client = connect(router);
    client.get_mut().write_all(bytes.as_bytes()).unwrap();
    let head = head(&mut client);
    (client, head)
}

fn hear(client: &mut BufReader<TcpStream>, expected: &str) {
    let mut heard = vec![0; expected.len()];
    client.read_exact(&mut heard).unwrap();
    assert_eq!(String::from_utf8_lossy(&heard), expected);
}

/// Reads to the end.
fn rest(mut client: BufReader<TcpStream>) -> String {
    let mut rest = String::new();
    client.read_to_string(&mut rest).unwrap();
    rest
}

#[test]
fn what_both_sides_say_is_passed_on() {
    let (address, tells) = upstream(AGREED);
    let router = router(address, "");
    // What the client says too early waits for the answer.
    let (mut client, answer) = shake(&router, &format!("{HANDSHAKE}early "));
    let answer = answer.to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 101 "), "{answer}");
    for line in [
        "upgrade: websocket",
        "connection: upgrade",
        "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=",
        "sec-websocket-protocol: chat",
    ] {
        assert!(answer.contains(&format!("\r\n{line}\r\n")), "{answer}");
    }
    assert!(!answer.contains("content-length"), "{answer}");
    let asked = tells.recv().unwrap().to_ascii_lowercase();
    for line in [
        "upgrade: websocket",
        "connection: upgrade",
        "origin: http://shop.example",
        "sec-websocket-version: 13",
    ] {
        assert!(asked.contains(&format!("\r\n{line}\r\n")), "{asked}");
    }
    hear(&mut client, "early ");
    for word in ["one ", "GET / HTTP/1.1\r\n\r\n", "\0\u{1}three"] {
        client.get_mut().write_all(word.as_bytes()).unwrap();
        hear(&mut client, word);
    }
    drop(client);
    assert_eq!(
        tells.recv().unwrap(),
        "early one GET / HTTP/1.1\r\n\r\n\0\u{1}three"
    );
}

#[test]
fn an_answer_that_does_not_agree_is_an_answer_and_the_end() {
    let (address, tells) = upstream("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    let router = router(address, "");
    let (client, answer) = shake(
        &router,
        &format!("{HANDSHAKE}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"),
    );
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(rest(client), "no");
    assert!(tells.recv().unwrap().starts_with("GET /chat "));
    drop(router);
    assert_eq!(tells.recv().unwrap(), "");
}

#[test]
fn an_agreement_that_is_none_is_502() {
    for answer in [
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    ] {
        let (address, tells) = upstream(answer);
        let router = router(address, "");
        let (client, head) = shake(&router, &format!("{HANDSHAKE}early"));
        assert!(head.starts_with("HTTP/1.1 502 "), "{head}");
        rest(client);
        tells.recv().unwrap();
        // Nothing that the client said has come through.
        assert_eq!(tells.recv().unwrap(), "", "{answer}");
    }
}

#[test]
fn a_malformed_handshake_is_refused() {
    let upstream = counting();
    let router = router(upstream.address, "");
    for (from, to) in [
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "short"),
        ("keep-alive, Upgrade", "keep-alive"),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""),
    ] {
        assert!(HANDSHAKE.contains(from));
        let (client, head) = shake(&router, &HANDSHAKE.replace(from, to));
        assert!(head.starts_with("HTTP/1.1 400 "), "{to}: {head}");
        rest(client);
    }
    assert_eq!(upstream.count(), 0);
}

#[test]
fn a_websocket_where_nothing_is_said_ends() {
    let (address, tells) = upstream(AGREED);
    let router = router(address, "websocket: { idle_timeout: 50ms }\n");
    let (client, answer) = shake(&router, HANDSHAKE);
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert_eq!(rest(client), "");
    tells.recv().unwrap();
    assert_eq!(tells.recv().unwrap(), "");
}

#[test]
fn a_websocket_has_its_time() {
    let (address, _tells) = upstream(AGREED);
    let router = router(address, "websocket: { max_lifetime: 100ms }\n");
    let (mut client, answer) = shake(&router, HANDSHAKE);
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    // It is not idle for a moment.
    while client.get_mut().write_all(b"x").is_ok() {
        if client.read(&mut [0; 1]).is_ok_and(|length| length == 0) {
            break;
        }
    }
}

#[test]
fn a_stopping_router_leaves_websockets_the_grace() {
    let (address, _tells) = upstream(AGREED);
    let mut router = router(address, "server: { shutdown: { grace: 2s } }\n");
    let (mut client, _) = shake(&router, HANDSHAKE);
    router.begin_to_stop();
    while TcpStream::connect(router.address).is_ok() {}
    client.get_mut().write_all(b"still here").unwrap();
    hear(&mut client, "still here");
    router.wait();
    let mut rest = Vec::new();
    // A reset is an end, too.
    let _ = client.read_to_end(&mut rest);
    assert_eq!(rest, b"");
}

#[test]
fn an_open_websocket_takes_a_place() {
    let (address, _tells) = upstream(AGREED);
    let router = router(address, "server: { http: { max_connections_per_ip: 1 } }\n");
    let (mut client, _) = shake(&router, HANDSHAKE);
    let (other, answer) = shake(&router, "");
    assert_eq!((answer.as_str(), rest(other).as_str()), ("", ""));
    client.get_mut().write_all(b"x").unwrap();
    hear(&mut client, "x");
}

#[test]
fn an_open_websocket_counts_at_its_upstream() {
    let (address, _tells) = upstream(AGREED);
    let limited = |limits: &str| {
        let supergraph = include_str!("../cases/supergraphs/shop.graphql");
        let upstreams = format!(
            "upstreams: {{ shop: {{ endpoints: ['http://{address}'], timeout: 1s, limits: {{ {limits} }} }} }}"
        );
        let config = format!("{upstreams}\nroutes: [{{ match: {{ path: /** }}, to: shop }}]\n");
        Router::start(&config, supergraph)
    };
    for (limits, beyond) in [("max_requests: 1", 503), ("max_connections: 1", 504)] {
        let router = limited(limits);
        let (client, answer) = shake(&router, HANDSHAKE);
        assert!(answer.starts_with("HTTP/1.1 101 "), "{limits}: {answer}");
        let (_, answer) = shake(&router, HANDSHAKE);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {beyond} ")),
            "{limits}: {answer}"
        );
        drop(client);
        // The place is free a moment after the end.
        let answers = std::iter::repeat_with(|| shake(&router, HANDSHAKE).1);
        let taken = answers
            .take(1000)
            .find(|answer| answer.starts_with("HTTP/1.1 101 "));
        assert!(taken.is_some(), "{limits}");
    }
}
