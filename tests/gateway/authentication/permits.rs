//! What the claims of a token let its sender have of the graph.

use super::{config, in_seconds, issuer::Key, key_file, key_set};
use crate::kit::{Answer, Client, Exchange, Fake, Router};
use serde_json::{Value, json};
use std::{fs, path::Path};

const ME: &[u8] = br#"{"data":{"me":{"id":"1","name":"Ada","email":"ada@example","phone":"1"}}}"#;

struct Protected {
    router: Router,
    accounts: Fake,
    key: Key,
}

impl Protected {
    /// With these lines under `authorization`.
    fn start(test: &str, authorization: &str) -> Self {
        let (accounts, key) = (Fake::start(), Key::p256("key"));
        let keys = key_file(test, &key_set(&[&key]));
        let jwks = format!("        - url: file://{}\n", keys.display());
        let path = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = path.join("tests/cases/supergraphs/protected.graphql");
        let sdl = fs::read_to_string(path).unwrap();
        let sdl = sdl.replace("accounts.test", &accounts.address.to_string());
        let config = format!("{}authorization:\n{authorization}", config(&jwks));
        Self {
            router: Router::start(&config, &sdl),
            accounts,
            key,
        }
    }

    /// What `accounts` is asked, and the response, for a sender of whom a token says this; without claims there is no token.
    fn ask(&self, query: &str, claims: Option<Value>) -> String {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            ME.len()
        );
        self.accounts.expect(vec![Exchange {
            expected: None,
            answer: Answer::Bytes([head.as_bytes(), ME].concat()),
        }]);
        let token = claims.map_or_else(String::new, |mut claims| {
            claims["exp"] = in_seconds(600).into();
            format!(
                "authorization: Bearer {}\n",
                self.key.token("ES256", &claims)
            )
        });
        let body = json!({ "query": query });
        let request = format!(
            "POST /graphql\ncontent-type: application/json\naccept: application/graphql-response+json\n{token}\n{body}"
        );
        let answer = Client::connect(self.router.address).request(&request);
        let asked = self.accounts.take_seen();
        let asked = asked.iter().map(|asked| {
            let body: Value = serde_json::from_str(asked.split_once("\n\n").unwrap().1).unwrap();
            format!("{}\n", body["query"].as_str().unwrap())
        });
        let asked: String = asked.collect();
        format!(
            "{asked}{}\n{}",
            &answer.start["HTTP/1.1 ".len()..],
            String::from_utf8(answer.body).unwrap()
        )
    }
}

const QUERY: &str = "{ me { name email } }";

#[test]
fn scopes_come_from_the_token() {
    let protected = Protected::start("scopes", "  require_authentication: false\n");
    let all = "{ me { name email } }\n200 OK\n";
    for claims in [
        json!({"scope": "user:email user:read"}),
        json!({"scope": "x admin"}),
        json!({"scope": ["user:read", "user:email"]}),
        json!({"scp": ["admin"]}),
    ] {
        let told = protected.ask(QUERY, Some(claims.clone()));
        assert!(told.starts_with(all), "{claims}: {told}");
    }
    let nothing = [
        None,
        Some(json!({})),
        Some(json!({"scope": "user:email"})),
        Some(json!({"scope": "user:email,user:read"})),
        Some(json!({"scope": "Admin administrator"})),
        Some(json!({"scope": {"admin": true}})),
        Some(json!({"scope": 7, "scopes": "admin", "roles": ["admin"]})),
    ];
    for claims in nothing {
        let told = protected.ask(QUERY, claims.clone());
        let expected = r#"{ me { name } }
200 OK
{"data":{"me":{"name":"Ada","email":null}},"errors":[{"message":"Unauthorized field or type","path":["me","email"],"extensions":{"code":"UNAUTHORIZED_FIELD_OR_TYPE"}}]}"#;
        assert_eq!(told, expected, "{claims:?}");
    }
}

#[test]
fn a_plan_of_one_caller_is_not_for_another() {
    let protected = Protected::start("plans", "  require_authentication: false\n");
    let admin = || Some(json!({"scope": "admin"}));
    for _ in 0..3 {
        assert!(protected.ask(QUERY, admin()).contains("ada@example"));
        assert!(!protected.ask(QUERY, None).contains("ada@example"));
    }
}

#[test]
fn operations_may_be_refused_as_a_whole() {
    let protected = Protected::start("whole", "  directives: { reject_unauthorized: true }\n");
    assert_eq!(
        protected.ask(QUERY, None),
        "403 Forbidden\n{\"errors\":[{\"message\":\"Unauthorized field or type: me.email\",\"extensions\":{\"code\":\"UNAUTHORIZED_FIELD_OR_TYPE\"}}]}"
    );
    let told = protected.ask(QUERY, Some(json!({"scope": "admin"})));
    assert!(told.contains("ada@example"), "{told}");
}

#[test]
fn what_would_be_left_out_may_only_be_told() {
    let protected = Protected::start(
        "dry",
        "  directives: { dry_run: true, reject_unauthorized: true }\n",
    );
    let told = protected.ask(QUERY, None);
    assert_eq!(
        told,
        "{ me { name email } }\n200 OK\n{\"data\":{\"me\":{\"name\":\"Ada\",\"email\":\"ada@example\"}}}"
    );
}

#[test]
fn nulls_may_come_without_errors() {
    let protected = Protected::start(
        "silent",
        "  directives: { errors: { response: disabled } }\n",
    );
    let told = protected.ask(QUERY, None);
    assert_eq!(
        told,
        "{ me { name } }\n200 OK\n{\"data\":{\"me\":{\"name\":\"Ada\",\"email\":null}}}"
    );
}
