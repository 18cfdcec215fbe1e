//! Identical requests that come together: what pages cannot say, for time passes in it or chance decides.

use crate::kit::{Answer, Asking, Exchange, Fake, Message, Router, Worker};
use futures_util::{future::join_all, poll};
use graphway::telemetry::{self, Registry};
use std::{collections::BTreeMap, fs, path::Path, task::Poll, time::Duration};

/// Both places where requests can meet.
const PLACES: [&str; 2] = [
    "traffic_shaping: { router: { timeout: 10s } }",
    "traffic_shaping: { router: { timeout: 10s, dedupe: { enabled: true } }, all: { deduplicate_query: false } }",
];
const ME: &str = "{ me { id } }";
const RENAME: &str = "mutation { rename(name: \\\"Ada\\\") { id } }";

/// A router over the shop, and a worker of it.
struct Shop {
    users: Fake,
    products: Fake,
    router: Router,
    worker: Worker,
}

impl Shop {
    /// Plans can be seen, for that is how a worker has them made.
    fn of(config: &str) -> Self {
        let (users, products) = (Fake::start(), Fake::start());
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs");
        let sdl = fs::read_to_string(directory.join("shop.graphql")).unwrap();
        let sdl = sdl.replace("users.test", &users.address.to_string());
        let sdl = sdl.replace("products.test", &products.address.to_string());
        let config = format!("{config}\nplugins: {{ experimental.expose_query_plan: true }}\n");
        let router = Router::start(&config, &sdl);
        let worker = Worker::of(&router.gateway);
        Self {
            users,
            products,
            router,
            worker,
        }
    }

    /// These are asked together, and have not been answered.
    async fn ask<const N: usize>(&self, requests: [&str; N]) -> [Asking; N] {
        let asking = self.worker.ask_together(&requests).await;
        asking.try_into().ok().unwrap()
    }

    /// Goes on with a request until its subgraph has been asked so many times.
    async fn go_on(&self, asking: &mut Asking, times: usize) {
        while self.users.asked() < times {
            assert!(poll!(&mut *asking).is_pending());
            tokio::task::yield_now().await;
        }
    }
}

fn request(query: &str) -> String {
    format!("POST /graphql\ncontent-type: application/json\n\n{{\"query\":\"{query}\"}}")
}

fn ok(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

fn me(id: &str, answer: fn(Vec<u8>) -> Answer) -> Exchange {
    Exchange {
        expected: None,
        answer: answer(ok(&format!("{{\"data\":{{\"me\":{{\"id\":\"{id}\"}}}}}}"))),
    }
}

fn id(answer: &Message) -> String {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    body["data"]["me"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_call_goes_on_when_the_client_leaves_who_made_it() {
    for place in PLACES {
        let shop = Shop::of(place);
        shop.users.expect(vec![me("one", Answer::Later)]);
        let request = request(ME);
        let [mut first, second, third] = shop.ask([&request, &request, &request]).await;
        shop.go_on(&mut first, 1).await;
        drop(first);
        drop(second);
        shop.users.open();
        assert_eq!(id(&third.await), "one");
        assert_eq!(shop.users.take_seen().len(), 1);
        assert!(shop.users.wait_for_answer());
    }
}

#[tokio::test]
async fn a_call_ends_when_all_have_left() {
    for place in PLACES {
        let shop = Shop::of(place);
        shop.users
            .expect(vec![me("one", Answer::Later), me("two", Answer::Bytes)]);
        let request = request(ME);
        let mut asking = shop.ask([&request, &request]).await;
        shop.go_on(&mut asking[0], 1).await;
        drop(asking);
        // Whoever comes now finds nothing to join.
        assert_eq!(id(&shop.worker.ask(&request).await), "two");
        shop.users.open();
        assert_eq!(shop.users.take_seen().len(), 2);
    }
}

#[tokio::test]
async fn each_waits_as_long_as_it_may() {
    for place in PLACES {
        let shop = Shop::of(place);
        shop.users.expect(vec![me("one", Answer::Later)]);
        let request = request(ME);
        let [mut first] = shop.ask([&request]).await;
        shop.go_on(&mut first, 1).await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(6)).await;
        let mut second = shop.worker.ask(&request);
        assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(poll!(&mut second).is_pending());
        assert_eq!(first.await.start, "HTTP/1.1 504 Gateway Timeout");
        assert!(poll!(&mut second).is_pending());
        tokio::time::resume();
        shop.users.open();
        assert_eq!(id(&second.await), "one");
        assert_eq!(shop.users.take_seen().len(), 1);
    }
}

/// It would see what was there before it wrote.
#[tokio::test]
async fn who_has_written_does_not_join_those_who_read_before() {
    for place in PLACES {
        let shop = Shop::of(place);
        let renamed = ok("{\"data\":{\"rename\":{\"id\":\"one\"}}}");
        shop.users.expect(vec![
            me("old", Answer::Later),
            Exchange {
                expected: None,
                answer: Answer::Bytes(renamed),
            },
            me("new", Answer::Later),
        ]);
        let (read, write) = (request(ME), request(RENAME));
        let [mut before] = shop.ask([&read]).await;
        shop.go_on(&mut before, 1).await;
        assert_eq!(shop.worker.ask(&write).await.start, "HTTP/1.1 200 OK");
        let [mut after, joined] = shop.ask([&read, &read]).await;
        shop.go_on(&mut after, 3).await;
        shop.users.open();
        let answers = join_all([before, after, joined]).await;
        let ids: Vec<String> = answers.iter().map(id).collect();
        assert_eq!(ids, ["old", "new", "new"]);
    }
}

#[tokio::test]
async fn each_response_has_an_id_of_its_own() {
    for place in PLACES {
        let shop = Shop::of(place);
        shop.users.expect(vec![me("one", Answer::Bytes)]);
        let request = request(ME);
        let asking = shop.ask([&request, &request]).await;
        let answers = join_all(asking).await;
        let [first, second] = &answers[..] else {
            panic!()
        };
        assert_eq!(first.body, second.body);
        assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    }
}

#[test]
fn those_who_joined_are_counted() {
    for (place, counted) in PLACES.into_iter().zip([
        "api_subgraph_requests_deduplicated_total{subgraph=\"users\"} 2",
        "api_requests_deduplicated_total 2",
    ]) {
        let recorder = Registry::default();
        let shop = metrics::with_local_recorder(&recorder, || Shop::of(place));
        shop.users.expect(vec![me("one", Answer::Bytes)]);
        let request = request(ME);
        let requests = [(request.as_str(), false); 3];
        crate::kit::answer_together(&shop.router.gateway, &requests);
        let text = telemetry::exposition(&recorder);
        assert!(text.lines().any(|line| line == counted), "{text}");
    }
}

/// What a user is told: everything depends on who asks.
fn user(text: &str) -> Vec<u8> {
    let who = who(text);
    ok(&format!(
        "{{\"data\":{{\"me\":{{\"id\":\"{who}\",\"name\":\"name of {who}\"}},\"rename\":{{\"id\":\"{who}\"}}}}}}"
    ))
}

fn product(text: &str) -> Vec<u8> {
    let who = who(text);
    let favourites = format!("[{{\"favourites\":[{{\"title\":\"favourite of {who}\"}}]}}]");
    ok(&format!(
        "{{\"data\":{{\"shopName\":\"shop of {who}\",\"_entities\":{favourites}}}}}"
    ))
}

fn who(text: &str) -> &str {
    let mut lines = text.lines();
    lines
        .find_map(|line| line.strip_prefix("authorization: Bearer "))
        .unwrap_or("nobody")
}

/// Whoever asks for whatever, together with whomever, and whoever leaves: the others get what they would get alone.
#[tokio::test]
async fn whoever_asks_gets_what_they_would_get_alone() {
    let queries = [
        ME,
        RENAME,
        "query Mine { mine: me { id } }",
        "{ me { name id } shopName }",
        "{ me { favourites { title } } }",
    ];
    let callers = [
        "",
        "authorization: Bearer ada\n",
        "authorization: Bearer bob\n",
    ];
    let requests = queries.iter().flat_map(|query| {
        let requests = callers
            .iter()
            .map(|caller| request(query).replacen("\n\n", &format!("\n{caller}\n"), 1));
        requests.collect::<Vec<String>>()
    });
    let requests: Vec<String> = requests.collect();
    let pass = "headers: { all: { request: [{ propagate: { named: authorization } }] } }";
    let made = |answer: fn(&str) -> Vec<u8>| {
        let exchange = Exchange {
            expected: None,
            answer: Answer::Made(answer),
        };
        vec![exchange; 1000]
    };
    let config = format!("traffic_shaping: {{ all: {{ deduplicate_query: false }} }}\n{pass}");
    let alone = Shop::of(&config);
    alone.users.expect(made(user));
    alone.products.expect(made(product));
    let mut expected: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    for request in &requests {
        let answer = alone.worker.ask(request).await;
        assert_eq!(answer.start, "HTTP/1.1 200 OK");
        assert!(!String::from_utf8_lossy(&answer.body).contains("errors"));
        expected.insert(request, answer.body);
    }
    let both = "traffic_shaping: { router: { dedupe: { enabled: true, headers: none } } }";
    let places = PLACES.into_iter().chain([both]);
    let shops: Vec<Shop> = places
        .map(|place| Shop::of(&format!("{place}\n{pass}")))
        .collect();
    for (seed, shop) in (0..12).flat_map(|seed| shops.iter().map(move |shop| (seed, shop))) {
        let mut random = fastrand::Rng::with_seed(seed);
        shop.users.expect(made(user));
        shop.products.expect(made(product));
        let asked: Vec<&str> = (0..24)
            .map(|_| requests[random.usize(..requests.len())].as_str())
            .collect();
        let asking = shop.worker.ask_together(&asked).await;
        let mut asking: Vec<(&str, Asking)> = asked.into_iter().zip(asking).collect();
        while !asking.is_empty() {
            let mut staying = Vec::new();
            for (asked, mut answer) in asking {
                match poll!(&mut answer) {
                    Poll::Ready(answer) => {
                        assert_eq!(answer.body, expected[asked], "seed {seed}: {asked}");
                    }
                    Poll::Pending if random.u8(..64) > 0 => staying.push((asked, answer)),
                    Poll::Pending => {}
                }
            }
            asking = staying;
            tokio::task::yield_now().await;
        }
    }
}
