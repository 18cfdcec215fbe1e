//! What the log of a whole router says of tokens, at its most talkative: nothing.

use super::{
    ANSWER, config, forged, in_seconds, issuer::Key, key_file, key_set, request, supergraph,
};
use crate::kit::{Answer, Client, Exchange, Fake};
use serde_json::json;
use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

#[test]
fn tokens_and_claims_are_not_logged() {
    let key = Key::p256("key-id-of-the-token");
    let users = Fake::start();
    users.expect(vec![Exchange {
        expected: None,
        answer: Answer::Bytes(ANSWER.to_vec()),
    }]);
    let keys = key_file("logs", &key_set(&[&key]));
    let text = format!(
        "{}headers: {{ all: {{ request: [{{ insert: {{ name: x-user, claim: sub }} }}] }} }}\n",
        config(&format!("        - url: file://{}\n", keys.display()))
    );
    let mut router = Command::new(env!("CARGO_BIN_EXE_graphway"))
        .args(["serve", "--listen", "127.0.0.1:0", "--log", "trace"])
        .arg("--config")
        .arg(key_file("logs_router", &text))
        .arg("--supergraph")
        .arg(key_file("logs_supergraph", &supergraph(&users)))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(router.stdout.take().unwrap());
    let mut written = String::new();
    let address = loop {
        assert!(log.read_line(&mut written).unwrap() > 0, "{written}");
        if let Some((_, url)) = written.split_once("http://") {
            break url.split('/').next().unwrap().parse().unwrap();
        }
    };
    let claims = |end: i64| json!({ "sub": "name-of-the-caller", "exp": in_seconds(end) });
    let other = Key::p256("key-id-of-the-token");
    let tokens = [
        key.token("ES256", &claims(600)),
        key.token("ES256", &claims(-600)),
        other.token("ES256", &claims(600)),
        Key::p256("key-id-of-nobody").token("ES256", &claims(600)),
        "what-is-not.a-token.at-all".to_owned(),
    ];
    let keys = forged::Keys::new();
    let forged = forged::all(&keys, "http://127.0.0.1:1");
    for (what, token) in &forged {
        let answer = Client::connect(address).request(&request(token));
        assert_eq!(answer.start, "HTTP/1.1 401 Unauthorized", "{what}");
    }
    let mut client = Client::connect(address);
    let statuses = tokens.each_ref().map(|token| {
        let answer = client.request(&request(token));
        answer.start["HTTP/1.1 ".len()..][..3].to_owned()
    });
    assert_eq!(statuses, ["200", "401", "401", "401", "401"]);
    router.kill().unwrap();
    router.wait().unwrap();
    log.read_to_string(&mut written).unwrap();
    assert!(written.contains("connecting to"), "{written}");
    let secrets = ["name-of-the-caller", "key-id-of", "what-is-not", "a-token"];
    let forged = forged.iter().map(|(_, token)| token);
    let parts = tokens
        .iter()
        .chain(forged)
        .flat_map(|token| token.split('.'));
    // Short ones are words that stand in logs anyway.
    let parts = parts.filter(|part| part.len() > 16);
    for secret in parts.chain(secrets) {
        assert!(!written.contains(secret), "{secret} is in\n{written}");
    }
}
