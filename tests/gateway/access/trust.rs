//! Who is trusted for some must not be able to say that others come; and what is said of it that cannot be meant so.

use super::config::{found, parse};

/// Hosts that trust two authorities.
const HOSTS: &str = "\
tls:
  certificates:
    - { certificate: Cargo.toml, key: Cargo.toml, client_authentication: { ca: Cargo.toml } }
    - { certificate: Cargo.toml, key: Cargo.toml, client_authentication: { ca: README.md } }
    - { certificate: Cargo.toml, key: Cargo.toml, client_authentication: { ca: README.md } }
";

/// Two who sign tokens, the second for anybody.
const ISSUERS: &str = "\
authentication:
  router:
    jwt:
      jwks:
        - { url: 'https://a.example/keys', issuer: a }
        - { url: 'https://b.example/keys' }
";

/// What stands last in a configuration, and the first line of what is told of it.
fn told(around: &str, case: &str) -> String {
    let error = parse(&format!("{around}{case}\n")).unwrap_err().to_string();
    let line = error.lines().next().unwrap();
    format!("{case}\n  {}", &line["router.yaml:".len()..])
}

#[test]
fn where_several_are_trusted_it_is_said_whose_a_consumer_is() {
    let digest = "a".repeat(64);
    let certificates = [
        "certificates: [{ san: 'spiffe://shop/app' }]".to_owned(),
        "certificates: [{ subject_cn: app }]".to_owned(),
        "certificates: [{ san: app, ca: clients.crt }]".to_owned(),
        format!("certificates: [{{ sha256: {digest}, ca: README.md }}]"),
    ];
    let certificates = certificates.map(|held| format!("consumers: [{{ name: a, {held} }}]"));
    let claims = [
        "consumers: [{ name: a, claims: { azp: app } }]",
        "consumers: [{ name: a, claims: { azp: app, iss: a } }]",
    ];
    let mut all: Vec<String> = certificates.iter().map(|case| told(HOSTS, case)).collect();
    all.push(told("", &certificates[2]));
    all.extend(claims.map(|case| told(ISSUERS, case)));
    insta::assert_snapshot!(all.join("\n"), @r###"
    consumers: [{ name: a, certificates: [{ san: 'spiffe://shop/app' }] }]
      6:39: authorities of other hosts can sign this name too: say with `ca` whose it is, one of Cargo.toml, README.md
    consumers: [{ name: a, certificates: [{ subject_cn: app }] }]
      6:39: authorities of other hosts can sign this name too: say with `ca` whose it is, one of Cargo.toml, README.md
    consumers: [{ name: a, certificates: [{ san: app, ca: clients.crt }] }]
      6:55: no `client_authentication` has this `ca`; there are: Cargo.toml, README.md
    consumers: [{ name: a, certificates: [{ sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, ca: README.md }] }]
      6:39: `sha256` is of the whole certificate, whoever has signed it: leave `ca` out
    consumers: [{ name: a, certificates: [{ san: app, ca: clients.crt }] }]
      1:55: there is no `client_authentication` with a `ca`
    consumers: [{ name: a, claims: { azp: app } }]
      7:32: tokens by any of several key sets can claim this: say whose they are with `iss`
    consumers: [{ name: a, claims: { azp: app, iss: a } }]
      6:11: its tokens can claim to be those of other key sets, and so of their consumers (`consumers.*.claims`): give `issuer`
    "###);
    // Whoever says it gets as far as to the certificates, which are none.
    for fine in [
        "certificates: [{ san: app, ca: README.md }]",
        &format!("certificates: [{{ sha256: {digest} }}]"),
    ] {
        let told = told(HOSTS, &format!("consumers: [{{ name: a, {fine} }}]"));
        assert!(
            told.contains("there is no certificate in PEM here"),
            "{told}"
        );
    }
    let bound = ISSUERS.replace("b.example/keys'", "b.example/keys', issuer: b");
    assert!(parse(&format!("{bound}{}\n", claims[1])).is_ok());
}

#[test]
fn what_credentials_cannot_come_in_is_pointed_at() {
    let jwt = "router: { jwt: { jwks: [{ url: 'https://a.example/keys' }]";
    let cases = [
        "api_key: { headers: [x-key, host] }".to_owned(),
        "api_key: { headers: [x-forwarded-for] }".to_owned(),
        format!("api_key: {{ headers: [authorization] }}, {jwt} }} }}"),
        "api_key: { headers: [], query: [''] }".to_owned(),
        "hmac: { clock_skew: 0s }".to_owned(),
        format!("{jwt}, header_name: x-consumer-username }} }}"),
        format!("{jwt}, sources: [{{ type: query, name: '' }}] }} }}"),
    ];
    let told = cases.map(|case| told("", &format!("authentication: {{ {case} }}")));
    insta::assert_snapshot!(told.join("\n"), @r###"
    authentication: { api_key: { headers: [x-key, host] } }
      1:47: no credential comes in this header: it is of the connection or the body, or what gateways say
    authentication: { api_key: { headers: [x-forwarded-for] } }
      1:40: no credential comes in this header: it is of the connection or the body, or what gateways say
    authentication: { api_key: { headers: [authorization] }, router: { jwt: { jwks: [{ url: 'https://a.example/keys' }] } } }
      1:40: tokens come in this header (`authentication.router.jwt`): of a key and a token, each would be taken for a bad other
    authentication: { api_key: { headers: [], query: [''] } }
      1:28: a cookie, or a parameter of the query, has a name
    authentication: { hmac: { clock_skew: 0s } }
      1:39: clocks differ, and requests take some time
    authentication: { router: { jwt: { jwks: [{ url: 'https://a.example/keys' }], header_name: x-consumer-username } } }
      1:92: no credential comes in this header: it is of the connection or the body, or what gateways say
    authentication: { router: { jwt: { jwks: [{ url: 'https://a.example/keys' }], sources: [{ type: query, name: '' }] } } }
      1:89: a cookie, or a parameter of the query, has a name
    "###);
}

#[test]
fn what_hardly_works_as_meant_is_found() {
    let yaml = "\
authentication:
  api_key: {}
  basic: {}
  hmac: {}
  forward: { url: 'http://127.0.0.1:9000' }
  router:
    jwt:
      jwks:
        - { url: 'http://keys.example/keys', issuer: a }
        - { url: 'http://127.0.0.1:9001/keys' }
consumers:
  - { name: a, groups: [apps] }
  - { name: guest }
  - { name: b, certificates: [{ san: b }] }
policies:
  guests: { auth: [api_key], anonymous: guest }
  forwarded: { auth: [basic, forward], anonymous: guest, allow_groups: [apps] }
  denied: { auth: [forward], deny_groups: [apps] }
  certified: { auth: [certificate] }
  unused: { auth: [hmac] }
upstreams: { shop: { endpoints: ['http://shop.example'] } }
routes:
  - { match: { path: /a }, to: shop, policies: [forwarded] }
  - { match: { path: /b }, to: shop, policies: [denied] }
  - { match: { path: /c }, to: shop, policies: [certified] }
  - { match: { path: /d }, to: shop, policies: [guests] }
";
    insta::assert_snapshot!(found(yaml), @r###"
    router.yaml:20:3: no route and no `graphql.policies` names this policy
    20 |   unused: { auth: [hmac] }
       |   ^
    router.yaml:10:11: its tokens can claim to be those of the other key sets: give `issuer`
    10 |         - { url: **************************** }
       |           ^
    router.yaml:9:13: whoever is on the way can put other keys in the place of these: use https
    9 |         - { url: **************************, issuer: * }
      |             ^
    router.yaml:4:3: no policy that stands before anything has this in its `auth`
    4 |   hmac: {}
      |   ^
    router.yaml:19:16: nobody is asked for a certificate: there is no `tls.client_authentication`
    19 |   certified: { auth: [certificate] }
       |                ^
    router.yaml:18:30: this has no effect: whoever `forward` lets in is no consumer, so in no group
    18 |   denied: { auth: [forward], deny_groups: [apps] }
       |                              ^
    router.yaml:17:40: this has no effect: `forward` decides about those who show nothing, too
    17 |   forwarded: { auth: [basic, forward], anonymous: guest, allow_groups: [apps] }
       |                                        ^
    router.yaml:17:58: whoever `forward` lets in is no consumer, so in no group: always 403
    17 |   forwarded: { auth: [basic, forward], anonymous: guest, allow_groups: [apps] }
       |                                                          ^
    router.yaml:12:5: nobody can be this consumer: it has no credential, and is nobody's `anonymous`
    12 |   - { name: *, groups: [****] }
       |     ^
    router.yaml:14:16: nothing looks at these: there is no `tls.client_authentication`
    14 |   - { name: *, certificates: [{ san: * }] }
       |                ^
    "###);
}
