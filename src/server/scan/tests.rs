//! The scanner alone: the same verdict in whatever pieces, and hyper agrees where requests end.

use super::*;
use http_body_util::BodyExt;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use proptest::{prelude::*, sample};
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const LIMITS: Limits = Limits {
    headers_max: 8,
    head_bytes_max: 300,
};

/// Feeds pieces as the wire does. What was found sound, and the fault.
fn feed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Option<Fault>) {
    let mut scanner = Scanner::new(LIMITS);
    let (mut passed, mut held) = (Vec::new(), Vec::new());
    for piece in pieces {
        held.extend_from_slice(piece);
        let (sound, outcome) = scanner.scan(&held);
        passed.extend(held.drain(..sound));
        if let Err(fault) = outcome {
            return (passed, Some(fault));
        }
    }
    (passed, None)
}

/// The bodies of the requests in sound bytes. None: they end within one.
fn bodies(bytes: &[u8]) -> Option<Vec<usize>> {
    let mut scanner = Scanner::new(LIMITS);
    let (mut bodies, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        let is_head = scanner.is_at_head();
        let is_data = matches!(scanner.state, State::Body(_) | State::ChunkData(_));
        let length = scanner.step(rest).unwrap()?;
        rest = &rest[length..];
        if is_head {
            bodies.push(0);
        } else if is_data {
            *bodies.last_mut().unwrap() += length;
        }
    }
    scanner.is_at_head().then_some(bodies)
}

/// The same as hyper has it.
async fn bodies_by_hyper(bytes: Vec<u8>) -> Vec<usize> {
    let (mut client, server) = tokio::io::duplex(1 << 20);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let bodies = Arc::clone(&seen);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let bodies = Arc::clone(&bodies);
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            bodies.lock().unwrap().push(body.len());
            Ok::<_, Infallible>(http::Response::new(String::new()))
        }
    });
    client.write_all(&bytes).await.unwrap();
    client.shutdown().await.unwrap();
    let served = http1::Builder::new()
        .half_close(true)
        .serve_connection(TokioIo::new(server), service);
    let mut answers = Vec::new();
    let (served, _) = tokio::join!(served, client.read_to_end(&mut answers));
    served.unwrap();
    let seen = seen.lock().unwrap();
    seen.clone()
}

/// Pieces of requests: good ones, and some that are good elsewhere or nowhere.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let line = sample::select(vec![
        "GET / HTTP/1.1\r\n",
        "POST /a?b HTTP/1.1\r\n",
        "PUT http://a/ HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\n",
        "\r\nGET / HTTP/1.1\r\n",
        "GET / HTTP/1.0\r\nconnection: keep-alive\r\n",
        "GET /\n",
        "OPTIONS * HTTP/1.1\r\n",
        "",
    ]);
    let header = sample::select(vec![
        "x: y\r\n",
        "a:\r\n",
        "accept: */*\r\n",
        "connection: keep-alive\r\n",
        "x-long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
        "cookie: a=b; c=d\r\n",
        "x: y\r\n",
        "x: y\n",
        "x : y\r\n",
        " y\r\n",
        "x: \0\r\n",
        "x: a\rb\r\n",
        "host: b\r\n",
        "Content-Length: 3\r\n",
        "transfer-encoding: Chunked\r\n",
        "upgrade: h2c\r\n",
    ]);
    let end = sample::select(vec![
        "\r\n",
        "\r\n",
        "content-length: 3\r\n\r\nabc",
        "content-length:0\r\n\r\n",
        "content-length: 3\r\n\r\nab",
        "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n1\r\na\r\n00b\r\n0123456789a\r\n0\r\nx: y\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
        "content-length: 3, 3\r\n\r\nabc",
        "\n",
    ]);
    (line, prop::collection::vec(header, 0..4), end).prop_map(|(line, headers, end)| {
        format!("{line}host: a\r\n{}{end}", headers.concat()).into_bytes()
    })
}

/// Requests of which most are good.
fn requests() -> impl Strategy<Value = Vec<u8>> {
    let good = sample::select(vec![
        &b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"[..],
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nhost: a\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ]);
    let one = prop_oneof![good.prop_map(<[u8]>::to_vec), request()];
    prop::collection::vec(one, 1..4).prop_map(|all| all.concat())
}

fn pieces<'a>(bytes: &'a [u8], cuts: &[sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places
        .windows(2)
        .map(|pair| &bytes[pair[0]..pair[1]])
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_make_no_difference(
        bytes in requests(),
        cuts in prop::collection::vec(any::<sample::Index>(), 0..8),
    ) {
        let whole = feed([&bytes[..]]);
        prop_assert!(bytes.starts_with(&whole.0));
        prop_assert_eq!(&feed(pieces(&bytes, &cuts)), &whole);
        prop_assert_eq!(&feed(bytes.chunks(1)), &whole);
    }

    #[test]
    fn hyper_sees_the_same_requests(bytes in requests()) {
        let (passed, _) = feed([&bytes[..]]);
        if let Some(bodies) = bodies(&passed) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            prop_assert_eq!(runtime.block_on(bodies_by_hyper(passed)), bodies);
        }
    }
}

#[test]
fn most_of_what_is_made_up_is_sound_to_its_end() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let made = (0..500).map(|_| requests().new_tree(&mut runner).unwrap().current());
    let sound = made.filter(|bytes| feed([&bytes[..]]).0 == *bytes).count();
    assert!((100..450).contains(&sound), "{sound} of 500");
}

#[test]
fn a_head_may_be_as_large_as_the_limit() {
    let head = |length: usize| {
        let start = "GET / HTTP/1.1\r\nhost: a\r\nx: ";
        let filling = "y".repeat(length - start.len() - 4);
        format!("{start}{filling}\r\n\r\n").into_bytes()
    };
    assert_eq!(feed([&head(300)[..]]).1, None);
    assert_eq!(feed([&head(301)[..]]), (vec![], Some(Fault::HeadTooLarge)));
    let headers = |count: usize| {
        format!(
            "GET / HTTP/1.1\r\nhost: a\r\n{}\r\n",
            "x: y\r\n".repeat(count - 1)
        )
    };
    assert_eq!(feed([headers(8).as_bytes()]).1, None);
    assert_eq!(feed([headers(9).as_bytes()]).1, Some(Fault::TooManyHeaders));
    // What never has a line end is not held for ever.
    assert_eq!(feed([&[b'a'; 301][..]]).1, Some(Fault::HeadTooLarge));
    assert_eq!(feed([&b"\x16\x03\x01"[..]]).1, Some(Fault::RequestLine));
}

#[test]
fn what_follows_an_offer_waits() {
    let offer = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: WebSocket\r\n\r\n";
    let mut scanner = Scanner::new(LIMITS);
    let bytes = [&offer[..], b"\x81\x80"].concat();
    assert_eq!(scanner.scan(&bytes), (offer.len(), Ok(())));
    assert!(scanner.is_offered());

    // Not one, for nobody would take it: with a body, with another offer, in another method or version.
    for other in [
        "POST / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\n\r\n",
        "GET / HTTP/1.0\r\nhost: a\r\nupgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nupgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket, h2c\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\ncontent-length: 1\r\n\r\nx",
    ] {
        let mut scanner = Scanner::new(LIMITS);
        assert_eq!(
            scanner.scan(other.as_bytes()),
            (other.len(), Ok(())),
            "{other}"
        );
        assert!(!scanner.is_offered(), "{other}");
    }
}
