//! Headers that say more than one thing, or what only the gateway may say.

use super::{answer_all, post, status};
use crate::{
    kit::{Client, Fake, Router},
    telemetry::shop,
};

/// CVE-2026-26308 (Envoy), CVE-2026-31838 (Istio): a rule looked at one of several values.
#[test]
fn a_second_value_passes_no_rule_by() {
    let upstream = Fake::upstream("shop.test");
    let config = format!(
        "upstreams: {{ shop: {{ endpoints: ['http://{}'] }} }}
routes:
  - {{ match: {{ path: /**, headers: {{ X-Role: admin }} }}, respond: {{ status: 403 }} }}
  - {{ match: {{ path: /**, headers: {{ x-team: {{ matches: '(?i)^ops$' }} }} }}, respond: {{ status: 403 }} }}
  - {{ match: {{ path: /**, headers: {{ x-debug: {{ present: true }} }} }}, respond: {{ status: 403 }} }}
  - {{ match: {{ path: /**, cookies: {{ role: admin }} }}, respond: {{ status: 403 }} }}
  - {{ match: {{ path: /**, query: {{ role: admin }} }}, respond: {{ status: 403 }} }}
  - {{ match: {{ path: /** }}, to: shop }}
",
        upstream.address
    );
    let router = Router::start(&config, &shop(&[]));
    let denied = [
        "/\nx-role: admin",
        "/\nX-ROLE: admin",
        "/\nx-role:   admin  ",
        "/\nx-role: user\nx-role: admin",
        "/\nx-role: admin\nx-role: user",
        "/\nx-role:\nx-role: admin",
        "/\nx-role: user, admin",
        "/\nx-role: admin,user",
        "/\nx-role: ,admin,",
        "/\nx-role: user\nx-other: a\nX-Role: user ,\tadmin",
        "/\nx-team: OPS",
        "/\nx-team: dev, Ops",
        "/\nx-team: dev\nx-team: oPs",
        "/\nx-debug:",
        "/\nx-debug: a\nx-debug: b",
        "/\ncookie: role=user; role=admin",
        "/\ncookie: role=admin; role=user",
        "/\ncookie: role=user\ncookie: role=admin",
        "/?role=admin",
        "/?role=user&role=admin",
        "/?role=admin&role=",
        "/?ro%6ce=%61dmin",
    ];
    for request in denied {
        let answer = Client::connect(router.address).request(&format!("GET {request}"));
        assert_eq!(status(&answer.start), 403, "{request}");
    }
    assert_eq!(upstream.take_seen(), Vec::<String>::new());
    answer_all(&upstream, 1, "{}");
    let answer = Client::connect(router.address)
        .request("GET /?role=user\nx-role: user, administrator\ncookie: role=user");
    assert_eq!(status(&answer.start), 200);
}

/// What upstreams believe of a client because gateways say it.
const SAID_BY_GATEWAYS: [&str; 32] = [
    "X-Consumer-Username",
    "X-Consumer-ID",
    "X-Consumer-Custom-ID",
    "X-Consumer-Groups",
    "X-Consumer-Anything",
    "X-Credential-Identifier",
    "X-Credential-Username",
    "X-Anonymous-Consumer",
    "X-Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Uri",
    "X-Forwarded-User",
    "X-Forwarded-Client-Cert",
    "X-Forwarded-Groups",
    "Forwarded",
    "X-Real-IP",
    "X-Client-IP",
    "Client-IP",
    "True-Client-IP",
    "X-Cluster-Client-IP",
    "X-Original-Forwarded-For",
    "X-Original-URL",
    "X-Original-Host",
    "X-Rewrite-URL",
    "X-HTTP-Method-Override",
    "X-Method-Override",
    "X-Request-ID",
    "Proxy",
];

/// CVE-2026-39858, CVE-2026-35051, GHSA-6384 (Traefik): such headers of clients, also with `_` in place of `-`, came through.
/// Neither services nor subgraphs get one, whatever the configuration passes on.
#[test]
fn clients_do_not_say_who_they_are() {
    let (service, users) = (Fake::upstream("service.test"), Fake::upstream("users.test"));
    let config = format!(
        "headers: {{ all: {{ request: [{{ propagate: {{ matching: '.*' }} }}] }} }}
upstreams: {{ service: {{ endpoints: ['http://{}'] }} }}
routes: [{{ match: {{ path: /** }}, to: service }}]
",
        service.address
    );
    let router = Router::start(&config, &shop(&[("users", &users)]));
    for name in SAID_BY_GATEWAYS {
        for spelled in [name.to_owned(), name.to_ascii_uppercase()] {
            answer_all(&service, 1, "{}");
            answer_all(&users, 1, "{\"data\":{\"me\":{\"id\":\"1\"}}}");
            let said = format!("\n{spelled}: evil\nx-own: kept\n{spelled}: evil");
            for request in [
                format!("GET /{said}"),
                post("{ me { id } }").replacen('\n', &format!("{said}\n"), 1),
            ] {
                assert_eq!(
                    status(&Client::connect(router.address).request(&request).start),
                    200,
                    "{name}"
                );
            }
            let seen = service.take_seen().concat() + &users.take_seen().concat();
            assert_eq!(seen.matches("x-own: kept").count(), 2, "{seen}");
            assert!(!seen.contains("evil"), "{seen}");
        }
        let all = name.replace('-', "_");
        let first = name.replacen('-', "_", 1);
        for alias in [all, first].iter().filter(|alias| *alias != name) {
            let said = format!("\n{alias}: evil");
            for request in [
                format!("GET /{said}"),
                post("{ me { id } }").replacen('\n', &format!("{said}\n"), 1),
            ] {
                assert_eq!(
                    status(&Client::connect(router.address).request(&request).start),
                    400,
                    "{alias}"
                );
            }
        }
    }
    assert_eq!(service.take_seen().len() + users.take_seen().len(), 0);
}

/// The same before anything is decided: no header makes a client somebody else, or puts it elsewhere.
#[test]
fn rules_believe_the_connection_and_credentials_alone() {
    let service = Fake::upstream("service.test");
    let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let config = format!(
        "authentication: {{ api_key: {{}} }}
consumers:
  - {{ name: admin, groups: [admins], api_keys: [{{ sha256: {hash} }}] }}
  - {{ name: guest, groups: [guests] }}
policies:
  admins: {{ auth: [api_key], anonymous: guest, allow_groups: [admins] }}
  keys: {{ auth: [api_key] }}
  inside: {{ addresses: {{ allow: [10.0.0.0/8] }} }}
upstreams: {{ service: {{ endpoints: ['http://{}'] }} }}
routes:
  - {{ match: {{ path: /admins }}, to: service, policies: [admins] }}
  - {{ match: {{ path: /keys }}, to: service, policies: [keys] }}
  - {{ match: {{ path: /inside }}, to: service, policies: [inside] }}
  - {{ match: {{ path: /open }}, to: service }}
",
        service.address
    );
    let router = Router::start(&config, &shop(&[]));
    let mut client = Client::connect(router.address);
    for name in SAID_BY_GATEWAYS {
        for value in [
            "admin",
            "admins",
            "10.1.1.1",
            "for=10.1.1.1",
            "/open",
            "open",
        ] {
            for (path, expected) in [("/admins", 401), ("/keys", 401), ("/inside", 403)] {
                let answer = client.request(&format!("GET {path}\n{name}: {value}"));
                assert_eq!(status(&answer.start), expected, "{path} {name}: {value}");
            }
        }
    }
    assert_eq!(service.take_seen(), Vec::<String>::new());
    answer_all(&service, 1, "{}");
    // The key is `test`.
    let admin = client.request("GET /admins\nx-api-key: test");
    assert_eq!(status(&admin.start), 200);
}
