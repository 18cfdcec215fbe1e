//! `routes`: what they mean, and what their writer is told.

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
    router.yaml:4:22: `/api/*/x`: write a path (`/health`), all below one (`/api/**`), or `{name}` for a segment; other wildcards are not there
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
    router.yaml:4:5: a route has one of `to`, `versions`, `redirect`, `respond` and `graphql`
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
fn what_a_cache_never_stores_is_pointed_at() {
    insta::assert_snapshot!(error("  - { to: shop, cache: { statuses: [200, 206] } }\n"), @r###"
    router.yaml:4:42: answers with status 206 are never stored
    4 |   - { to: shop, cache: { statuses: [200, 206] } }
      |                                          ^
    "###);
    insta::assert_snapshot!(error("  - { to: shop, cache: { content_types: [json] } }\n"), @r###"
    router.yaml:4:42: `json` is not a media type; write application/json, or image/* for all of a kind
    4 |   - { to: shop, cache: { content_types: [json] } }
      |                                          ^
    "###);
    insta::assert_snapshot!(error("  - { to: shop, cache: { vary: ['*/*'] } }\n"), @r###"
    router.yaml:4:33: `*/*` cannot be the name of a header
    4 |   - { to: shop, cache: { vary: ['*/*'] } }
      |                                 ^
    "###);
    insta::assert_snapshot!(error("  - { to: shop, cache: { tll: 60s } }\n"), @r###"
    router.yaml:4:26: unknown key `tll`; did you mean `ttl`?
    4 |   - { to: shop, cache: { tll: 60s } }
      |                          ^
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
fn keys_of_later_that_protect_are_refused() {
    insta::assert_snapshot!(error("  - to: shop\n    operation: a.graphql\n"), @r###"
    router.yaml:5:5: `routes.0.operation` is not there yet, and to ignore it would let through what it forbids; take it out to serve without it
    5 |     operation: a.graphql
      |     ^
    "###);
}

#[test]
fn a_route_that_is_never_taken_is_pointed_at() {
    insta::assert_snapshot!(error("  - { match: { path: /a/** }, to: shop }\n  - { match: { path: '/a/{id}', host: x.example }, to: shop }\n"), @r###"
    router.yaml:5:5: this route is never taken: route 1 (`/a/**`) takes all that it matches
    5 |   - { match: { path: '/a/{id}', host: x.example }, to: shop }
      |     ^
    "###);
    insta::assert_snapshot!(error("  - to: shop\n  - to: shop\n"), @r###"
    router.yaml:5:5: this route is never taken: route 1 (`/**`) takes all that it matches
    5 |   - to: shop
      |     ^
    "###);
    insta::assert_snapshot!(error("  - { match: { path: /graphql }, to: shop }\n"), @r###"
    router.yaml:4:22: `/graphql` is the graph's own path (`supergraph.path`)
    4 |   - { match: { path: /graphql }, to: shop }
      |                      ^
    "###);
    let apart = "\
upstreams:
  shop: { endpoints: ['http://shop.example'] }
routes:
  - { match: { path: /a/**, methods: [GET] }, to: shop }
  - { match: { path: /a/**, headers: { x-a: 1 } }, to: shop }
  - { match: { path: /a/**, headers: { x-a: 2 } }, to: shop }
  - { match: { path: /a/**, query: { x-a: 1 } }, to: shop }
  - { match: { path: /a/b, host: '*.shop.example' }, to: shop }
  - { match: { path: /a/b, host: shop.example }, to: shop }
  - { match: { path: '~/a/.*' }, to: shop }
  - { match: { path: '/a/{b}' }, to: shop }
  - { match: { path: /a/** }, to: shop }
";
    assert!(parse(apart).is_ok());
}

/// Routes that say two things, or something that is not there.
const MISFITS: [&str; 30] = [
    "{ to: shop, respond: {} }",
    "{ respond: {}, timeout: 1s }",
    "{ to: shop, preserve_host: true, host: a.example }",
    "{ to: shop, host: 'a b' }",
    "{ match: { path: '/a/{id}' }, to: shop, rewrite: '/b/{other}' }",
    "{ match: { path: /a/** }, to: shop, rewrite: '/b/{other}' }",
    "{ match: { path: /a/** }, to: shop, rewrite: '/b', strip_prefix: /a }",
    "{ to: shop, rewrite: '/b?c' }",
    "{ to: shop, rewrite: '/a/../{request.host}' }",
    "{ to: shop, rewrite: '/{request.header}' }",
    "{ to: shop, rewrite: '/{a' }",
    "{ redirect: {} }",
    "{ redirect: { to: '{query.to}' } }",
    "{ redirect: { to: '//{query.to}' } }",
    "{ redirect: { to: /a, scheme: https } }",
    "{ redirect: { to: /a, status: 200 } }",
    "{ respond: { status: 99 } }",
    "{ respond: { status: 204, body: x } }",
    "{ respond: { body: x, json: 1 } }",
    "{ respond: { json: { a: ['{b}'] } } }",
    "{ respond: { headers: { connection: close } } }",
    "{ respond: { headers: { X_Forwarded_For: a } } }",
    "{ respond: { headers: { x-consumer-id: a } } }",
    "{ to: [{ upstream: shop, weight: 1 }, { upstream: shop, weight: 2 }] }",
    "{ to: shop, match: { headers: { x: { matches: '(' } } } }",
    "{ to: shop, match: { headers: { x: { is: '(' } } } }",
    "{ to: shop, match: { headers: { x: [] } } }",
    "{ to: shop, request: { headers: [{ add: { x-user: '{claim.sub}' } }] } }",
    "{ to: shop, request: { body: { json: [{ replace: { user: { id: '{claim.sub}' } } }] } } }",
    "{ to: shop, name: '' }",
];

#[test]
fn what_does_not_go_together_is_pointed_at() {
    let first_line = |case: &str| {
        let error = error(&format!("  - {case}\n"));
        let line = error.lines().next().unwrap();
        line.strip_prefix("router.yaml:4:").unwrap().to_owned()
    };
    let lines: Vec<String> = MISFITS
        .iter()
        .map(|case| format!("{case}\n  {}", first_line(case)))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}
