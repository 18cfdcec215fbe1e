//! `upstreams` and what is called by the same keys elsewhere: what their writer is told.

use graphway::config::{self, Environment};

fn parse(text: &str) -> Result<config::Parsed, config::Error> {
    let environment = Environment {
        variable: &|_| None,
        file: &|_| Err(std::io::ErrorKind::NotFound.into()),
    };
    config::parse("router.yaml", text, &environment)
}

/// What is said of these settings of an upstream `shop`.
fn told(settings: &str) -> String {
    let text = format!("upstreams:\n  shop:\n    endpoints: ['http://a.test']\n    {settings}\n");
    match parse(&text) {
        Ok(parsed) => format!("{:?}", parsed.warnings),
        Err(error) => error.to_string().lines().next().unwrap().to_owned(),
    }
}

#[test]
fn everything_together_is_understood() {
    let everything = "\
upstreams:
  shop:
    endpoints: ['http://a.test', { url: 'http://b.test', weight: 3 }, 'unix:/run/shop.sock']
    timeout: 10s
    http2: http2only
    connect_timeout: 1s
    idle_timeout: 1m
    write_timeout: 5s
    load_balancing: { policy: peak_ewma, slow_start: 30s, panic_threshold: 50 }
    limits: { max_connections: 1024, max_pending_requests: 512, max_requests: 2048, max_retries: 3 }
    retry:
      attempts: 3
      on: [connect-failure, refused-stream, reset, gateway-error, 5xx, retriable-4xx, 429]
      per_try_timeout: 3s
      budget: { percent: 20, min_per_second: 3 }
    hedge: { after: 100ms }
    circuit_breaker: { error_ratio: 50, consecutive_failures: 5 }
    outlier_detection: { consecutive_5xx: 5, interval: 10s, base_ejection_time: 30s, max_ejection_percent: 50 }
    health_check: { path: '/health?deep=1', interval: 5s, expected_statuses: [200, 204, 300-399], host: shop.test }
    dns: { refresh: 30s }
";
    let shop = everything.replace(
        "upstreams:\n  shop:",
        "traffic_shaping:\n  subgraphs:\n   users:",
    );
    let endpoints = shop.find("    endpoints").unwrap();
    let end = endpoints + shop[endpoints..].find('\n').unwrap() + 1;
    let shop = format!("{}{}", &shop[..endpoints], &shop[end..]);
    let shop = shop.replace("    http2:", "    experimental_http2:");
    for text in [
        everything,
        &shop,
        &shop.replace("  subgraphs:\n   users:", "  all:"),
    ] {
        let parsed = parse(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(parsed.warnings, []);
    }
}

#[test]
fn what_cannot_be_is_pointed_at() {
    let all = [
        "retry: { attempts: 0 }",
        "retry: { per_try_timeout: 31s }",
        "retry: { on: [5xxx] }",
        "retry: { on: [99] }",
        "retry: { budget: { percent: 120 } }",
        "timeout: 0s",
        "connect_timeout: 60s",
        "hedge: { after: 60s }",
        "hedge: {}",
        "health_check: { path: health }",
        "health_check: { interval: 2s, timeout: 3s }",
        "health_check: { unhealthy_threshold: 0 }",
        "health_check: { expected_statuses: [299-200] }",
        "health_check: { host: 'a b' }",
        "dns: { refresh: 0s }",
        "circuit_breaker: { error_ratio: 0 }",
        "circuit_breaker: { open: 5s }",
        "outlier_detection: { interval: 0s }",
        "load_balancing: { policy: fastest }",
        "limits: { max_connections: 0 }",
        "tls: { cert: a.pem }",
    ];
    let told = all.map(|settings| format!("{settings}\n  {}", told(settings)));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn weights_of_zero_are_pointed_at() {
    let told = |endpoints: &str| {
        let text = format!("upstreams:\n  shop:\n    endpoints: {endpoints}\n");
        parse(&text).map(|_| ()).map_err(|error| error.to_string())
    };
    insta::assert_snapshot!(told("[{ url: 'http://a.test', weight: 0 }]").unwrap_err());
    insta::assert_snapshot!(told("[{ url: 'http://a.test', wait: 1 }]").unwrap_err());
    insta::assert_snapshot!(told("[5]").unwrap_err());
    // One that is drained.
    told("[{ url: 'http://a.test', weight: 0 }, 'http://b.test']").unwrap();
}

#[test]
fn subgraphs_may_have_several_endpoints() {
    let told = |endpoints: &str| {
        let text = format!("override_subgraph_url:\n  users: {endpoints}\n");
        parse(&text).map(|_| ()).map_err(|error| error.to_string())
    };
    told("http://a.test/graphql?x=1").unwrap();
    told("[http://a.test/graphql, { url: 'unix:/run/users.sock:/graphql', weight: 2 }]").unwrap();
    insta::assert_snapshot!(told("[]").unwrap_err());
    insta::assert_snapshot!(told("[http://a.test, 'http://b.test/?x=1']").unwrap_err());
    let text =
        "traffic_shaping:\n  subgraphs:\n    users:\n      retry:\n        per_try_timeout: 1m\n";
    insta::assert_snapshot!(parse(text).unwrap_err().to_string());
}
