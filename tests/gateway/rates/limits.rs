//! Limits of policies.

use super::{
    APP, CONSUMERS, PARTNER, code, refused, reload, reset, router, standing, status, statuses,
};
use crate::{
    kit::{Client, Fake, Process, Router},
    telemetry::{json, shop},
};
use serde_json::Value;

const QUERY: &str = "POST /graphql\ncontent-type: application/json\n";

/// A route at `/a`, and the graph, behind a policy with this limit.
fn limited(limit: &str) -> String {
    format!(
        "{CONSUMERS}
supergraph: {{ introspection: true }}
plans: {{ standard: {{ quota: {{ limit: 1000000, period: month }} }} }}
policies: {{ few: {{ rate_limit: {limit} }} }}
graphql: {{ policies: [few] }}
routes: [{{ match: {{ path: /a }}, respond: {{ body: a }}, policies: [few] }}, {{ match: {{ path: /b }}, respond: {{ body: b }}, policies: [few] }}, {{ match: {{ path: /free }}, respond: {{ body: free }} }}]
"
    )
}

fn query(text: &str) -> String {
    format!("{QUERY}\n{{\"query\":\"{text}\"}}")
}

#[test]
fn a_client_that_sends_too_much_is_told_so_at_either_end() {
    let router = router(&limited("{ by: ip, capacity: 3, interval: 3h }"));
    let mut client = Client::connect(router.address);
    let first = client.request("GET /a");
    assert_eq!(status(&first), 200);
    assert_eq!(
        first.header("ratelimit-policy"),
        Some("\"few\";q=3;w=10800")
    );
    assert_eq!(first.header("ratelimit"), Some("\"few\";r=2;t=3600"));
    assert_eq!(first.header("retry-after"), None);

    // The graph and the other route have the same policy, so it is one limit.
    let second = client.request(&query("{ __typename }"));
    assert_eq!(
        (status(&second), standing(&second).as_str()),
        (200, "\"few\";r=1")
    );
    let third = client.request("GET /b");
    assert_eq!(
        (status(&third), standing(&third).as_str()),
        (200, "\"few\";r=0")
    );

    let refused = client.request("GET /a");
    assert_eq!(status(&refused), 429);
    assert_eq!(standing(&refused), "\"few\";r=0");
    let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!(
        wait >= reset(&refused) && (3500..=3600).contains(&wait),
        "{wait}"
    );
    assert_eq!(
        refused.header("content-type"),
        Some("application/problem+json")
    );
    let body: Value = serde_json::from_slice(&refused.body).unwrap();
    let expected = serde_json::json!({
        "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "Too many requests (few)",
        "code": "RATE_LIMITED",
        "violated-policies": ["few"],
    });
    assert_eq!(body, expected);

    let refused = client.request(&query("{ __typename }"));
    assert_eq!(
        (status(&refused), code(&refused).as_str()),
        (429, "RATE_LIMITED")
    );
    assert!(refused.header("retry-after").is_some());
    assert!(refused.header("ratelimit-policy").is_some());

    // What is behind no policy goes on, and says nothing.
    let free = client.request("GET /free");
    assert_eq!((status(&free), free.header("ratelimit")), (200, None));
}

#[test]
fn a_refusal_to_grpc_has_its_status() {
    let router = router(&limited("{ by: ip, capacity: 1, interval: 1h }"));
    assert_eq!(statuses(&router, "GET /a", 1), [200]);
    let call = "POST /a\ncontent-type: application/grpc\n";
    let refused = Client::connect(router.address).request(call);
    assert_eq!(refused.header("grpc-status"), Some("8"));
    assert_eq!(refused.header("grpc-message"), Some("RATE_LIMITED"));
}

#[test]
fn consumers_have_their_own_and_who_is_none_goes_by_address() {
    let config = limited("{ by: consumer, capacity: 2, interval: 1h }")
        .replace("few: {", "few: { auth: [api_key], anonymous: guest,");
    let router = router(&config);
    let by = |header: &str| statuses(&router, &format!("GET /a\n{header}"), 3);
    assert_eq!(by(APP), [200, 200, 429]);
    assert_eq!(by(PARTNER), [200, 200, 429]);
    assert_eq!(by(""), [200, 200, 429]);
    // Without a policy that asks, nobody is a consumer.
    let router = super::router(&limited("{ by: consumer, capacity: 2, interval: 1h }"));
    let mut both = statuses(&router, &format!("GET /a\n{APP}"), 2);
    both.extend(statuses(&router, &format!("GET /a\n{PARTNER}"), 1));
    assert_eq!(both, [200, 200, 429]);
}

#[test]
fn several_things_make_a_difference_together() {
    let router = router(&limited(
        "{ by: [{ header: x-tenant }, route], capacity: 1, interval: 1h }",
    ));
    for (request, expected) in [
        ("GET /a\nx-tenant: one", [200, 429]),
        ("GET /b\nx-tenant: one", [200, 429]),
        ("GET /a\nx-tenant: two", [200, 429]),
        ("GET /a", [200, 429]),
    ] {
        assert_eq!(statuses(&router, request, 2), expected, "{request}");
    }
}

#[test]
fn operations_are_told_apart_by_their_names() {
    let router = router(&limited("{ by: operation, capacity: 1, interval: 1h }"));
    let once = |text: &str| statuses(&router, &query(text), 2);
    assert_eq!(once("query A { __typename }"), [200, 429]);
    assert_eq!(once("query B { __typename }"), [200, 429]);
    // Without a name, and on routes without operations, by address.
    assert_eq!(once("{ __typename }"), [200, 429]);
    assert_eq!(statuses(&router, "GET /a", 1), [429]);
}

#[test]
fn what_one_limit_refuses_is_not_counted_by_the_others() {
    let router = router(&limited(
        "[{ by: ip, capacity: 5, interval: 100h, name: much }, { by: { header: x-tenant }, capacity: 2, interval: 1h, algorithm: sliding_window }]",
    ));
    let tenant = |name: &str| format!("GET /a\nx-tenant: {name}");
    assert_eq!(
        statuses(&router, &tenant("one"), 6),
        [200, 200, 429, 429, 429, 429]
    );
    let mut client = Client::connect(router.address);
    let next = client.request(&tenant("two"));
    assert_eq!(standing(&next), "\"much\";r=2, \"few-2\";r=1");
    assert_eq!(
        next.header("ratelimit-policy"),
        Some("\"much\";q=5;w=360000, \"few-2\";q=2;w=3600")
    );
    // A refusal tells of those that refuse.
    let refused = client.request(&tenant("one"));
    assert_eq!(
        (status(&refused), standing(&refused).as_str()),
        (429, "\"few-2\";r=0")
    );
}

#[test]
fn addresses_are_counted_before_anybody_is_authenticated() {
    let config = limited("{ by: ip, capacity: 3, interval: 1h }")
        .replace("few: {", "few: { auth: [api_key],");
    let router = router(&config);
    let guess = "GET /a\nx-api-key: a-guess";
    assert_eq!(statuses(&router, guess, 5), [401, 401, 401, 429, 429]);
    assert_eq!(statuses(&router, &format!("GET /a\n{APP}"), 1), [429]);
}

#[test]
fn preflights_are_not_counted() {
    let config = limited("{ by: ip, capacity: 1, interval: 1h }");
    let router = router(&format!("{config}cors: {{ allow_any_origin: true }}\n"));
    let preflight = "OPTIONS /a\norigin: https://a.example\naccess-control-request-method: GET";
    assert_eq!(statuses(&router, preflight, 3), [204, 204, 204]);
    assert_eq!(statuses(&router, "GET /a", 2), [200, 429]);
}

#[test]
fn a_reload_keeps_what_was_used() {
    let router = router(&limited("{ by: ip, capacity: 4, interval: 10h }"));
    assert_eq!(statuses(&router, "GET /a", 3), [200, 200, 200]);
    reload(&router, &limited("{ by: ip, capacity: 4, interval: 10h }"));
    assert_eq!(statuses(&router, "GET /a", 2), [200, 429]);
    // More capacity is what there is more.
    reload(&router, &limited("{ by: ip, capacity: 6, interval: 10h }"));
    assert_eq!(statuses(&router, "GET /a", 3), [200, 200, 429]);
    reload(&router, &limited("{ by: ip, capacity: 2, interval: 10h }"));
    assert_eq!(statuses(&router, "GET /a", 1), [429]);
    // Another name is another limit.
    reload(
        &router,
        &limited("{ by: ip, capacity: 2, interval: 10h, name: other }"),
    );
    assert_eq!(statuses(&router, "GET /a", 3), [200, 200, 429]);
}

#[test]
fn operations_are_paid_for_by_what_they_are_estimated_to_cost() {
    let users = Fake::start();
    let costs = "demand_control: { enabled: true, mode: measure, strategy: { static_estimated: { list_size: 10, max: 1000 } } }\n";
    let config = limited("{ by: ip, capacity: 10, interval: 10h, cost: points }");
    let router = Router::start(&format!("{config}{costs}"), &shop(&[("users", &users)]));
    let mut client = Client::connect(router.address);
    let name = json("{\"data\":{\"me\":{\"name\":\"Ada\"}}}");
    users.expect(vec![name]);
    let answer = client.request(&query("{ me { name } }"));
    assert_eq!(
        (status(&answer), standing(&answer).as_str()),
        (200, "\"few\";r=9")
    );
    let policy = answer.header("ratelimit-policy");
    assert_eq!(policy, Some("\"few\";q=10;qu=\"points\";w=36000"));
    // Ten products are too many now; ten friends of one are always.
    let refused = client.request(&query("{ products { id } }"));
    assert_eq!(
        (status(&refused), standing(&refused).as_str()),
        (429, "\"few\";r=9")
    );
    assert!(refused.header("retry-after").is_some());
    let refused = client.request(&query("{ me { friends { id } } }"));
    assert_eq!(
        (status(&refused), code(&refused).as_str()),
        (429, "RATE_LIMITED")
    );
    assert_eq!(refused.header("retry-after"), None);
    let body = String::from_utf8(refused.body).unwrap();
    assert!(
        body.contains("The operation costs 11, which is more than there ever is"),
        "{body}"
    );
    // What is refused and what costs nothing is not paid for.
    let answer = client.request(&query("{ __typename }"));
    assert_eq!(
        (status(&answer), standing(&answer).as_str()),
        (200, "\"few\";r=9")
    );
    let route = client.request("GET /a");
    assert_eq!((status(&route), route.header("ratelimit")), (200, None));
}

#[test]
fn the_old_headers_are_there_for_who_wants_them() {
    let limit = "[{ by: ip, capacity: 2, interval: 1m, algorithm: sliding_window }, { by: ip, capacity: 7, interval: 1h }]";
    let config = format!("{}ratelimit: {{ headers: kong }}\n", limited(limit));
    let router = router(&config);
    let mut client = Client::connect(router.address);
    client.request("GET /a");
    let answer = client.request("GET /a");
    for (name, value) in [
        ("ratelimit-limit", "2"),
        ("ratelimit-remaining", "0"),
        ("x-ratelimit-limit-minute", "2"),
        ("x-ratelimit-remaining-minute", "0"),
        ("x-ratelimit-limit-hour", "7"),
        ("x-ratelimit-remaining-hour", "5"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert!(answer.header("ratelimit-reset").is_some());
    assert_eq!(answer.header("ratelimit"), None);
    reload(&router, &config.replace("headers: kong", "headers: none"));
    let refused = client.request("GET /a");
    assert_eq!(status(&refused), 429);
    assert!(refused.header("retry-after").is_some());
    for name in ["ratelimit", "ratelimit-policy", "ratelimit-limit"] {
        assert_eq!(refused.header(name), None);
    }
}

#[test]
fn a_limit_that_only_watches_refuses_nobody() {
    let limit = "[{ by: ip, capacity: 2, interval: 1h, enforce: false, name: watching }, { by: ip, capacity: 4, interval: 1h, name: strict }]";
    let metrics = "telemetry: { exporters: { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } } }\n";
    let config = format!("{}{metrics}", limited(limit));
    let mut process = Process::start(&config, &shop(&[]));
    let mut client = Client::connect(process.address);
    let answers: Vec<_> = (0..6).map(|_| client.request("GET /a")).collect();
    let found: Vec<u16> = answers.iter().map(status).collect();
    assert_eq!(found, [200, 200, 200, 200, 429, 429]);
    assert_eq!(standing(&answers[2]), "\"strict\";r=1");

    let mut scraper = Client::connect(process.address_after("metrics at http://"));
    let scraped = String::from_utf8(scraper.request("GET /metrics").body).unwrap();
    for (policy, decision, count) in [
        ("watching", "allowed", 2),
        ("watching", "would_refuse", 4),
        ("watching", "refused", 0),
        ("strict", "allowed", 4),
        ("strict", "refused", 2),
    ] {
        let line = format!(
            "api_rate_limit_decisions_total{{decision=\"{decision}\",policy=\"{policy}\"}} {count}"
        );
        assert!(scraped.contains(&line), "{line}\n{scraped}");
    }
    assert!(
        scraped.contains("api_rate_limit_keys{policy=\"strict\"} 1"),
        "{scraped}"
    );
    let log = process.stop();
    let told = log
        .iter()
        .filter(|line| line.contains("would have refused"));
    assert_eq!(told.count(), 1, "{}", log.join("\n"));
}

#[test]
fn settings_that_cannot_be_meant_so_are_refused_where_they_are() {
    let of_policy = |limit: &str| refused(&limited(limit));
    let cases = [
        "{ by: address, capacity: 1, interval: 1m }",
        "{ by: [], capacity: 1, interval: 1m }",
        "{ by: ip, capacity: 0, interval: 1m }",
        "{ by: ip, capacity: 1000, interval: 1us }",
        "{ by: ip, capacity: 1000000, interval: 1ms }",
        "{ by: ip, capacity: 1, interval: 400d }",
        "{ by: ip, capacity: 1 }",
        "{ by: ip, capacity: 1, interval: 1m, store: redis }",
        "{ by: ip, capacity: 1, interval: 1m, algorithm: fixed_window }",
        "[{ by: ip, capacity: 1, interval: 1m, name: a }, { by: ip, capacity: 1, interval: 1m, name: a }]",
        "{ by: ip, capacity: 1, interval: 1m, name: 'a\"b' }",
        "[{ by: ip, capacity: 1, interval: 1m, burst: 5 }]",
        "{ by: ip, capacity: 1, interval: 1m, cost: points }",
    ];
    let mut told: Vec<String> = cases.iter().map(|case| of_policy(case)).collect();
    for config in [
        "plans: { a: {} }",
        "plans: { a: { burst: 5 } }",
        "plans: { a: { rate: 0 } }",
        "plans: { a: { rate: 1e9 } }",
        "plans: { a: { rate: 0.000001, burst: 4000000000 } }",
        "redis: { url: 'redis://10.0.0.1' }\nplans: { a: { rate: 900000, store: redis } }",
        "plans: { a: { quota: { limit: 0, period: day } } }",
        // 16 digits, of which a structured field has no number.
        "plans: { a: { quota: { limit: 1000000000000000, period: day } } }",
        "plans: { a: { quota: { limit: 1, period: year } } }",
        "plans: { a: { rate: 1, store: redis } }",
        "plans: { a: { rate: 1 } }\npolicies: { a: { rate_limit: { by: ip, capacity: 1, interval: 1m } } }",
        "redis: { timeout: 0s }",
        "redis: { url: 'rediss://10.0.0.1/#insecure' }",
        "redis: { url: 'redis://10.0.0.1', tls: { ca: ca.pem } }",
        "redis: { url: 'rediss://10.0.0.1', tls: { ca: nowhere.pem } }",
        "redis: { url: 'rediss://10.0.0.1', tls: { certificate: ca.pem } }",
        "redis: { url: 'rediss://10.0.0.1', tls: { ca: Cargo.toml } }",
        "redis: { url: 'http://me:hunter2@10.0.0.1' }",
        "redis: { url: 'redis://10.0.0.1', fallback: wait }",
        "ratelimit: { headers: draft-3 }",
    ] {
        told.push(refused(config));
    }
    let told: Vec<&str> = told.iter().filter_map(|told| told.lines().next()).collect();
    assert!(told.iter().all(|told| !told.contains("hunter2")));
    insta::assert_snapshot!(told.join("\n"));
}
