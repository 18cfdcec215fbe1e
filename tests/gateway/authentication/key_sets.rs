//! Key sets at their sources: rotation, and sources that fail or are abused.

use super::{Shop, claims, config, issuer::Key, key_file, key_set, request, supergraph};
use crate::kit::{Answer, Client, Exchange, Fake};
use graphway::{
    config::{Environment, parse},
    gateway::{self, Gateway},
    schema::Supergraph,
};
use serde_json::json;
use std::fs;
use std::time::Instant;

fn answer(status: &str, body: &str) -> Exchange {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    Exchange {
        expected: None,
        answer: Answer::Bytes(format!("{head}{body}").into_bytes()),
    }
}

fn keys(keys: &[&Key]) -> Exchange {
    answer("200 OK", &key_set(keys))
}

/// A shop that takes its keys from this source.
fn at(source: &Fake, more: &str) -> Shop {
    Shop::trusting(&from(source, more))
}

fn from(source: &Fake, more: &str) -> String {
    format!("        - url: http://{}/keys\n{more}", source.address)
}

const FAST: &str = "          poll_interval: 10ms\n";

fn gateway_config(text: &str) -> gateway::Config {
    let environment = Environment {
        variable: &|_| None,
        file: &|path| fs::read_to_string(path),
    };
    let parsed = parse("router.yaml", text, &environment).unwrap();
    parsed.config.gateway()
}

#[test]
fn a_source_is_asked_once_with_its_headers() {
    let (source, key) = (Fake::start(), Key::p256("one"));
    let mut expected = keys(&[&key]);
    expected.expected = Some("GET /keys HTTP/1.1\nx-key: k\n".to_owned());
    source.expect(vec![expected]);
    let shop = at(&source, "          headers: [{ name: x-key, value: k }]\n");
    shop.accepts(&key.token("ES256", &claims()));
    shop.accepts(&key.token("ES256", &json!({ "exp": super::in_seconds(700) })));
    assert_eq!(source.take_seen().len(), 1);
    assert_eq!(source.complaints(), Vec::<String>::new());
}

/// Whoever can ask for a key set has what is in it. A secret there counts if somebody has thought of it.
#[test]
fn a_secret_at_a_url_is_none_unless_algorithms_name_it() {
    let (public, secret) = (Key::p256("one"), Key::secret("two", &[7; 64]));
    let both = || keys(&[&public, &secret]);
    let source = Fake::start();
    source.expect(vec![both(), both()]);
    let shop = at(&source, "");
    shop.accepts(&public.token("ES256", &claims()));
    shop.refuses(&secret.token("HS256", &claims()));
    let named = at(&source, "          algorithms: [ES256, HS256]\n");
    named.accepts(&public.token("ES256", &claims()));
    named.accepts(&secret.token("HS256", &claims()));
    named.refuses(&secret.token("HS512", &claims()));
}

#[test]
fn requests_wait_for_the_first_set_together() {
    let (source, key) = (Fake::start(), Key::p256("one"));
    let Answer::Bytes(set) = keys(&[&key]).answer else {
        unreachable!()
    };
    source.expect(vec![Exchange {
        expected: None,
        answer: Answer::Later(set),
    }]);
    let shop = at(&source, "");
    source.wait_for_requests(1);
    shop.users.expect(
        (0..8)
            .map(|_| Exchange {
                expected: None,
                answer: Answer::Bytes(super::ANSWER.to_vec()),
            })
            .collect(),
    );
    let mut clients: Vec<Client> = (0..8)
        .map(|_| Client::connect(shop.router.address))
        .collect();
    for client in &mut clients {
        client.send(&crate::kit::wire(&request(&key.token("ES256", &claims()))));
    }
    source.open();
    for client in &mut clients {
        assert_eq!(client.response().unwrap().start, "HTTP/1.1 200 OK");
    }
    assert_eq!(source.take_seen().len(), 1);
}

#[test]
fn a_new_key_is_looked_up_when_a_token_names_it() {
    let (source, old, new) = (Fake::start(), Key::p256("old"), Key::ed25519("new"));
    source.expect(vec![keys(&[&old]), keys(&[&old, &new])]);
    let shop = at(&source, "");
    shop.accepts(&old.token("ES256", &claims()));
    shop.accepts(&new.token("EdDSA", &claims()));
    shop.accepts(&old.token("ES256", &claims()));
    assert_eq!(source.take_seen().len(), 2);
}

/// Whatever the source answers: one that is empty or broken must not be asked more often than a good one.
#[test]
fn a_flood_of_unknown_keys_asks_the_source_once() {
    for second in [
        answer("200 OK", "{\"keys\":[]}"),
        answer("500 Internal Server Error", ""),
        answer("200 OK", "<html>"),
    ] {
        let (source, key) = (Fake::start(), Key::p256("one"));
        let good = key.token("ES256", &claims());
        source.expect(vec![keys(&[&key]), second]);
        let shop = at(&source, "");
        shop.accepts(&good);
        let mut clients: Vec<Client> = (0..10)
            .map(|_| Client::connect(shop.router.address))
            .collect();
        for round in 0..30 {
            for (index, client) in clients.iter_mut().enumerate() {
                let header = json!({ "alg": "ES256", "kid": format!("{round}-{index}") });
                let token = key.sign(&header, &claims().to_string());
                client.send(&crate::kit::wire(&request(&token)));
            }
            for client in &mut clients {
                assert_eq!(
                    client.response().unwrap().start,
                    "HTTP/1.1 401 Unauthorized"
                );
            }
        }
        shop.accepts(&good);
        assert_eq!(source.take_seen().len(), 2);
        assert_eq!(source.complaints(), Vec::<String>::new());
    }
}

/// As many unknown keys as somebody can think of, while tokens of known keys go on.
#[test]
fn ten_thousand_unknown_keys_ask_the_source_once_more() {
    let (source, key) = (Fake::start(), Key::p256("one"));
    let good = key.token("ES256", &claims());
    source.expect(vec![keys(&[&key]); 20]);
    let shop = at(&source, "          poll_interval: 1h\n");
    shop.accepts(&good);
    let begun = Instant::now();
    let mut client = Client::connect(shop.router.address);
    let message = good.rsplit_once('.').unwrap().0;
    let payload = message.split_once('.').unwrap().1;
    for round in 0..100 {
        let requests = (0..100).map(|index| {
            let header = json!({ "alg": "ES256", "kid": format!("{round}-{index}") });
            let header = super::issuer::base64(header.to_string().as_bytes());
            let signature = "A".repeat(86);
            crate::kit::wire(&request(&format!("{header}.{payload}.{signature}")))
        });
        client.send(&requests.collect::<Vec<_>>().concat());
        for _ in 0..100 {
            let answer = client.response().unwrap();
            assert_eq!(answer.start, "HTTP/1.1 401 Unauthorized");
        }
    }
    shop.accepts(&good);
    // Once for the first set, once for what is not in it; and on a machine that takes long for this, after each cooldown.
    let cooldowns = usize::try_from(begun.elapsed().as_secs() / 30).unwrap();
    let asked = source.take_seen().len();
    assert!((2..=2 + cooldowns).contains(&asked), "{asked}");
}

/// A token that could not be valid whatever keys there are asks nobody.
#[test]
fn only_a_token_that_may_be_good_asks_the_source() {
    let (source, key) = (Fake::start(), Key::p256("one"));
    source.expect(vec![keys(&[&key])]);
    let shop = at(&source, "          algorithms: [ES256]\n");
    shop.accepts(&key.token("ES256", &claims()));
    shop.refuses("nonsense");
    shop.refuses(&Key::ed25519("new").token("EdDSA", &claims()));
    shop.refuses(&Key::p256("one").token("ES256", &claims()));
    shop.refuses(&key.token("ES256", &json!({ "exp": 1 })));
    assert_eq!(source.take_seen().len(), 1);
}

#[test]
fn a_source_that_fails_leaves_the_last_good_set() {
    let (source, key) = (Fake::start(), Key::p256("one"));
    let broken = Exchange {
        expected: None,
        answer: Answer::Break,
    };
    let other = key_set(&[&Key::p256("other")]);
    let failures = vec![
        answer("500 Internal Server Error", ""),
        answer("404 Not Found", &other),
        answer("302 Found", ""),
        answer("200 OK", ""),
        answer("200 OK", "{}"),
        answer("200 OK", "{\"keys\":[]}"),
        answer("200 OK", "{\"keys\":[{\"kty\":\"unheard of\"}]}"),
        answer("200 OK", "<html>down for maintenance</html>"),
        answer("200 OK", &(other + &" ".repeat(50 * 1024 * 1024))),
        broken,
    ];
    let count = failures.len();
    source.expect([vec![keys(&[&key])], failures].concat());
    let shop = at(&source, FAST);
    // One is asked for after the one before was taken in.
    for seen in 1..=count + 2 {
        source.wait_for_requests(seen);
        shop.accepts(&key.token("ES256", &claims()));
    }
}

#[test]
fn a_key_that_is_withdrawn_ends_the_tokens_it_has_signed() {
    let (source, old, new) = (Fake::start(), Key::p256("old"), Key::p256("new"));
    let [before, after] = [&old, &new].map(|key| key.token("ES256", &claims()));
    source.expect(vec![keys(&[&old])]);
    let shop = at(&source, FAST);
    shop.accepts(&before);
    shop.accepts(&before);
    source.expect(vec![keys(&[&new])]);
    // Until the next poll it is still good; then it is not, and stays so.
    shop.changes_from("200 OK", &before);
    shop.refuses(&before);
    shop.accepts(&after);
}

#[test]
fn a_source_that_never_answered_is_not_the_tokens_fault() {
    let (source, key) = (Fake::start(), Key::p256("one"));
    let token = key.token("ES256", &claims());
    source.expect(vec![answer("500 Internal Server Error", "")]);
    let shop = at(&source, FAST);
    source.wait_for_requests(1);
    let answer = Client::connect(shop.router.address).request(&request(&token));
    assert_eq!(answer.start, "HTTP/1.1 503 Service Unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    // What cannot be a token is refused without it, and who has none is let in.
    shop.refuses("nonsense");
    source.expect(vec![keys(&[&key])]);
    shop.changes_from("503 Service Unavailable", &token);
    shop.accepts(&token);
}

#[test]
fn a_reload_keeps_the_keys_and_not_the_verdicts() {
    let (source, key) = (Fake::start(), Key::p256("one"));
    source.expect(vec![keys(&[&key])]);
    let shop = at(&source, "");
    let token = key.token("ES256", &claims());
    shop.accepts(&token);
    let reload = |more: &str| {
        let sdl = Supergraph::parse(&supergraph(&shop.users)).unwrap();
        let config = gateway_config(&config(&from(&source, more)));
        shop.router.gateway.reload(&config, sdl).unwrap();
    };
    reload("");
    shop.accepts(&token);
    reload("          issuer: https://somebody.example\n");
    shop.refuses(&token);
    reload("          algorithms: [RS256]\n");
    shop.refuses(&token);
    assert_eq!(source.take_seen().len(), 1);
}

#[test]
fn a_file_must_be_good_from_the_start() {
    let started = |url: &str| {
        let text = config(&format!("        - url: {url}\n"));
        let sdl = Supergraph::parse(&supergraph(&Fake::start())).unwrap();
        let started = Gateway::start(&gateway_config(&text), sdl);
        started.map(drop).map_err(|error| error.to_string())
    };
    insta::assert_snapshot!(started("file://tests/missing.json").unwrap_err(), @"the key set file://tests/missing.json (authentication.router.jwt.jwks) cannot be used: cannot read it: No such file or directory (os error 2)");
    let empty = key_file("empty", "{\"keys\":[]}");
    let error = started(&format!("file://{}", empty.display())).unwrap_err();
    insta::assert_snapshot!(error.replace(&empty.display().to_string(), "empty.json"), @"the key set file://empty.json (authentication.router.jwt.jwks) cannot be used: none of its 0 keys can verify tokens");
    let good = key_file("good", &key_set(&[&Key::p256("one")]));
    started(&format!("file://{}", good.display())).unwrap();
}

#[test]
fn what_would_refuse_everybody_is_refused_at_the_start() {
    let config = gateway_config("authorization: { require_authentication: true }\n");
    let sdl = Supergraph::parse(&supergraph(&Fake::start())).unwrap();
    let Err(error) = Gateway::start(&config, sdl) else {
        panic!("it started");
    };
    insta::assert_snapshot!(error, @"authorization.require_authentication would refuse every request: there is no authentication.router.jwt");
}
