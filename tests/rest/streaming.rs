//! Bodies pass through; they are not held.
//!
//! The sender counts what it could send, the reader what it has read. What is between them is in the router or in the
//! kernel's socket buffers, which are of a few megabytes; a router that held the body would let it grow to all of it.

use super::{Upstream, connect, router, router_to};
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

const LENGTH: usize = 100 * 1024 * 1024;
/// Two hops with socket buffers at both ends of each, and the router's own.
const BETWEEN_MAX: usize = 32 * 1024 * 1024;
/// A sender that gets nothing off for so long is being held back.
const HELD_BACK: Duration = Duration::from_millis(500);

/// What the body repeats. Its length shares no factor with anything that could go wrong.
fn pattern() -> Vec<u8> {
    (0..65_537_usize)
        .map(|place| (place / 7 + place) as u8)
        .collect()
}

/// As much of the body as the pattern has from this place on.
fn part(pattern: &[u8], place: usize) -> &[u8] {
    let from = place % pattern.len();
    &pattern[from..pattern.len().min(from + LENGTH - place)]
}

/// Sends the body. When it cannot go on, `held_back` is told once, and from then on it waits as long as it takes.
fn send(stream: &mut TcpStream, sent: &AtomicUsize, held_back: &mpsc::Sender<usize>) {
    stream.set_write_timeout(Some(HELD_BACK)).unwrap();
    let (mut place, pattern) = (0, pattern());
    while place < LENGTH {
        match stream.write(part(&pattern, place)) {
            Ok(length) => {
                place += length;
                sent.store(place, Ordering::SeqCst);
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) =>
            {
                held_back.send(place).unwrap();
                stream.set_write_timeout(None).unwrap();
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Reads the body, and checks at each step how much is between.
fn receive(stream: &mut impl Read, sent: &AtomicUsize) {
    let (mut place, pattern) = (0, pattern());
    let mut piece = vec![0; pattern.len()];
    while place < LENGTH {
        let wanted = part(&pattern, place);
        let length = stream.read(&mut piece[..wanted.len()]).unwrap();
        assert!(length > 0, "it ended after {place} bytes");
        assert!(piece[..length] == wanted[..length], "after {place} bytes");
        place += length;
        let between = sent.load(Ordering::SeqCst).saturating_sub(place);
        assert!(between <= BETWEEN_MAX, "{between} bytes are between");
    }
}

#[test]
fn an_answer_of_100_mb_waits_for_its_reader() {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n");
    answer_waits_for_its_reader(super::to, [&head, ""], "HTTP/1.1");
}

#[test]
fn an_answer_that_turns_out_too_large_for_the_cache_waits_for_its_reader() {
    let cached =
        |upstream| super::to(upstream).replace("to: shop", "to: shop, cache: { ttl: 60s }");
    // Only its end says how long it is.
    let head = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{LENGTH:x}\r\n");
    answer_waits_for_its_reader(cached, [&head, "\r\n0\r\n\r\n"], "HTTP/1.0");
}

/// What the upstream sends before and after the body, and the version of HTTP that the client speaks.
fn answer_waits_for_its_reader(
    config: impl Fn(SocketAddr) -> String,
    [before, after]: [&str; 2],
    version: &str,
) {
    let sent = Arc::new(AtomicUsize::new(0));
    let (held_back, waiting) = mpsc::channel();
    let (counter, held_back) = (Arc::clone(&sent), Mutex::new(held_back));
    let (before, after) = (before.to_owned(), after.to_owned());
    let upstream = Upstream::start(move |mut connection| {
        connection.head();
        connection.send(before.as_bytes());
        let held_back = held_back.lock().unwrap().clone();
        send(connection.stream.get_mut(), &counter, &held_back);
        connection.send(after.as_bytes());
    });
    let router = router(&config(upstream.address));
    let mut client = connect(&router);
    let request = format!("GET / {version}\r\nhost: x\r\nconnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).unwrap();

    // Nobody reads: the upstream must come to a stand.
    let stood_at = waiting.recv_timeout(super::PATIENCE).unwrap();
    assert!(stood_at <= BETWEEN_MAX, "{stood_at} bytes went in unread");

    let mut client = BufReader::new(client);
    let mut line = String::new();
    while client.read_line(&mut line).unwrap() > 2 {}
    receive(&mut client, &sent);
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_request_of_100_mb_waits_for_its_reader() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let (start, started) = mpsc::channel::<()>();
    let started = Mutex::new(started);
    let upstream = Upstream::start(move |mut connection| {
        let head = connection.head().unwrap();
        assert!(
            head.contains(&format!("content-length: {LENGTH}\r\n")),
            "{head}"
        );
        started.lock().unwrap().recv().unwrap();
        receive(&mut connection.stream, &counter);
        connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nread");
    });
    let router = router_to(upstream.address);
    let mut client = connect(&router);
    let head = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {LENGTH}\r\n\r\n"
    );
    client.write_all(head.as_bytes()).unwrap();

    let (held_back, waiting) = mpsc::channel();
    let mut sending = client.try_clone().unwrap();
    let sender = std::thread::spawn(move || send(&mut sending, &sent, &held_back));
    let stood_at = waiting.recv_timeout(super::PATIENCE).unwrap();
    assert!(stood_at <= BETWEEN_MAX, "{stood_at} bytes went in unread");
    start.send(()).unwrap();
    sender.join().unwrap();
    let answer = super::drain(&mut client);
    assert!(answer.ends_with("read"), "{answer}");
}
