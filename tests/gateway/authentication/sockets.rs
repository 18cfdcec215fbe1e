//! WebSockets are let in by a token, and end with it.

use super::{claims, in_seconds, issuer::Key, key_file, key_set};
use crate::kit::{Answer, Exchange, Fake, Router};
use serde_json::json;
use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    path::Path,
    time::Duration,
};

/// Far longer than any token here has left, and shorter than WebSockets may be idle.
const PATIENCE: Duration = Duration::from_secs(20);
/// To the key of the request below.
const AGREED: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Opens one with a token that expires then. The head of the answer, with the connection.
fn open(router: &Router, upstream: &Fake, token: &str) -> (TcpStream, String) {
    upstream.expect(vec![Exchange {
        expected: None,
        answer: Answer::Bytes(AGREED.to_vec()),
    }]);
    let mut client = TcpStream::connect(router.address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "GET /chat HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    client.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    (client, String::from_utf8(head).unwrap())
}

#[test]
fn a_websocket_ends_with_the_token_that_let_it_in() {
    let key = Key::p256("a");
    let path = key_file("sockets", &key_set(&[&key]));
    let upstream = Fake::upstream("shop");
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs/shop.graphql");
    let config = format!(
        "authentication: {{ router: {{ jwt: {{ jwks: [{{ url: 'file://{}' }}] }} }} }}
upstreams: {{ shop: {{ endpoints: ['http://{}'] }} }}
routes: [{{ match: {{ path: /** }}, to: shop }}]\n",
        path.display(),
        upstream.address
    );
    let router = Router::start(&config, &fs::read_to_string(shop).unwrap());
    // Clocks may differ by a minute: of this one two seconds are left.
    let ending = json!({ "sub": "u1", "exp": in_seconds(-58) });
    let (mut client, answer) = open(&router, &upstream, &key.token("ES256", &ending));
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    let mut rest = Vec::new();
    match client.read_to_end(&mut rest) {
        Ok(_) => assert_eq!(rest, b""),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    let over = json!({ "sub": "u1", "exp": in_seconds(-61) });
    for (claims, status) in [(claims(), 101), (over, 401)] {
        let (_, answer) = open(&router, &upstream, &key.token("ES256", &claims));
        let expected = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&expected), "{answer}");
    }
}
