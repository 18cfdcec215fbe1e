//! `router.yaml`: what it means, and what its writer is told.

use graphway::config::{self, Config, Environment, Parsed};
use std::{fs, path::Path, time::Duration};

fn parse(text: &str) -> Result<Parsed, config::Error> {
    let environment = Environment {
        variable: &|name| match name {
            "PORT" => Some("4321".to_owned()),
            "YES" => Some("true".to_owned()),
            "USERS" => Some("http://me:hunter2@users.test/".to_owned()),
            "TOKEN" => Some("t0ken".to_owned()),
            "HEADER" => Some("from: the environment".to_owned()),
            _ => None,
        },
        file: &|path| match path {
            "secret.txt" => Ok("s3cret\n".to_owned()),
            _ => Err(std::io::ErrorKind::NotFound.into()),
        },
    };
    config::parse("router.yaml", text, &environment)
}

fn config(text: &str) -> Config {
    let parsed = parse(text).unwrap_or_else(|error| panic!("{error}"));
    assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
    parsed.config
}

fn error(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

/// A key without a value, and what is commented out below it.
#[test]
fn comments_may_be_as_long_as_they_like() {
    let comments = "# a comment\n".repeat(5000);
    let text = format!("ratelimit:\n  global:\n{comments}csrf: {{ unsafe_disabled: true }}\n");
    assert!(config(&text).csrf.unsafe_disabled);
}

#[test]
fn the_file_at_the_top_is_the_defaults() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("router.yaml");
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(config(&text), Config::default());
}

#[test]
fn nothing_written_is_the_defaults() {
    assert_eq!(config(""), Config::default());
    assert_eq!(config("# nothing\n"), Config::default());
    assert_eq!(config("limits:\n"), Config::default());
}

#[test]
fn the_example_of_the_documentation_loads() {
    let text = "\
supergraph:
  listen: 0.0.0.0:4000
traffic_shaping:
  all:
    timeout: 30s
  subgraphs:
    users:
      timeout: 10s
    orders:
      timeout: 15s
limits:
  max_depth: 15
  max_height: 200
  max_aliases: 30
telemetry:
  exporters:
    metrics:
      prometheus:
        enabled: true
        listen: 0.0.0.0:9090
    tracing:
      otlp:
        enabled: true
        endpoint: http://otel-collector:4317
ratelimit:
  global:
    capacity: 1000
    interval: 1m
";
    let Parsed {
        config, warnings, ..
    } = parse(text).unwrap();
    assert_eq!(config.supergraph.listen.port(), 4000);
    assert_eq!(
        config.traffic_shaping.upstream("users").timeout,
        Duration::from_secs(10)
    );
    assert_eq!(
        config.traffic_shaping.upstream("products").timeout,
        Duration::from_secs(30)
    );
    assert_eq!(config.limits.max_height, Some(200));
    let exporters = &config.telemetry.exporters;
    let prometheus = &exporters.metrics.prometheus;
    assert_eq!((prometheus.enabled, prometheus.listen.port()), (true, 9090));
    assert_eq!(config.gateway().tracing.ratio, Some(1.0));
    assert!(config.ratelimit.global.is_some());
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn durations_and_sizes_have_units() {
    let config = config(
        "traffic_shaping: { router: { timeout: 1m }, all: { timeout: 500ms } }\nlimits: { http_max_request_bytes: 64KiB, http1_max_request_buf_size: 5000 }\n",
    );
    assert_eq!(
        config.traffic_shaping.router.timeout,
        Duration::from_secs(60)
    );
    assert_eq!(
        config.traffic_shaping.all.timeout,
        Some(Duration::from_millis(500))
    );
    assert_eq!(config.limits.http_max_request_bytes.0, 65536);
    assert_eq!(config.limits.http1_max_request_buf_size.0, 5000);
}

#[test]
fn variables_and_files_are_expanded_after_parsing() {
    let config = config(
        "supergraph:\n  listen: 127.0.0.1:${env.PORT}\n  introspection: ${env.YES}\n  source: ${env.SOURCE:-a.graphql}\nlimits: { max_depth: \"${env.PORT}\" }\nheaders:\n  all:\n    request:\n      - insert: { name: x-env, value: \"${env.HEADER} ${file.secret.txt} $${env.PORT}\" }\n",
    );
    assert_eq!(config.supergraph.listen.port(), 4321);
    assert!(config.supergraph.introspection);
    assert_eq!(config.supergraph.source, Path::new("a.graphql"));
    assert_eq!(config.limits.max_depth, Some(4321));
    insta::assert_debug_snapshot!(config.headers.all.request, @r###"
    [
        Insert(
            Value {
                name: Name(
                    "x-env",
                ),
                value: Value(
                    "from: the environment s3cret ${env.PORT}",
                ),
            },
        ),
    ]
    "###);
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_known_one() {
    insta::assert_snapshot!(error("limits:\n  max_dept: 15\n"), @r###"
    router.yaml:2:3: unknown key `max_dept`; did you mean `max_depth`?
    2 |   max_dept: 15
      |   ^
    "###);
    insta::assert_snapshot!(error("supergraph:\n  listen: 127.0.0.1:1\nlimit: {}\n"), @r###"
    router.yaml:3:1: unknown key `limit`; did you mean `limits`?
    3 | limit: {}
      | ^
    "###);
    insta::assert_snapshot!(error("csrf:\n  zzzzzzzzzzzz: 1\n"), @r###"
    router.yaml:2:3: unknown key `zzzzzzzzzzzz`; there are: unsafe_disabled, required_headers
    2 |   zzzzzzzzzzzz: 1
      |   ^
    "###);
    insta::assert_snapshot!(error("headers: { all: { request: [{ propogate: { named: a } }] } }\n"), @r###"
    router.yaml:1:31: unknown value `propogate`; did you mean `propagate`?
    1 | headers: { all: { request: [{ propogate: { named: a } }] } }
      |                               ^
    "###);
}

#[test]
fn a_wrong_value_is_pointed_at() {
    insta::assert_snapshot!(error("limits:\n  max_depth: many\n"), @r###"
    router.yaml:2:14: expected a whole number, found the text `many`
    2 |   max_depth: many
      |              ^
    "###);
    insta::assert_snapshot!(error("limits:\n  max_depth: -1\n"), @r###"
    router.yaml:2:14: expected a whole number, found `-1`
    2 |   max_depth: -1
      |              ^
    "###);
    insta::assert_snapshot!(error("limits: 5\n"), @r###"
    router.yaml:1:9: expected keys and values, found `5`
    1 | limits: 5
      |         ^
    "###);
    insta::assert_snapshot!(error("traffic_shaping:\n  all:\n    timeout: 5 parsecs\n"), @r###"
    router.yaml:3:14: this is not a duration; write 30s, 500ms, 1m or 1h
    3 |     timeout: 5 parsecs
      |              ^
    "###);
    insta::assert_snapshot!(error("limits:\n  http_max_request_bytes: 2 MegaB\n"), @r###"
    router.yaml:2:27: `2 MegaB` is not a size; write 2MB, 64KiB or a number of bytes
    2 |   http_max_request_bytes: 2 MegaB
      |                           ^
    "###);
    insta::assert_snapshot!(error("supergraph:\n  listen: here\n"), @r###"
    router.yaml:2:11: write an IP address and a port, such as 127.0.0.1:4000
    2 |   listen: here
      |           ^
    "###);
    insta::assert_snapshot!(error("supergraph:\n  path: graphql\n"), @r###"
    router.yaml:2:9: `graphql` is not a path; it must begin with a slash and have no query
    2 |   path: graphql
      |         ^
    "###);
}

#[test]
fn a_wrong_url_header_or_word_is_pointed_at() {
    insta::assert_snapshot!(error("override_subgraph_url:\n  users: ftp://x/\n"), @r###"
    router.yaml:2:10: `ftp://x/` must begin with http:// or https://
    2 |   users: ftp://x/
      |          ^
    "###);
    insta::assert_snapshot!(error("headers: { all: { request: [{ insert: { name: 'a b', value: c } }] } }\n"), @r###"
    router.yaml:1:47: `a b` cannot be the name of a header
    1 | headers: { all: { request: [{ insert: { name: 'a b', value: c } }] } }
      |                                               ^
    "###);
    insta::assert_snapshot!(error("headers: { all: { request: [{ propagate: { matching: '(' } }] } }\n"), @r###"
    router.yaml:1:54: regex parse error:
        (
        ^
    error: unclosed group
    1 | headers: { all: { request: [{ propagate: { matching: '(' } }] } }
      |                                                      ^
    "###);
    insta::assert_snapshot!(error("headers: { all: { request: [{ propagate: { named: a, matching: b } }] } }\n"), @r###"
    router.yaml:1:42: give either `named` or `matching`
    1 | headers: { all: { request: [{ propagate: { named: a, matching: b } }] } }
      |                                          ^
    "###);
    insta::assert_snapshot!(error("headers: { all: { request: [{ insert: { name: a } }] } }\n"), @r###"
    router.yaml:1:39: give either `value` or `claim`
    1 | headers: { all: { request: [{ insert: { name: a } }] } }
      |                                       ^
    "###);
    insta::assert_snapshot!(error("telemetry: { exporters: { logging: { stdout: { format: yaml } } } }\n"), @r###"
    router.yaml:1:56: unknown value `yaml`; there are: text, json
    1 | telemetry: { exporters: { logging: { stdout: { format: yaml } } } }
      |                                                        ^
    "###);
    insta::assert_snapshot!(error("server: { http: { max_connections: 0 } }\n"), @r###"
    router.yaml:1:36: expected a whole number from 1, found `0`
    1 | server: { http: { max_connections: 0 } }
      |                                    ^
    "###);
    insta::assert_snapshot!(error("traffic_shaping: { all: { timeout: 200000000000000d } }\n"), @r###"
    router.yaml:1:36: this is not a duration; write 30s, 500ms, 1m or 1h
    1 | traffic_shaping: { all: { timeout: 200000000000000d } }
      |                                    ^
    "###);
    insta::assert_snapshot!(error("server:\n  workers: 0\n"), @r###"
    router.yaml:2:12: expected a whole number from 1, found `0`
    2 |   workers: 0
      |            ^
    "###);
}

#[test]
fn what_cannot_be_expanded_is_pointed_at() {
    insta::assert_snapshot!(error("supergraph:\n  listen: ${env.NOT_SET}\n"), @r###"
    router.yaml:2:11: the environment variable `NOT_SET` is not set (`${env.NOT_SET:-…}` gives a default)
    2 |   listen: ${env.NOT_SET}
      |           ^
    "###);
    insta::assert_snapshot!(error("supergraph:\n  source: ${file.not-there}\n"), @r###"
    router.yaml:2:11: cannot read `not-there`: entity not found
    2 |   source: ${file.not-there}
      |           ^
    "###);
    insta::assert_snapshot!(error("supergraph:\n  source: ${env.PORT\n"), @r###"
    router.yaml:2:11: a `${` has no closing brace
    2 |   source: ${env.PORT
      |           ^
    "###);
    insta::assert_snapshot!(error("limits:\n  max_depth: ${file.secret.txt}\n"), @r###"
    router.yaml:2:14: expected a whole number, found what `${…}` stands for
    2 |   max_depth: ${file.secret.txt}
      |              ^
    "###);
}

#[test]
fn secrets_are_not_told() {
    insta::assert_snapshot!(error("override_subgraph_url:\n  users: ${env.USERS}\n"), @r###"
    router.yaml:2:10: the URL must not carry a user name or password
    2 |   users: ${env.USERS}
      |          ^
    "###);
    insta::assert_snapshot!(error("override_subgraph_url:\n  users: http://me:hunter2@users.test/\n"), @r###"
    router.yaml:2:10: the URL must not carry a user name or password
    2 |   users: http://**********@users.test/
      |          ^
    "###);
    insta::assert_snapshot!(error("override_subgraph_url:\n  users: ftp://me:hunter2@users.test/\n"), @r###"
    router.yaml:2:10: `ftp://…@users.test/` must begin with http:// or https://
    2 |   users: ftp://**********@users.test/
      |          ^
    "###);
    insta::assert_snapshot!(error("supergraph:\n  path: ${env.TOKEN}\n"), @r###"
    router.yaml:2:9: `${…}` is not a path; it must begin with a slash and have no query
    2 |   path: ${env.TOKEN}
      |         ^
    "###);
}

#[test]
fn what_is_not_yaml_is_pointed_at() {
    insta::assert_snapshot!(error("limits:\n  max_depth: [1\n"), @r###"
    router.yaml:2:14: this is not YAML: unclosed bracket '['
    2 |   max_depth: [*
      |              ^
    "###);
    insta::assert_snapshot!(error("limits:\n  max_depth: 1\n  max_depth: 2\n"), @r###"
    router.yaml:3:3: the key `max_depth` is written twice
    3 |   max_depth: *
      |   ^
    "###);
    insta::assert_snapshot!(error("- a\n- b\n"), @r###"
    router.yaml:1:1: expected keys and values, found a list
    1 | - a
      | ^
    "###);
}

#[test]
fn apollo_keys_that_are_missing_are_warnings_unless_they_protect() {
    let warned = parse("apq:\n  enabled: true\nsupergraph:\n  defer_support: true\ntraffic_shaping:\n  subgraphs:\n    users:\n      compression: gzip\n      timeout: 1s\n").unwrap();
    let warnings: Vec<String> = warned.warnings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(warnings.join("\n"), @r###"
    router.yaml:1:1: `apq` has no effect: Graphway does not have it yet
    router.yaml:4:3: `supergraph.defer_support` has no effect: Graphway does not have it yet
    router.yaml:8:7: `traffic_shaping.subgraphs.users.compression` has no effect: Graphway does not have it yet
    "###);
    insta::assert_snapshot!(error("authorization:\n  preview_directives:\n    enabled: true\n"), @r###"
    router.yaml:2:3: `authorization.preview_directives` is not there yet, and to ignore it would let through what it forbids; take it out to serve without it
    2 |   preview_directives:
      |   ^
    "###);
    assert_eq!(
        config("persisted_queries: { enabled: false }\n"),
        Config::default()
    );
}

#[test]
fn what_is_wrong_with_authentication_is_pointed_at() {
    let jwt = |text: &str| error(&format!("authentication:\n  router:\n    jwt:\n{text}"));
    insta::assert_snapshot!(jwt("      header_name: x-token\n"), @r###"
    router.yaml:4:7: the key `jwks` is missing
    4 |       header_name: *******
      |       ^
    "###);
    insta::assert_snapshot!(jwt("      jwks: []\n"), @r###"
    router.yaml:4:13: name at least one key set; without one, no token could be valid
    4 |       jwks: []
      |             ^
    "###);
    insta::assert_snapshot!(jwt("      jwks:\n        - url: ftp://x/\n"), @r###"
    router.yaml:5:16: `…` must begin with http:// or https://, or file://
    5 |         - url: ********
      |                ^
    "###);
    insta::assert_snapshot!(jwt("      jwks:\n        - url: http://x/\n          algorithms: [RS256, none]\n"), @r###"
    router.yaml:6:31: unknown value `…`; there are: HS256, HS384, HS512, ES256, ES384, RS256, RS384, RS512, PS256, PS384, PS512, EdDSA
    6 |           algorithms: [*****, ****]
      |                               ^
    "###);
    insta::assert_snapshot!(jwt("      jwks:\n        - url: http://x/\n          algorithms: []\n"), @r###"
    router.yaml:5:11: `algorithms` is empty: name at least one, or leave it out to accept any
    5 |         - url: *********
      |           ^
    "###);
    insta::assert_snapshot!(jwt("      jwks:\n        - url: http://x/\n          audiences: []\n"), @r###"
    router.yaml:6:22: name at least one, or leave the key out to accept any
    6 |           audiences: []
      |                      ^
    "###);
    insta::assert_snapshot!(jwt("      jwks:\n        - url: http://x/\n          issuer: a\n          issuers: [b]\n"), @r###"
    router.yaml:5:11: give either `issuer` or `issuers`
    5 |         - url: *********
      |           ^
    "###);
    insta::assert_snapshot!(jwt("      jwks:\n        - url: http://x/\n          audience: a\n"), @r###"
    router.yaml:6:11: unknown key `audience`; did you mean `audiences`?
    6 |           audience: *
      |           ^
    "###);
    insta::assert_snapshot!(jwt("      jwks:\n        - url: http://x/\n      sources:\n        - { type: cookie, name: a, value_prefix: b }\n"), @r###"
    router.yaml:7:11: `value_prefix` goes with headers
    7 |         - { type: ******, name: *, value_prefix: * }
      |           ^
    "###);
    insta::assert_snapshot!(error("authorization:\n  require_authentification: true\n"), @r###"
    router.yaml:2:3: unknown key `require_authentification`; did you mean `require_authentication`?
    2 |   require_authentification: true
      |   ^
    "###);
}
