//! HTTP/2 clients that want no answers. Each is ended, or costs next to nothing; another client is answered meanwhile.

use super::{
    counting,
    frames::{
        ACK, CALM, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, Peer, RST_STREAM,
        SETTINGS, frame, get, request,
    },
    router,
};
use crate::kit::Client;

/// `SETTINGS_INITIAL_WINDOW_SIZE`.
const WINDOW: u16 = 4;
const WINDOW_UPDATE: u8 = 8;
/// `SETTINGS_MAX_CONCURRENT_STREAMS`, as servers tell it.
const STREAMS: u16 = 3;

fn a_good_client_is_answered(router: &crate::kit::Router) {
    let answer = Client::connect(router.address).request("GET /\n\n");
    assert_eq!(answer.start, "HTTP/1.1 200 OK");
}

#[test]
fn streams_that_are_reset_at_once_end_the_connection() {
    let upstream = counting();
    let router = router(upstream.address, "");
    let mut peer = Peer::connect(router.address, &[]);
    let mut bytes = Vec::new();
    for stream in (1..4000).step_by(2) {
        bytes.extend(request(stream, "/"));
        bytes.extend(frame(RST_STREAM, 0, stream, &8u32.to_be_bytes()));
    }
    peer.send(&bytes);
    a_good_client_is_answered(&router);
    assert_eq!(peer.end(), Some(CALM));
    assert!(upstream.count() < 200, "{}", upstream.count());
}

#[test]
fn a_head_without_end_ends_the_connection() {
    let upstream = counting();
    let router = router(upstream.address, "");
    let mut peer = Peer::connect(router.address, &[]);
    peer.send(&frame(HEADERS, END_STREAM, 1, &get("/", &[])));
    let crumb = [&[0, 1, b'x', 100][..], &[b'y'; 100]].concat();
    let crumbs = frame(CONTINUATION, 0, 1, &crumb.repeat(100));
    let sent = (0..1000).take_while(|_| peer.send(&crumbs)).count();
    assert!(sent < 1000, "10 MB of a head are read");
    a_good_client_is_answered(&router);
    assert_eq!(upstream.count(), 1);
}

#[test]
fn a_head_over_the_limit_is_431() {
    let upstream = counting();
    let router = router(
        upstream.address,
        "limits: { http1_max_request_headers: 50 }\n",
    );
    let mut peer = Peer::connect(router.address, &[]);
    // Small, but many: crumbs of cookies are headers like any other.
    let block = get("/", &[("cookie", "a=b"); 60]);
    peer.send(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &block));
    let answer = peer.first(HEADERS).unwrap();
    // `431` in the coding of RFC 7541 appendix B.
    let is_431 = answer
        .payload
        .windows(3)
        .any(|three| three == [0x69, 0x90, 0xff]);
    assert!(is_431, "{answer:?}");
    assert_eq!(upstream.count(), 0);
    let long = "y".repeat(120);
    let large = get("/", &[("x", long.as_str()); 40]);
    peer.send(&frame(HEADERS, END_STREAM | END_HEADERS, 3, &large));
    peer.send(&request(5, "/"));
    a_good_client_is_answered(&router);
}

#[test]
fn who_asks_for_pongs_and_does_not_take_them_is_given_up() {
    let upstream = counting();
    let config = "server: { http: { write_timeout: 200ms } }\n";
    let router = router(upstream.address, config);
    for one in [
        frame(PING, 0, 0, &[0; 8]),
        frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255]),
    ] {
        let mut peer = Peer::connect(router.address, &[]);
        // So that the connection has begun.
        peer.send(&request(1, "/"));
        assert!(peer.first(DATA).is_some());
        let flood = one.repeat(10_000);
        let sent = (0..1000).take_while(|_| peer.send(&flood)).count();
        assert!(sent < 1000, "170 MB are read");
        a_good_client_is_answered(&router);
    }
}

#[test]
fn a_hundred_requests_at_a_time() {
    let upstream = counting();
    let router = router(upstream.address, "");
    let mut peer = Peer::connect(router.address, &[]);
    let settings = peer.first(SETTINGS).unwrap();
    let told = settings
        .payload
        .chunks(6)
        .find(|one| one[..2] == STREAMS.to_be_bytes());
    assert_eq!(told.map(|one| &one[2..]), Some(&100u32.to_be_bytes()[..]));
    peer.send(&frame(SETTINGS, ACK, 0, &[]));
}

#[test]
fn a_client_that_gives_no_window_is_given_up() {
    let upstream = counting();
    let router = router(
        upstream.address,
        "server: { http: { write_timeout: 100ms } }\n",
    );
    let mut peer = Peer::connect(router.address, &[(WINDOW, 0)]);
    for stream in (1..200).step_by(2) {
        peer.send(&request(stream, "/"));
    }
    a_good_client_is_answered(&router);
    // The heads come, bodies never do, and each stream is reset.
    let (mut heads, mut resets) = (0, 0);
    while resets < 100 {
        let frame = peer.next().unwrap();
        assert_ne!(frame.kind, DATA);
        heads += usize::from(frame.kind == HEADERS);
        resets += usize::from(frame.kind == RST_STREAM);
    }
    assert_eq!(heads, 100);
    // What the client reads comes, for the connection goes on.
    peer.send(&request(201, "/"));
    peer.send(&frame(WINDOW_UPDATE, 0, 201, &1000u32.to_be_bytes()));
    assert!(peer.first(DATA).is_some());
}

#[test]
fn a_client_without_requests_is_sent_away() {
    let upstream = counting();
    let router = router(
        upstream.address,
        "server: { http: { http2_idle_timeout: 50ms, write_timeout: 100ms } }\n",
    );
    let mut peer = Peer::connect(router.address, &[]);
    peer.send(&request(1, "/"));
    assert!(peer.first(DATA).is_some());
    // It does not say that it has heard that.
    assert_eq!(peer.end(), Some(0));
}
