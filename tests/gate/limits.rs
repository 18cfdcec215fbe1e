//! How many, how much, how long.

use super::{PATIENCE, counting, router};
use crate::kit::Client;
use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
};

const GET: &str = "GET /\n\n";

#[test]
fn one_address_has_so_many_connections() {
    let upstream = counting();
    let router = router(
        upstream.address,
        "server: { http: { max_connections_per_ip: 2 } }\n",
    );
    let mut first = Client::connect(router.address);
    let mut second = Client::connect(router.address);
    assert_eq!(first.request(GET).start, "HTTP/1.1 200 OK");
    assert_eq!(second.request(GET).start, "HTTP/1.1 200 OK");
    let mut third = Client::connect(router.address);
    let _ = third.try_send(&crate::kit::wire(GET));
    assert!(third.try_response().is_none());
    drop(first);
    // The place is given back when the worker has noticed.
    loop {
        let mut fourth = Client::connect(router.address);
        if fourth.try_send(&crate::kit::wire(GET)).is_ok() && fourth.try_response().is_some() {
            break;
        }
    }
    assert_eq!(second.request(GET).start, "HTTP/1.1 200 OK");
}

#[test]
fn too_many_headers_and_too_large_heads_are_431() {
    let upstream = counting();
    let router = router(
        upstream.address,
        "limits: { http1_max_request_headers: 10, http1_max_request_buf_size: 1000 }\n",
    );
    let status = |headers: &str| {
        let mut client = Client::connect(router.address);
        client.send(format!("GET / HTTP/1.1\r\nhost: a\r\n{headers}\r\n").as_bytes());
        let answer = client.response().unwrap();
        client.until_closed();
        answer.start
    };
    let too_large = "HTTP/1.1 431 Request Header Fields Too Large";
    assert_eq!(status(&"x: y\r\n".repeat(10)), too_large);
    assert_eq!(status(&format!("x: {}\r\n", "y".repeat(1000))), too_large);
    assert_eq!(upstream.count(), 0);
}

#[test]
fn a_client_that_reads_nothing_is_given_up() {
    // More than the buffers between hold.
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n{}",
        "x".repeat(100_000_000)
    );
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let upstream = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 1000]).unwrap() > 0);
        stream.write_all(answer.as_bytes()).is_err()
    });
    let router = router(address, "server: { http: { write_timeout: 100ms } }\n");
    let mut client = TcpStream::connect(router.address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .unwrap();
    assert!(
        upstream.join().unwrap(),
        "the upstream could send everything"
    );
    let mut got = Vec::new();
    match client.read_to_end(&mut got) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    assert!(got.len() < 100_000_000);
}
