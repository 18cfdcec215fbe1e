//! Requests whose clients leave, at every moment at which one can.

use super::post;
use crate::{
    kit::{Asking, Client, Message, Router, Worker},
    telemetry::shop,
};
use std::{
    future::poll_fn,
    io::{BufReader, Write},
    net::{SocketAddr, TcpListener},
    task::Poll,
    thread,
};
use tokio::runtime;

/// What comes when differs from one to the next.
const ROUNDS: usize = 20;

/// One of everything that a request takes a place of, and what requests share while they are under way.
const ONE_PLACE: &str = "traffic_shaping:
  router: { concurrency_limit: 1, dedupe: { enabled: true } }
  all: { limits: { max_requests: 1, max_connections: 1 } }
";

/// Who answers everything with this, a byte at a time, so that there are many moments.
fn byte_by_byte(body: &str) -> SocketAddr {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
    let answer = format!("{head} {}\r\n\r\n{body}", body.len()).into_bytes();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            let (mut stream, answer) = (BufReader::new(stream), answer.clone());
            thread::spawn(move || {
                while let Ok(Some(_)) = Message::read(&mut stream) {
                    for byte in &answer {
                        if stream.get_mut().write_all(&[*byte]).is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    address
}

/// Goes on with a request so many times, and leaves. Whether it had come to its end.
async fn left_after(times: usize, mut asking: Asking) -> bool {
    let mut left = times;
    let ended = poll_fn(|context| match left.checked_sub(1) {
        None => Poll::Ready(false),
        Some(fewer) => {
            left = fewer;
            asking.as_mut().poll(context).map(|_| true)
        }
    });
    ended.await
}

/// Envoy CVE-2026-26311 and its like: what is dropped half-way left a place taken, or somebody waiting for ever.
fn nothing_is_kept_of_who_leaves(config: &str, sdl: &str, request: &str) {
    let router = Router::start(config, sdl);
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let moments = runtime.unwrap().block_on(async {
        let worker = Worker::of(&router.gateway);
        let first = worker.ask(request).await;
        let mut moments = 0;
        for _ in 0..ROUNDS {
            let mut times = 0;
            while !left_after(times, worker.ask(request)).await {
                let after = worker.ask(request).await;
                assert_eq!(after.start, "HTTP/1.1 200 OK", "after {times}");
                assert_eq!(after.body, first.body, "after {times}");
                times += 1;
            }
            moments += times;
        }
        moments
    });
    assert!(moments >= ROUNDS, "{moments}");
    // And those who come by the network find it so, too.
    let answer = Client::connect(router.address).request(request);
    assert_eq!(answer.start, "HTTP/1.1 200 OK");
    assert!(!answer.body.windows(6).any(|six| six == b"errors"));
}

#[test]
fn whoever_leaves_an_operation_gives_back_its_places() {
    let users = byte_by_byte("{\"data\":{\"me\":{\"id\":\"1\"}}}");
    let sdl = shop(&[]).replace("users.test", &users.to_string());
    nothing_is_kept_of_who_leaves(ONE_PLACE, &sdl, &post("{ me { id } }"));
}

#[test]
fn whoever_leaves_a_route_gives_back_its_places() {
    let upstream = byte_by_byte("{}");
    let config = format!(
        "{ONE_PLACE}upstreams: {{ shop: {{ endpoints: ['http://{upstream}'], limits: {{ max_requests: 1, max_connections: 1 }} }} }}
policies: {{ many: {{ rate_limit: {{ by: ip, capacity: 100000, interval: 1h }} }} }}
routes: [{{ match: {{ path: /a }}, to: shop, policies: [many], cache: {{ ttl: 0s }} }}]
"
    );
    nothing_is_kept_of_who_leaves(&config, &shop(&[]), "GET /a\n\n");
}
