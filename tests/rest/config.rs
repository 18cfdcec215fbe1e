//! `upstreams` and `routes`: what they mean, and what their writer is told.

use graphway::config::{self, Environment};

fn parse(text: &str) -> Result<config::Parsed, config::Error> {
    let environment = Environment {
        variable: &|_| None,
        file: &|path| std::fs::read_to_string(path),
    };
    config::parse("router.yaml", text, &environment)
}

/// What is said of these routes, beside an upstream `shop`.
fn error(routes: &str) -> String {
    let text =
        format!("upstreams:\n  shop: {{ endpoints: ['http://shop.example'] }}\nroutes:\n{routes}");
    parse(&text).unwrap_err().to_string()
}

#[test]
fn a_route_to_an_unknown_upstream_is_pointed_at() {
    insta::assert_snapshot!(error("  - to: shop\n  - { match: { path: /a }, to: shopp }\n"), @r###"
    router.yaml:5:32: unknown upstream `shopp`; there are: shop
    5 |   - { match: { path: /a }, to: shopp }
      |                                ^
    "###);
    insta::assert_snapshot!(error("  - to:\n      - { upstream: shop, weight: 1 }\n      - { upstream: other, weight: 1 }\n"), @r###"
    router.yaml:6:21: unknown upstream `other`; there are: shop
    6 |       - { upstream: other, weight: 1 }
      |                     ^
    "###);
    insta::assert_snapshot!(parse("routes:\n  - to: shop\n").unwrap_err().to_string(), @r###"
    router.yaml:2:9: unknown upstream `shop`; there are none
    2 |   - to: shop
      |         ^
    "###);
}

#[test]
fn weights_that_share_nothing_are_pointed_at() {
    insta::assert_snapshot!(error("  - to: [{ upstream: shop, weight: 0 }]\n"), @r###"
    router.yaml:4:9: no upstream has a weight, so none would be asked
    4 |   - to: [{ upstream: shop, weight: 0 }]
      |         ^
    "###);
    insta::assert_snapshot!(error("  - to: []\n"), @r###"
    router.yaml:4:9: no upstream has a weight, so none would be asked
    4 |   - to: []
      |         ^
    "###);
    insta::assert_snapshot!(error("  - to: [{ upstream: shop, weight: 10001 }]\n"), @r###"
    router.yaml:4:9: the weights add up to 10001; at most 10000
    4 |   - to: [{ upstream: shop, weight: 10001 }]
      |         ^
    "###);
    insta::assert_snapshot!(error("  - to: [{ upstream: shop }]\n"), @r###"
    router.yaml:4:10: the key `weight` is missing
    4 |   - to: [{ upstream: shop }]
      |          ^
    "###);
    insta::assert_snapshot!(error("  - to: 5\n"), @r###"
    router.yaml:4:9: expected the name of an upstream, or a list of `{ upstream, weight }`, found `5`
    4 |   - to: 5
      |         ^
    "###);
}

#[test]
fn what_cannot_match_is_pointed_at() {
    insta::assert_snapshot!(error("  - { match: { path: api/** }, to: shop }\n"), @r###"
    router.yaml:4:22: `api` does not begin with a slash
    4 |   - { match: { path: api/** }, to: shop }
      |                      ^
    "###);
    insta::assert_snapshot!(error("  - { match: { path: '/api/*/x' }, to: shop }\n"), @r###"
    router.yaml:4:22: `/api/*/x`: write a path (`/health`) or all below one (`/api/**`); other wildcards are not there
    4 |   - { match: { path: '/api/*/x' }, to: shop }
      |                      ^
    "###);
    insta::assert_snapshot!(error("  - { match: { path: '/%61pi' }, to: shop }\n"), @r###"
    router.yaml:4:22: `/%61pi` must be written `/api`
    4 |   - { match: { path: '/%61pi' }, to: shop }
      |                      ^
    "###);
    insta::assert_snapshot!(error("  - { match: { path: /a/../b }, to: shop }\n"), @r###"
    router.yaml:4:22: `/a/../b` has a segment of dots
    4 |   - { match: { path: /a/../b }, to: shop }
      |                      ^
    "###);
    insta::assert_snapshot!(error("  - { match: { host: 'shop.example:80' }, to: shop }\n"), @r###"
    router.yaml:4:22: `shop.example:80` is not a host; write it without port, `*.` before it for all below it
    4 |   - { match: { host: 'shop.example:80' }, to: shop }
      |                      ^
    "###);
    insta::assert_snapshot!(error("  - { match: { methods: [get] }, to: shop }\n"), @r###"
    router.yaml:4:26: `get` is not a method; they are in upper case, like GET
    4 |   - { match: { methods: [get] }, to: shop }
      |                          ^
    "###);
    insta::assert_snapshot!(error("  - { match: { path: /b/** }, to: shop, strip_prefix: /a }\n"), @r###"
    router.yaml:4:55: `match.path` lets through paths that do not begin with `/a`
    4 |   - { match: { path: /b/** }, to: shop, strip_prefix: /a }
      |                                                       ^
    "###);
    insta::assert_snapshot!(error("  - { match: { path: /b/** }, strip_prefix: /b }\n"), @r###"
    router.yaml:4:5: the key `to` or `graphql` is missing
    4 |   - { match: { path: /b/** }, strip_prefix: /b }
      |     ^
    "###);
    insta::assert_snapshot!(error("  - { match: { pth: /b/** }, to: shop }\n"), @r###"
    router.yaml:4:16: unknown key `pth`; did you mean `path`?
    4 |   - { match: { pth: /b/** }, to: shop }
      |                ^
    "###);
}

#[test]
fn endpoints_are_urls() {
    let endpoint = |url: &str| {
        parse(&format!(
            "upstreams:\n  shop:\n    endpoints:\n      - {url}\n"
        ))
        .unwrap_err()
        .to_string()
    };
    insta::assert_snapshot!(endpoint("ftp://shop.example"), @r###"
    router.yaml:4:9: `ftp://shop.example` must begin with http:// or https://
    4 |       - ftp://shop.example
      |         ^
    "###);
    insta::assert_snapshot!(endpoint("http://shop.example/?a=b"), @r###"
    router.yaml:4:9: an endpoint has no query
    4 |       - http://shop.example/?a=b
      |         ^
    "###);
}

#[test]
fn keys_of_later_are_warnings_unless_they_protect() {
    let parsed = parse(
        "\
upstreams:
  shop:
    endpoints: ['http://shop.example']
    balance: least_request
    retry: { attempts: 3 }
    health_check: { path: /health }
routes: [{ to: shop }]
",
    );
    let warnings = parsed.unwrap().warnings;
    let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(warnings.join("\n"), @r###"
    router.yaml:4:5: `upstreams.shop.balance` has no effect: Graphway does not have it yet
    router.yaml:5:5: `upstreams.shop.retry` has no effect: Graphway does not have it yet
    router.yaml:6:5: `upstreams.shop.health_check` has no effect: Graphway does not have it yet
    "###);
    insta::assert_snapshot!(error("  - to: shop\n    policies: [apps]\n"), @r###"
    router.yaml:5:5: `routes.0.policies` is not there yet, and to ignore it would let through what it forbids; take it out to serve without it
    5 |     policies: [apps]
      |     ^
    "###);
    insta::assert_snapshot!(error("  - { match: { path: /a, headers: { x-canary: '1' } }, to: shop }\n"), @r###"
    router.yaml:4:26: `routes.0.match.headers` is not there yet, and to ignore it would let through what it forbids; take it out to serve without it
    4 |   - { match: { path: /a, headers: { x-canary: '1' } }, to: shop }
      |                          ^
    "###);
}
