//! Tokens and key sets: who is let in, and what a hostile or broken issuer costs.

mod demo;
mod forged;
mod issuer;
mod key_sets;
mod login;
mod logs;
mod permits;
mod sockets;
mod tokens;

use crate::kit::{Answer, Client, Exchange, Fake, Router};
use issuer::Key;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 26\r\n\r\n{\"data\":{\"me\":{\"id\":\"1\"}}}";

/// A router over the shop, whose only subgraph that is asked is `users`.
struct Shop {
    router: Router,
    users: Fake,
}

impl Shop {
    /// With these items of `jwks`, each indented by two.
    fn trusting(jwks: &str) -> Self {
        Self::of(&config(jwks))
    }

    fn of(config: &str) -> Self {
        let users = Fake::start();
        let router = Router::start(config, &supergraph(&users));
        Self { router, users }
    }

    /// The status line for this token. A subgraph must be asked if and only if it is 200.
    fn status(&self, token: &str) -> String {
        self.users.expect(vec![Exchange {
            expected: None,
            answer: Answer::Bytes(ANSWER.to_vec()),
        }]);
        let answer = Client::connect(self.router.address).request(&request(token));
        let asked = self.users.take_seen().len();
        let status = answer.start["HTTP/1.1 ".len()..].to_owned();
        assert_eq!(asked, usize::from(status == "200 OK"), "{status}");
        if status.starts_with("401") {
            let challenge = answer.header("www-authenticate").expect("a challenge");
            assert!(challenge.starts_with("Bearer realm="), "{challenge}");
        }
        status
    }

    #[track_caller]
    fn accepts(&self, token: &str) {
        assert_eq!(self.status(token), "200 OK");
    }

    /// Sends the token until its status is another one.
    #[track_caller]
    fn changes_from(&self, status: &str, token: &str) {
        let mut tries = 0..2_000;
        assert!(tries.any(|_| self.status(token) != status));
    }

    #[track_caller]
    fn refuses(&self, token: &str) {
        assert_eq!(self.status(token), "401 Unauthorized");
    }
}

fn config(jwks: &str) -> String {
    format!("authentication:\n  router:\n    jwt:\n      jwks:\n{jwks}")
}

fn supergraph(users: &Fake) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs");
    let sdl = fs::read_to_string(directory.join("shop.graphql")).unwrap();
    sdl.replace("users.test", &users.address.to_string())
}

fn request(token: &str) -> String {
    format!(
        "POST /graphql\ncontent-type: application/json\nauthorization: Bearer {token}\n\n{{\"query\":\"{{ me {{ id }} }}\"}}"
    )
}

/// So many seconds from now, as tokens tell time.
fn in_seconds(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs() as i64 + seconds
}

/// What a good token says.
fn claims() -> Value {
    json!({ "sub": "u1", "exp": in_seconds(600) })
}

/// The text of a key set.
fn key_set(keys: &[&Key]) -> String {
    let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
    json!({ "keys": keys }).to_string()
}

/// A key set in a file of this test's own.
fn key_file(test: &str, text: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("authentication");
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join(format!("{test}.json"));
    fs::write(&path, text).unwrap();
    path
}
