//! Limits in Redis, which fares badly.

use super::{APP, CONSUMERS, code, router, standing, status, statuses};
use crate::kit::{Client, FakeRedis, Message, Mood, Router};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// A route behind two limits that are shared, and a plan that is.
fn shared(redis: SocketAddr, settings: &str) -> Router {
    router(&format!(
        "{CONSUMERS}
redis: {{ url: 'redis://{redis}', {settings} }}
plans: {{ standard: {{ rate: 5, quota: {{ limit: 1000, period: day }}, store: redis }} }}
policies:
  few: {{ rate_limit: {{ by: {{ header: x-tenant }}, capacity: 2, interval: 1h, store: redis }} }}
  keys: {{ auth: [api_key], rate_limit: {{ by: consumer, capacity: 100, interval: 1h, store: redis }} }}
  mine: {{ rate_limit: {{ by: ip, capacity: 100, interval: 1h }} }}
routes: [{{ match: {{ path: /a }}, respond: {{ body: a }}, policies: [few] }}, {{ match: {{ path: /keys }}, respond: {{ body: keys }}, policies: [keys] }}, {{ match: {{ path: /both }}, respond: {{ body: both }}, policies: [mine, keys] }}]
"
    ))
}

/// A Redis that answers takes as long as it takes.
const PATIENT: &str = "timeout: 20s";

/// Waits until the router has connected again, by asking it.
fn until_decided_there(router: &Router, redis: &FakeRedis, request: &str) -> Message {
    let mut client = Client::connect(router.address);
    loop {
        let before = redis.asked("EVALSHA");
        let answer = client.request(request);
        if redis.asked("EVALSHA") > before {
            return answer;
        }
    }
}

#[test]
fn redis_decides_in_one_round_trip_and_learns_nothing_of_the_caller() {
    let redis = FakeRedis::start(Mood::Counting(3));
    let router = shared(redis.address, &format!("{PATIENT}, key_prefix: mine"));
    let mut client = Client::connect(router.address);
    let answer = client.request(&format!("GET /keys\n{APP}"));
    assert_eq!(status(&answer), 200);
    assert_eq!(
        standing(&answer),
        "\"standard\";r=2, \"standard-quota\";r=2, \"keys\";r=2"
    );
    // Once to ask, in vain perhaps if the script was not there yet.
    assert_eq!(redis.asked("EVALSHA"), 1);
    let keys = redis.keys();
    let names: Vec<&str> = keys
        .iter()
        .map(|key| key.split_once('{').unwrap().0)
        .collect();
    assert_eq!(
        names,
        [
            "mine:keys/bucket/consumer:",
            "mine:quota/day:",
            "mine:standard/bucket/consumer:"
        ]
    );
    // They are of one caller, so they lie together.
    let tags: Vec<&str> = keys
        .iter()
        .map(|key| key.split_once('{').unwrap().1)
        .collect();
    assert!(
        tags.iter()
            .all(|tag| *tag == tags[0] && !tag.contains("app")),
        "{keys:?}"
    );
    assert_eq!(
        statuses(&router, &format!("GET /keys\n{APP}"), 3),
        [200, 200, 429]
    );
}

#[test]
fn a_script_that_is_forgotten_is_told_again() {
    let redis = FakeRedis::start(Mood::Counting(3));
    let router = shared(redis.address, PATIENT);
    let tenant = "GET /a\nx-tenant: one";
    assert_eq!(statuses(&router, tenant, 1), [200]);
    redis.forget_scripts();
    assert_eq!(statuses(&router, tenant, 3), [200, 200, 429]);
}

/// What becomes of requests when Redis fares so: `fallback: local`, where the limit itself is 2.
fn falls_back(mood: Mood, timeout: &str) {
    let redis = FakeRedis::start(Mood::Counting(100));
    let router = shared(redis.address, timeout);
    let tenant = |name: &str| format!("GET /a\nx-tenant: {name}");
    assert_eq!(statuses(&router, &tenant("zero"), 3), [200; 3]);
    redis.fares(mood);
    assert_eq!(
        statuses(&router, &tenant("one"), 3),
        [200, 200, 429],
        "{mood:?}"
    );
    // And is used again when it is well.
    redis.fares(Mood::Counting(100));
    until_decided_there(&router, &redis, &tenant("two"));
    assert_eq!(statuses(&router, &tenant("three"), 3), [200; 3]);
}

#[test]
fn a_connection_that_breaks_in_a_decision_is_done_without() {
    falls_back(Mood::Breaking, PATIENT);
}

#[test]
fn an_answer_that_is_none_is_done_without() {
    for words in [
        "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
        "-READONLY You can't write against a read only replica.\r\n",
        "+OK\r\n",
        "*3\r\n:2\r\n:0\r\n:0\r\n",
        "*3\r\n:1\r\n:-5\r\n:0\r\n",
        "*2\r\n:1\r\n:1\r\n",
        "*6\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n",
        "$-1\r\n",
        "what is this?\r\n",
    ] {
        falls_back(Mood::Saying(words), PATIENT);
    }
}

#[test]
fn who_does_not_answer_in_time_is_not_waited_for_again() {
    let redis = FakeRedis::start(Mood::Counting(100));
    let router = shared(redis.address, "timeout: 100ms");
    until_decided_there(&router, &redis, "GET /a\nx-tenant: zero");
    redis.fares(Mood::Silent);
    let tenant = "GET /a\nx-tenant: one";
    let before = redis.asked("EVALSHA");
    let began = Instant::now();
    let found = statuses(&router, tenant, 60);
    // It is asked once and given up; the rest would take six seconds.
    assert!(redis.asked("EVALSHA") <= before + 1);
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    assert_eq!(found[..3], [200, 200, 429]);
    assert!(found[3..].iter().all(|status| *status == 429));
}

#[test]
fn what_becomes_of_requests_without_redis_is_the_operators_choice() {
    // Nobody listens there.
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nowhere.local_addr().unwrap();
    drop(nowhere);
    let tenant = "GET /a\nx-tenant: one";
    let by = |fallback: &str| shared(address, &format!("{PATIENT}, fallback: {fallback}"));
    assert_eq!(statuses(&by("local"), tenant, 4), [200, 200, 429, 429]);
    assert_eq!(statuses(&by("allow"), tenant, 4), [200; 4]);
    let router = by("deny");
    assert_eq!(statuses(&router, tenant, 4), [503; 4]);
    let refused = Client::connect(router.address).request(tenant);
    assert_eq!(code(&refused), "RATE_LIMIT_STORE_UNAVAILABLE");
    assert_eq!(refused.header("retry-after"), Some("1"));
    // A limit that was asked before has an hour to say, and must not.
    let refused = Client::connect(router.address).request(&format!("GET /both\n{APP}"));
    assert_eq!((status(&refused), refused.header("ratelimit")), (503, None));
    // A Redis that comes is found.
    let redis = FakeRedis::start_at(address, Mood::Counting(1));
    let answer = until_decided_there(&router, &redis, tenant);
    assert_eq!(status(&answer), 200);
}

#[test]
fn a_reload_keeps_the_connection_and_another_url_does_not() {
    let (first, second) = (
        FakeRedis::start(Mood::Counting(9)),
        FakeRedis::start(Mood::Counting(9)),
    );
    let config = |address: SocketAddr, more: &str| {
        format!(
            "redis: {{ url: 'redis://{address}', {PATIENT} }}
policies: {{ few: {{ rate_limit: {{ by: ip, capacity: 2, interval: 1h, store: redis }} }} }}
routes: [{{ match: {{ path: /a }}, respond: {{ body: a }}, policies: [few] }}]
{more}"
        )
    };
    let router = super::router(&config(first.address, ""));
    assert_eq!(statuses(&router, "GET /a", 1), [200]);
    super::reload(
        &router,
        &config(first.address, "limits: { max_depth: 9 }\n"),
    );
    assert_eq!(statuses(&router, "GET /a", 1), [200]);
    assert_eq!((first.asked("SCRIPT"), first.asked("EVALSHA")), (1, 2));
    super::reload(&router, &config(second.address, ""));
    assert_eq!(statuses(&router, "GET /a", 1), [200]);
    assert_eq!((first.asked("EVALSHA"), second.asked("EVALSHA")), (2, 1));
}

#[test]
fn a_redis_that_decides_too_late_is_not_connected_to_ever_again_at_once() {
    let redis = FakeRedis::start(Mood::Undecided);
    let router = shared(redis.address, "timeout: 20ms");
    let mut client = Client::connect(router.address);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        client.request("GET /a\nx-tenant: a");
    }
    // Each connection is told the script: at once, and after 50, 100, 200 and 400 ms.
    assert!(redis.asked("SCRIPT") <= 5, "{}", redis.asked("SCRIPT"));
}

#[test]
fn a_redis_that_has_become_a_replica_is_looked_for_anew() {
    let redis = FakeRedis::start(Mood::Counting(1));
    let router = shared(redis.address, PATIENT);
    let mut client = Client::connect(router.address);
    assert_eq!(status(&client.request("GET /a\nx-tenant: a")), 200);
    redis.fares(Mood::Saying(
        "-READONLY You can't write against a read only replica.\r\n",
    ));
    let began = Instant::now();
    while redis.asked("SCRIPT") < 2 {
        client.request("GET /a\nx-tenant: a");
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}
