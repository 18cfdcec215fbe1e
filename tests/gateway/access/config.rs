//! What is wrong with consumers and policies, as their writer is told.

use graphway::{
    config::{self, Environment},
    gateway,
    schema::Supergraph,
};
use std::{fs, path::Path};

pub(super) fn parse(yaml: &str) -> Result<config::Parsed, config::Error> {
    let environment = Environment {
        variable: &|_| None,
        file: &|path| fs::read_to_string(path),
    };
    config::parse("router.yaml", yaml, &environment)
}

/// What stands before each case. `FIRST` to `FOURTH` are digests.
const AROUND: &str = "\
upstreams: { shop: { endpoints: ['http://shop.example'] } }
authentication: { api_key: {} }
plans: { standard: { rate: 5 } }
";

const CONSUMERS: [&str; 27] = [
    "consumers: [{ name: '' }]",
    "consumers: [{ name: none }]",
    "consumers: [{ name: 'a ' }]",
    "consumers: [{ name: ä }]",
    "consumers: [{ name: a }, { name: a }]",
    "consumers: [{ name: a, groups: ['b, c'] }]",
    "consumers: [{ name: a, plan: standart }]",
    "consumers: [{ name: a, plan: gold }]",
    "consumers: [{ name: a, api_keys: [{ sha256: key-of-app }] }]",
    "consumers: [{ name: a, api_keys: [{ sha256: FIRST }] }, { name: b, api_keys: [{ sha256: SECOND }, { sha256: FIRST }] }]",
    "consumers: [{ name: a, api_keys: [{ sha256: FIRST }, { sha256: FIRST }] }]",
    "consumers: [{ name: a, hmac: [{ key_id: k, secret: short }] }]",
    "consumers: [{ name: a, basic: [{ username: u, password: plain }] }]",
    "consumers: [{ name: a, basic: [{ username: u, password: '$argon2id$v=19$m=4194304,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b1dWRWJTmaaJObG' }] }]",
    "consumers: [{ name: a, basic: [{ username: u, password: 'HASH' }] }, { name: b, basic: [{ username: u, password: 'HASH' }] }]",
    "consumers: [{ name: a, claims: { azp: x } }, { name: b, claims: { azp: x } }]",
    "consumers: [{ name: a, certificates: [{ san: a, subject_cn: b }] }]",
    // Of what may be a secret, nothing is shown.
    "consumers: [{ name: a, api_keys: [sup3rs3cret] }]",
    "consumers: [{ name: a, api_keys: sup3rs3cret }]",
    "consumers: [{ name: a, api_keys: [{ sha256: sup3rs3cret }] }]",
    "consumers: [{ name: a, hmac: [{ key_id: k, secret: 123456789012345678 }] }]",
    "consumers: [{ name: a, hmac: [{ key_id: k, secret: 2.5e3 }] }]",
    "consumers: [{ name: a, basic: ['u:sup3rs3cret'] }]",
    "consumers: [{ name: a, basic: [{ username: u, password: 20251126 }] }]",
    "consumers: [{ name: a, basic: [{ username: 'sup3r:s3cret', password: x }] }]",
    "redis: { url: 20251126 }",
    "redis: { fallback: sup3rs3cret }",
];

const POLICIES: [&str; 27] = [
    "policies: { p: { auth: [] } }",
    "policies: { p: { auth: [jwt] } }",
    "policies: { p: { auth: [api_key, api_key] } }",
    "policies: { p: { auth: [apikey] } }",
    "policies: { p: { auth: [{ all: [api_key] }] } }",
    "policies: { p: { auth: [{ all: [api_key, api_key] }] } }",
    "policies: { p: { auth: [{ all: [api_key, basic] }] } }",
    "policies: { p: { auth: [{ all: [api_key, basci] }] } }",
    "policies: { p: { auth: [{ any: [api_key] }] } }",
    "policies: { p: { auth: [api_key, { all: [certificate, api_key] }] } }",
    "policies: { p: { anonymous: a } }",
    "policies: { p: { auth: [api_key], anonymous: guset } }\nconsumers: [{ name: guest }]",
    "policies: { p: { auth: [api_key], allow_groups: [a], deny_groups: [b] } }",
    "policies: { p: { allow_groups: [a] } }",
    "policies: { p: { auth: [api_key], deny_groups: [] } }",
    "policies: { p: { addresses: { allow: [] } } }",
    "policies: { p: { addresses: { deny: [10.0.0.1/8] } } }",
    "policies: { keys: { auth: [api_key] } }\ngraphql: { policies: [key] }",
    "policies: { p: { auth: [api_key] }, q: { auth: [api_key] } }\nroutes: [{ to: shop, policies: [p, q] }]",
    // A key whose value was commented out must not read as one that is not there.
    "policies: { p: { auth: } }",
    "policies: { p: { auth: [api_key], allow_groups: } }",
    "policies: { p: { auth: [api_key], deny_groups: } }",
    "policies: { p: { auth: [api_key], anonymous: } }",
    "policies: { p: { addresses: } }",
    "policies: { p: { addresses: { allow: , deny: [10.0.0.0/8] } } }",
    "policies: { p: { rate_limit: } }",
    "graphql: { policies: }",
];

fn written(case: &str) -> String {
    let case = case
        .replace("FIRST", &"a".repeat(64))
        .replace("SECOND", &"b".repeat(64))
        .replace(
            "HASH",
            "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b1dWRWJTmaaJObG",
        );
    format!("{AROUND}{case}\n")
}

/// A case, and the first line of what is told. Nothing of it has a secret.
fn told(case: &str) -> String {
    let error = parse(&written(case)).unwrap_err().to_string();
    for secret in ["sup3r", "s3cret", "123456", "2025", "2500", "2.5e3"] {
        assert!(!error.contains(secret), "{error}");
    }
    let line = error.lines().next().unwrap();
    format!("{case}\n  {}", &line["router.yaml:".len()..])
}

#[test]
fn consumers_that_cannot_be_meant_are_pointed_at() {
    insta::assert_snapshot!(CONSUMERS.map(told).join("\n"), @r###"
    consumers: [{ name: '' }]
      4:21: a consumer has a name
    consumers: [{ name: none }]
      4:21: metrics call those so who are no consumer
    consumers: [{ name: 'a ' }]
      4:21: upstreams get it in a header: visible ASCII characters alone
    consumers: [{ name: ä }]
      4:21: upstreams get it in a header: visible ASCII characters alone
    consumers: [{ name: a }, { name: a }]
      4:34: there is a consumer `a` already
    consumers: [{ name: a, groups: ['b, c'] }]
      4:33: upstreams get groups in a header, with commas between them: visible ASCII characters but commas
    consumers: [{ name: a, plan: standart }]
      4:30: unknown plan `standart`; did you mean `standard`?
    consumers: [{ name: a, plan: gold }]
      4:30: unknown plan `gold`; there are: standard
    consumers: [{ name: a, api_keys: [{ sha256: key-of-app }] }]
      4:45: this is no SHA-256: 64 hexadecimal digits
    consumers: [{ name: a, api_keys: [{ sha256: FIRST }] }, { name: b, api_keys: [{ sha256: SECOND }, { sha256: FIRST }] }]
      4:216: the consumer `a` is known by this already
    consumers: [{ name: a, api_keys: [{ sha256: FIRST }, { sha256: FIRST }] }]
      4:113: the consumer `a` is known by this already
    consumers: [{ name: a, hmac: [{ key_id: k, secret: short }] }]
      4:52: a secret has at least 32 bytes, and this one 5: it could be guessed from one request
    consumers: [{ name: a, basic: [{ username: u, password: plain }] }]
      4:57: this is no Argon2 hash in PHC form, such as $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH
    consumers: [{ name: a, basic: [{ username: u, password: '$argon2id$v=19$m=4194304,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b1dWRWJTmaaJObG' }] }]
      4:57: to check this hash costs too much: at most m=262144 (KiB), m times t 1048576, p=16
    consumers: [{ name: a, basic: [{ username: u, password: 'HASH' }] }, { name: b, basic: [{ username: u, password: 'HASH' }] }]
      4:156: the consumer `a` is known by this already
    consumers: [{ name: a, claims: { azp: x } }, { name: b, claims: { azp: x } }]
      4:65: the consumer `a` is known by this already
    consumers: [{ name: a, certificates: [{ san: a, subject_cn: b }] }]
      4:39: give one of `san`, `subject_cn` and `sha256`
    consumers: [{ name: a, api_keys: [sup3rs3cret] }]
      4:35: expected keys and values, found the text `…`
    consumers: [{ name: a, api_keys: sup3rs3cret }]
      4:34: expected a list, found the text `…`
    consumers: [{ name: a, api_keys: [{ sha256: sup3rs3cret }] }]
      4:45: this is no SHA-256: 64 hexadecimal digits
    consumers: [{ name: a, hmac: [{ key_id: k, secret: 123456789012345678 }] }]
      4:52: expected text, found `…`
    consumers: [{ name: a, hmac: [{ key_id: k, secret: 2.5e3 }] }]
      4:52: expected text, found `…`
    consumers: [{ name: a, basic: ['u:sup3rs3cret'] }]
      4:32: expected keys and values, found the text `…`
    consumers: [{ name: a, basic: [{ username: u, password: 20251126 }] }]
      4:57: expected text, found `…`
    consumers: [{ name: a, basic: [{ username: 'sup3r:s3cret', password: x }] }]
      4:44: a user name has letters, and no colon
    redis: { url: 20251126 }
      4:15: expected text, found `…`
    redis: { fallback: sup3rs3cret }
      4:20: unknown value `…`; there are: local, allow, deny
    "###);
}

#[test]
fn policies_that_cannot_be_meant_are_pointed_at() {
    insta::assert_snapshot!(POLICIES.map(told).join("\n"), @r###"
    policies: { p: { auth: [] } }
      4:24: name at least one way; without one, nobody could come in
    policies: { p: { auth: [jwt] } }
      4:25: there is no `authentication.router.jwt`, which says how
    policies: { p: { auth: [api_key, api_key] } }
      4:34: `api_key` is in this list already
    policies: { p: { auth: [apikey] } }
      4:25: unknown value `apikey`; did you mean `api_key`?
    policies: { p: { auth: [{ all: [api_key] }] } }
      4:32: name at least two, all of which are wanted
    policies: { p: { auth: [{ all: [api_key, api_key] }] } }
      4:42: `api_key` is in this list already
    policies: { p: { auth: [{ all: [api_key, basic] }] } }
      4:42: there is no `authentication.basic`, which says how
    policies: { p: { auth: [{ all: [api_key, basci] }] } }
      4:42: unknown value `basci`; did you mean `basic`?
    policies: { p: { auth: [{ any: [api_key] }] } }
      4:27: unknown key `any`; did you mean `all`?
    policies: { p: { auth: [api_key, { all: [certificate, api_key] }] } }
      4:55: these are never tried together: `api_key`, before them, is enough
    policies: { p: { anonymous: a } }
      4:29: this goes with `auth`: who shows nothing of what?
    policies: { p: { auth: [api_key], anonymous: guset } }
    consumers: [{ name: guest }]
      4:46: unknown consumer `guset`; did you mean `guest`?
    policies: { p: { auth: [api_key], allow_groups: [a], deny_groups: [b] } }
      4:67: `allow_groups` says who comes in, and nobody else does
    policies: { p: { allow_groups: [a] } }
      4:32: nobody is asked who they are: there is neither `auth` nor `authentication.router.jwt`
    policies: { p: { auth: [api_key], deny_groups: [] } }
      4:48: name at least one group
    policies: { p: { addresses: { allow: [] } } }
      4:29: name at least one address in `allow` or in `deny`; nobody comes from nowhere
    policies: { p: { addresses: { deny: [10.0.0.1/8] } } }
      4:38: `10.0.0.1/8` has bits after its first 8
    policies: { keys: { auth: [api_key] } }
    graphql: { policies: [key] }
      5:23: unknown policy `key`; did you mean `keys`?
    policies: { p: { auth: [api_key] }, q: { auth: [api_key] } }
    routes: [{ to: shop, policies: [p, q] }]
      5:36: `p`, in this list too, says `auth` already
    policies: { p: { auth: } }
      4:22: expected a list, found nothing
    policies: { p: { auth: [api_key], allow_groups: } }
      4:47: expected a list, found nothing
    policies: { p: { auth: [api_key], deny_groups: } }
      4:46: expected a list, found nothing
    policies: { p: { auth: [api_key], anonymous: } }
      4:44: expected text, found nothing
    policies: { p: { addresses: } }
      4:27: name at least one address in `allow` or in `deny`; nobody comes from nowhere
    policies: { p: { addresses: { allow: , deny: [10.0.0.0/8] } } }
      4:36: expected a list, found nothing
    policies: { p: { rate_limit: } }
      4:28: expected a limit as `{ by, capacity, interval }`, or a list of them, found nothing
    graphql: { policies: }
      4:20: expected a list, found nothing
    "###);
}

/// What `graphway check` finds.
pub(super) fn found(yaml: &str) -> String {
    let parsed = parse(yaml).unwrap();
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs/shop.graphql");
    let supergraph = Supergraph::parse(&fs::read_to_string(shop).unwrap()).unwrap();
    let findings = gateway::check(&parsed.config.gateway(), &supergraph).into_iter();
    let located = findings.map(|finding| {
        let error = parsed.outline.error(&finding.key, finding.message);
        error.to_string()
    });
    located.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_has_no_effect_is_found() {
    let yaml = "\
authentication: { api_key: { query: [key] } }
consumers:
  - { name: a, groups: [apps], claims: { azp: a } }
policies:
  used: { auth: [api_key], allow_groups: [apps, app] }
  unused: { auth: [api_key] }
  anything: {}
graphql: { policies: [used, anything] }
";
    insta::assert_snapshot!(found(yaml), @r###"
    router.yaml:7:3: this policy demands nothing of requests
    7 |   anything: {}
      |   ^
    router.yaml:6:3: no route and no `graphql.policies` names this policy
    6 |   unused: { auth: [api_key] }
      |   ^
    router.yaml:5:49: no consumer is in a group `app`
    5 |   used: { auth: [api_key], allow_groups: [apps, app] }
      |                                                 ^
    router.yaml:3:32: nothing looks at these: there is no `authentication.router.jwt`
    3 |   - { name: *, groups: [****], claims: { azp: * } }
      |                                ^
    "###);
}

#[test]
fn secrets_of_consumers_are_not_told() {
    let consumers = "\
consumers:
  - { name: a, hmac: [{ key_id: k, secret: plain-secret-of-some-length-at-least }], groups: [',', \"secret: 'b'\"] }
  - { name: a, hmac: [{ key_id: l, secret: 'a secret of some length, at least 32 bytes' }, { key_id: k, secret: x, wrong: 1 }] }
  - { name: a, hmac: [{ key_id: l, secret: \"${env.NOT_SET:-a secret of some length, at least 32 bytes}\", wrong: 1 }] }
  - { name: a, hmac: [{ key_id: l, secret: ${env.NOT_SET} }] }
";
    let error_in = |lines: &[usize]| {
        let lines = lines
            .iter()
            .map(|line| consumers.lines().nth(*line).unwrap());
        let lines: Vec<&str> = lines.collect();
        let text = format!("consumers:\n{}\n", lines.join("\n"));
        parse(&text).unwrap_err().to_string()
    };
    insta::assert_snapshot!(error_in(&[1]), @r###"
    router.yaml:2:94: upstreams get groups in a header, with commas between them: visible ASCII characters but commas
    2 |   - { name: *, hmac: [{ key_id: *, secret: ************************************ }], groups: [***, *************] }
      |                                                                                              ^
    "###);
    insta::assert_snapshot!(error_in(&[2]), @r###"
    router.yaml:2:113: a secret has at least 32 bytes, and this one 1: it could be guessed from one request
    2 |   - { name: *, hmac: [{ key_id: *, secret: ******************************************** }, { key_id: *, secret: *, wrong: * }] }
      |                                                                                                                 ^
    "###);
    insta::assert_snapshot!(error_in(&[3]), @r###"
    router.yaml:2:106: unknown key `wrong`; there are: key_id, secret
    2 |   - { name: *, hmac: [{ key_id: *, secret: ************************************************************, wrong: * }] }
      |                                                                                                          ^
    "###);
    insta::assert_snapshot!(error_in(&[4]), @r###"
    router.yaml:2:45: this is not YAML: while parsing a flow mapping, did not find expected ',' or '}'
    2 |   - { name: *, hmac: [{ key_id: *, secret: ${env.NOT_SET} }] }
      |                                             ^
    "###);
}

/// Neither by a line that is shown because something else on it is wrong.
#[test]
fn lines_with_secrets_are_not_shown() {
    let block = "\
consumers:
  - name: a
    hmac:
      - key_id: k
        secret: >-
          sup3rs3cret sup3rs3cret sup3rs3cret sup3rs3cret
        wrong: [sup3rs3cret, \"sup3r's3cret\", 'sup3r\"s3cret', {a: b}] # sup3rs3cret
policies: { p: { auth: [unheard] } }
";
    insta::assert_snapshot!(parse(block).unwrap_err(), @r###"
    router.yaml:7:9: unknown key `wrong`; there are: key_id, secret
    7 |         wrong: [***********, **************, **************, {a: *}] *************
      |         ^
    "###);
    let after = block.replace("wrong", "# wrong");
    insta::assert_snapshot!(parse(&after).unwrap_err(), @r###"
    router.yaml:8:25: unknown value `unheard`; there are: jwt, api_key, basic, hmac, certificate, forward, login
    8 | policies: { p: { auth: [unheard] } }
      |                         ^
    "###);
    // On one line with others, and where nobody can tell.
    for flow in [
        "{ policies: { p: { auth: [unheard] } }, consumers: [{ name: a, api_keys: [{ sha256: sup3rs3cret }] }] }",
        "{ consumers: [{ name: a, api_keys: [{ sha256:\n   sup3rs3cret }]}], policies: { p: { auth: [unheard] } } }",
        "consumers: [{ name: a, api_keys: [{ sha256: sup3rs3cret }]",
        "consumers:\n  - name: a\n    basic: [{ username: u, password: sup3rs3cret }",
        "redis: { url: rediss://sup3r:s3cret@redis, tls: no }",
        "authentication: { basic: { realm: sup3rs3cret, hide: s3cret } }",
    ] {
        let error = parse(flow).unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
        assert!(!error.contains("sup3r"), "{error}");
    }
}
