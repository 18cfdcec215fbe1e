//! What `graphway check` finds in a configuration.

use graphway::{
    config::{self, Environment},
    gateway,
    schema::Supergraph,
};
use std::{fs, path::Path};

fn findings(yaml: &str) -> String {
    let environment = Environment {
        variable: &|_| None,
        file: &|path| fs::read_to_string(path),
    };
    let parsed =
        config::parse("router.yaml", yaml, &environment).unwrap_or_else(|error| panic!("{error}"));
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs/shop.graphql");
    let supergraph = Supergraph::parse(&fs::read_to_string(shop).unwrap()).unwrap();
    let findings = gateway::check(&parsed.config.gateway(), &supergraph);
    let located = findings.into_iter().map(|finding| {
        let error = parsed.outline.error(&finding.key, finding.message);
        error.to_string()
    });
    located.collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_is_wrong_with_what_has_an_effect() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("router.yaml");
    assert_eq!(findings(&fs::read_to_string(path).unwrap()), "");
    let effective = "\
supergraph: { introspection: true }
sandbox: { enabled: true }
traffic_shaping: { router: { timeout: 10s }, subgraphs: { users: { timeout: 10s } } }
headers:
  all:
    request:
      - propagate: { named: x-a, rename: x-b }
      - propagate: { named: x-b }
      - propagate: { matching: \"^x-\" }
      - propagate: { named: x-c, rename: x-d }
      - propagate: { named: x-e, default: e }
      - remove: { named: x-c }
      - insert: { name: x-f, value: f }
  subgraphs:
    users: { request: [{ insert: { name: x-f, value: g } }, { remove: { matching: x-d } }] }
";
    assert_eq!(findings(effective), "");
}

#[test]
fn subgraphs_that_are_not_there() {
    let yaml = "\
traffic_shaping: { subgraphs: { user: { timeout: 1s } } }
headers: { subgraphs: { shops: { request: [] } } }
include_subgraph_errors: { subgraphs: { users: true, sers: true } }
override_subgraph_url: { product: \"http://127.0.0.1:1\" }
";
    insta::assert_snapshot!(findings(yaml), @r###"
    router.yaml:1:33: the supergraph has no subgraph `user`; it has: products, users
    1 | traffic_shaping: { subgraphs: { user: { timeout: 1s } } }
      |                                 ^
    router.yaml:2:25: the supergraph has no subgraph `shops`; it has: products, users
    2 | headers: { subgraphs: { shops: { request: [] } } }
      |                         ^
    router.yaml:3:54: the supergraph has no subgraph `sers`; it has: products, users
    3 | include_subgraph_errors: { subgraphs: { users: true, sers: true } }
      |                                                      ^
    router.yaml:4:26: the supergraph has no subgraph `product`; it has: products, users
    4 | override_subgraph_url: { product: "http://127.0.0.1:1" }
      |                          ^
    "###);
}

#[test]
fn timeouts_that_are_never_reached() {
    let yaml = "\
traffic_shaping:
  router: { timeout: 5s }
  all: { timeout: 6s }
  subgraphs: { users: { timeout: 1m }, products: { timeout: 4s } }
";
    insta::assert_snapshot!(findings(yaml), @r###"
    router.yaml:3:10: 6s is never reached: `traffic_shaping.router.timeout` ends every request after 5s
    3 |   all: { timeout: 6s }
      |          ^
    router.yaml:4:25: 60s is never reached: `traffic_shaping.router.timeout` ends every request after 5s
    4 |   subgraphs: { users: { timeout: 1m }, products: { timeout: 4s } }
      |                         ^
    "###);
    // The default of all subgraphs is longer than this, but nobody wrote it.
    assert_eq!(findings("traffic_shaping: { router: { timeout: 5s } }"), "");
}

#[test]
fn header_rules_without_effect() {
    let yaml = "\
headers:
  all:
    request:
      - remove: { named: x-a }
      - propagate: { named: x-a, default: a }
      - propagate: { named: x-b, rename: x-a }
      - insert: { name: content-type, value: text/plain }
      - insert: { name: x-c, value: c }
      - insert: { name: x-c, value: d }
      - remove: { matching: ^y- }
  subgraphs:
    users:
      request:
        - propagate: { named: x-a }
        - propagate: { matching: ^z- }
        - propagate: { named: z-a }
        - propagate: { matching: ^z- }
";
    insta::assert_snapshot!(findings(yaml), @r###"
    router.yaml:4:9: no effect: no rule before it sets such a header
    4 |       - remove: { named: x-a }
      |         ^
    router.yaml:6:9: no effect: a rule before it has propagated the same header
    6 |       - propagate: { named: x-b, rename: x-a }
      |         ^
    router.yaml:7:9: no effect: the router sets `content-type` itself
    7 |       - insert: { name: content-type, value: text/plain }
      |         ^
    router.yaml:8:9: no effect: `x-c` is inserted again below
    8 |       - insert: { name: x-c, value: c }
      |         ^
    router.yaml:10:9: no effect: no rule before it sets such a header
    10 |       - remove: { matching: ^y- }
       |         ^
    router.yaml:14:11: no effect: a rule before it has propagated the same header
    14 |         - propagate: { named: x-a }
       |           ^
    router.yaml:16:11: no effect: a rule before it has propagated the same header
    16 |         - propagate: { named: z-a }
       |           ^
    router.yaml:17:11: no effect: a rule before it has propagated the same header
    17 |         - propagate: { matching: ^z- }
       |           ^
    "###);
}

#[test]
fn pages_that_cannot_work() {
    insta::assert_snapshot!(findings("sandbox: { enabled: true }\nhomepage: { enabled: true }\n"), @r###"
    router.yaml:1:12: the editor needs the schema, and `supergraph.introspection` is off
    1 | sandbox: { enabled: true }
      |            ^
    router.yaml:2:13: this page is never seen: `sandbox` is what `/` shows
    2 | homepage: { enabled: true }
      |             ^
    "###);
}

#[test]
fn caches_that_cannot_do_what_they_say() {
    let yaml = "\
upstreams: { shop: { endpoints: ['http://shop.example'] } }
cache: { max_bytes: 1MB, max_entry_bytes: 2MB }
routes:
  - { match: { path: /a }, to: shop, cache: { ttl: 60s } }
  - { match: { path: /b }, to: shop, cache: { per_consumer: true } }
";
    insta::assert_snapshot!(findings(yaml), @r###"
    router.yaml:2:26: no body is that large in a cache that is smaller (`cache.max_bytes`)
    2 | cache: { max_bytes: 1MB, max_entry_bytes: 2MB }
      |                          ^
    router.yaml:5:47: no consumer is ever known: `authentication.router.jwt` is not set
    5 |   - { match: { path: /b }, to: shop, cache: { per_consumer: true } }
      |                                               ^
    "###);
}

#[test]
fn limits_that_cannot_be_as_they_are_meant() {
    let yaml = "\
redis: { fallback: deny }
plans: { gold: { rate: 5 } }
policies:
  who: { priority: high, rate_limit: { by: consumer, capacity: 1, interval: 1m } }
  what: { rate_limit: { by: [ip, operation], capacity: 1, interval: 1m } }
routes: [{ match: { path: /a }, respond: { body: a }, policies: [who, what] }]
graphql: { policies: [what] }
";
    insta::assert_snapshot!(findings(yaml), @r###"
    router.yaml:5:11: this goes by address where there is no operation: on a route without `graphql`
    5 |   what: { rate_limit: { by: [ip, operation], capacity: 1, interval: 1m } }
      |           ^
    router.yaml:4:26: this goes by address where nobody is asked who they are: on an end that has neither `auth` nor `authentication.router.jwt`
    4 |   who: { priority: high, rate_limit: { by: consumer, capacity: 1, interval: 1m } }
      |                          ^
    router.yaml:2:10: no consumer has this plan
    2 | plans: { gold: { rate: 5 } }
      |          ^
    router.yaml:4:10: nobody is refused sooner or later: there is neither `concurrency_limit` nor `adaptive_concurrency` in `traffic_shaping.router`
    4 |   who: { priority: high, rate_limit: { by: consumer, capacity: 1, interval: 1m } }
      |          ^
    router.yaml:1:10: there is no Redis to do without: `redis.url` is not set
    1 | redis: { fallback: **** }
      |          ^
    "###);
    let meant = "\
redis: { url: 'redis://10.0.0.1', fallback: deny }
traffic_shaping: { router: { concurrency_limit: 5 } }
authentication: { api_key: { headers: [x-api-key] } }
plans: { gold: { rate: 5 } }
consumers: [{ name: a, plan: gold, api_keys: [{ sha256: f10f781241e2246678b6b45c857069208152a53863e47fac33f607ab405006f4 }] }]
policies:
  who: { auth: [api_key], priority: high, rate_limit: { by: [consumer, operation], capacity: 1, interval: 1m } }
graphql: { policies: [who] }
";
    assert_eq!(findings(meant), "");
}
