//! `aws.yaml`: a key and a token of each request, throttle, quota and CORS.

use super::{Example, token, with_keys};
use crate::{kit::Client, rest::Upstream};
use std::time::Instant;

const ISSUER: &str = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example";
const KEY: &str = "\nx-api-key: key-of-app";

fn example(adjust: impl FnOnce(String) -> String) -> Example {
    Example::adjusted("aws", Upstream::saying, |config| {
        let url = format!("{ISSUER}/.well-known/jwks.json");
        adjust(with_keys(&config, &url))
    })
}

/// A token of anybody in the user pool.
fn of_user() -> String {
    token(&format!("\"iss\":\"{ISSUER}\",\"sub\":\"u1\""))
}

#[test]
fn a_key_and_a_token_are_wanted() {
    let example = example(|config| config);
    let users = |credentials: &str| example.ask(&format!("GET /api/v1/users{credentials}"));
    let good = of_user();
    assert_eq!(users(&format!("{KEY}{good}")), "user-function");
    let head = example.last("user-function");
    assert!(!head.contains("key-of-app"), "{head}");
    assert!(head.contains("x-consumer-username: app\r\n"), "{head}");
    let stranger = token("\"iss\":\"https://other.example\"");
    for missing in [
        String::new(),
        KEY.to_owned(),
        good.clone(),
        format!("\nx-api-key: other{good}"),
        format!("{KEY}{stranger}"),
    ] {
        assert_eq!(users(&missing), "401", "{missing}");
    }
    let mut client = Client::connect(example.router.address);
    let answer = client.request(&format!("GET /api/v1/users{KEY}"));
    let challenge = answer.header("www-authenticate");
    assert_eq!(
        challenge,
        Some("Bearer realm=\"graphway\", Key realm=\"graphway\"")
    );
    assert_eq!(
        example.ask(&format!("POST /api/v1/users{KEY}{good}")),
        "405"
    );
}

#[test]
fn the_plan_is_the_keys() {
    let plenty = example(|config| config);
    let request = format!("GET /api/v1/users{KEY}{}", of_user());
    let mut client = Client::connect(plenty.router.address);
    let answer = client.request(&request);
    let policy = answer.header("ratelimit-policy").unwrap();
    let expected = "\"StandardPlan\";q=100;w=2, \"StandardPlan-quota\";q=10000;w=86400";
    assert_eq!(policy, expected);
    let standing = answer.header("ratelimit").unwrap();
    assert!(
        standing.contains("\"StandardPlan-quota\";r=9999;t="),
        "{standing}"
    );

    // A burst of 100, of which 50 come back in a second.
    let began = Instant::now();
    let mut admitted = 1;
    while client.request(&request).start == "HTTP/1.1 200 OK" {
        admitted += 1;
    }
    let most = 101 + began.elapsed().as_millis() / 20;
    assert!((100..=most).contains(&admitted), "{admitted} of {most}");

    // What is left of a day, if there are three to begin with.
    let scarce = example(|config| config.replace("limit: 10000", "limit: 3"));
    let mut client = Client::connect(scarce.router.address);
    for _ in 0..3 {
        assert_eq!(client.request(&request).start, "HTTP/1.1 200 OK");
    }
    let refused = client.request(&request);
    assert_eq!(refused.start, "HTTP/1.1 429 Too Many Requests");
    let standing = refused.header("ratelimit").unwrap();
    assert!(
        standing.starts_with("\"StandardPlan-quota\";r=0;"),
        "{standing}"
    );
}

#[test]
fn browsers_come_from_the_app() {
    let example = example(|config| config);
    let mut client = Client::connect(example.router.address);
    let preflight = "OPTIONS /api/v1/users\norigin: https://app.company.com\naccess-control-request-method: PUT";
    let answer = client.request(preflight);
    let allowed = |name: &str| answer.header(name).unwrap_or_default().to_lowercase();
    assert_eq!(
        allowed("access-control-allow-origin"),
        "https://app.company.com"
    );
    assert!(allowed("access-control-allow-methods").contains("delete"));
    assert!(allowed("access-control-allow-headers").contains("x-api-key"));
    let elsewhere = client.request(&preflight.replace("app.company.com", "evil.example"));
    assert_eq!(elsewhere.header("access-control-allow-origin"), None);
}
