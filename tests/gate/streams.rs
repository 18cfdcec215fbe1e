//! Answers that come piece by piece, and bodies that wait to be asked for.

use super::{PATIENCE, counting, router};
use crate::kit::Client;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
};

/// An upstream that answers each request with this head, and then sends each piece when it is told to.
fn upstream(head: &'static str, pieces: &'static [&'static str]) -> (SocketAddr, mpsc::Sender<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (go, goes) = mpsc::channel();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        while stream.read_line(&mut line).unwrap() > 2 {
            line.clear();
        }
        stream.get_mut().write_all(head.as_bytes()).unwrap();
        for piece in pieces {
            goes.recv().unwrap();
            let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
            stream.get_mut().write_all(chunk.as_bytes()).unwrap();
        }
        stream.get_mut().write_all(b"0\r\n\r\n").unwrap();
    });
    (address, go)
}

#[test]
fn each_event_of_a_stream_comes_when_it_is_sent() {
    const EVENTS: [&str; 4] = [
        "data: 1\n\n",
        ": a comment\n\n",
        "data: 2\n\n",
        "data: 3\n\n",
    ];
    let (address, go) = upstream(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
        &EVENTS,
    );
    let router = router(address, "");
    let mut stream = TcpStream::connect(router.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(b"GET /events HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip, br, zstd\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(stream.read_line(&mut head).unwrap() > 0);
    }
    assert!(
        head.starts_with("HTTP/1.1 200 ") && !head.contains("content-encoding"),
        "{head}"
    );
    for event in EVENTS {
        // The next one is not sent before this one has come through.
        go.send(()).unwrap();
        let mut chunk = vec![0; format!("{:X}\r\n{event}\r\n", event.len()).len()];
        stream.read_exact(&mut chunk).unwrap();
        assert!(String::from_utf8_lossy(&chunk).contains(event));
    }
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "0\r\n\r\n");
}

#[test]
fn a_body_is_asked_for_when_somebody_is_there_to_take_it() {
    let expecting =
        "POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n";
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let router = router(gone, "");
    let mut client = Client::connect(router.address);
    client.send(expecting.as_bytes());
    assert_eq!(client.response().unwrap().start, "HTTP/1.1 502 Bad Gateway");

    let upstream = counting();
    let router = super::router(upstream.address, "");
    let mut client = Client::connect(router.address);
    client.send(expecting.as_bytes());
    assert_eq!(client.response().unwrap().start, "HTTP/1.1 100 Continue");
    client.send(b"hello");
    assert_eq!(client.response().unwrap().start, "HTTP/1.1 200 OK");
    assert_eq!(upstream.count(), 1);
}

#[test]
fn parts_of_an_answer_are_the_upstreams_business() {
    let (address, _go) = upstream(
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/10\r\nAccept-Ranges: bytes\r\nContent-Length: 2\r\n\r\nab",
        &[],
    );
    let router = router(address, "");
    let answer = Client::connect(router.address).request("GET /\nrange: bytes=0-1\n\n");
    assert_eq!(answer.start, "HTTP/1.1 206 Partial Content");
    assert_eq!(answer.header("content-range"), Some("bytes 0-1/10"));
    assert_eq!(answer.body, b"ab");
}
