//! Certificates that clients have proven to be theirs, as the server hands them on.

use graphway::{
    config::{Environment, parse},
    gateway::{self, Body, ClientCertificate, Gateway, Local, Peer, Tls},
    schema::Supergraph,
};
use rcgen::{CertificateParams, DnType, KeyPair, SanType, string::Ia5String};
use std::{fs, net::Ipv4Addr, path::Path, sync::Arc};
use tokio::runtime;

const CONFIG: &str = "\
authentication: { api_key: {} }
consumers:
  - { name: by-uri, groups: [apps], certificates: [{ san: 'spiffe://shop/app' }] }
  - { name: by-host, certificates: [{ san: App.Shop.example }] }
  - { name: by-mail, certificates: [{ san: app@shop.example }] }
  - { name: by-address, certificates: [{ san: 10.0.0.7 }] }
  - { name: by-subject, certificates: [{ subject_cn: the app }] }
  - { name: by-digest, certificates: [{ sha256: DIGEST }],
      api_keys: [{ sha256: ea15307d5014284174761b842f9352a857a93a3b2df3f23b69ac21d8b24ee805 }] }
policies: { p: { auth: [certificate, api_key] }, apps: { allow_groups: [apps], auth: [certificate] } }
routes:
  - { match: { path: /apps }, respond: { status: 200 }, policies: [apps] }
  - { match: { path: /open }, respond: { status: 200 } }
  - { match: { path: /** }, respond: { status: 200 }, policies: [p] }
";

fn name(text: &str) -> Ia5String {
    Ia5String::try_from(text).unwrap()
}

fn certificate(subject: &str, sans: Vec<SanType>) -> ClientCertificate {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, subject);
    params.subject_alt_names = sans;
    let signed = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    ClientCertificate::read(signed.der()).unwrap()
}

/// The status for a request to this path with this certificate, and with this key.
fn status(digest: &str, path: &str, certificate: Option<ClientCertificate>, key: &str) -> u16 {
    let environment = Environment {
        variable: &|_| None,
        file: &|path| fs::read_to_string(path),
    };
    let config = CONFIG.replace("DIGEST", digest);
    let config = parse("router.yaml", &config, &environment).unwrap();
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs/shop.graphql");
    let supergraph = Supergraph::parse(&fs::read_to_string(shop).unwrap()).unwrap();
    let gateway = Gateway::start(&config.config.gateway(), supergraph).unwrap();
    let tls = Tls {
        certificate: certificate.map(Box::new),
        ..Tls::default()
    };
    let peer = Peer {
        tls: Some(&tls),
        ..Peer::at(Ipv4Addr::LOCALHOST.into())
    };
    let request = http::Request::get(path).header("host", "router.test");
    let request = request
        .header("x-api-key", key)
        .body(Body::empty())
        .unwrap();
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        let local = Arc::new(Local::default());
        let response = gateway::handle(&gateway.snapshot(), &local, peer, request).await;
        response.status().as_u16()
    })
}

#[test]
fn a_certificate_is_a_consumers_by_what_it_says() {
    let zeros = "0".repeat(63) + "a";
    let status = |certificate| status(&zeros, "/", certificate, "");
    let one = |san| Some(certificate("somebody", vec![san]));
    for (san, expected) in [
        (SanType::URI(name("spiffe://shop/app")), 200),
        (SanType::DnsName(name("app.shop.example")), 200),
        (SanType::Rfc822Name(name("app@shop.example")), 200),
        (SanType::IpAddress(Ipv4Addr::new(10, 0, 0, 7).into()), 200),
        // A name of one kind is none of another.
        (SanType::URI(name("app.shop.example")), 401),
        (SanType::DnsName(name("10.0.0.7")), 401),
        (SanType::DnsName(name("the app")), 401),
        (SanType::URI(name("spiffe://shop/app/")), 401),
        (SanType::URI(name("spiffe://shop/APP")), 401),
        (SanType::DnsName(name("x.app.shop.example")), 401),
    ] {
        assert_eq!(status(one(san.clone())), expected, "{san:?}");
    }
    assert_eq!(status(Some(certificate("the app", Vec::new()))), 200);
    assert_eq!(status(Some(certificate("The App", Vec::new()))), 401);
    // One of several names is enough.
    let several = [
        SanType::DnsName(name("other.example")),
        SanType::URI(name("spiffe://shop/app")),
    ];
    assert_eq!(status(Some(certificate("x", several.into()))), 200);
    assert_eq!(status(None), 401);
}

#[test]
fn a_certificate_is_a_consumers_as_a_whole() {
    let known = certificate("x", Vec::new());
    let digest = known.sha256.to_string();
    assert_eq!(status(&digest, "/", Some(known), ""), 200);
    assert_eq!(
        status(&digest, "/", Some(certificate("x", Vec::new())), ""),
        401
    );
}

#[test]
fn a_certificate_decides_where_it_comes_first() {
    let digest = "a".repeat(64);
    let unknown = || Some(certificate("x", Vec::new()));
    let app = || {
        Some(certificate(
            "x",
            vec![SanType::URI(name("spiffe://shop/app"))],
        ))
    };
    assert_eq!(status(&digest, "/", None, "key-of-app"), 200);
    assert_eq!(status(&digest, "/", unknown(), "key-of-app"), 401);
    assert_eq!(status(&digest, "/apps", app(), ""), 200);
    assert_eq!(
        status(
            &digest,
            "/apps",
            Some(certificate("the app", Vec::new())),
            ""
        ),
        403
    );
}

#[test]
fn a_certificate_that_is_over_lets_nobody_in() {
    let digest = "a".repeat(64);
    let mut app = certificate("x", vec![SanType::URI(name("spiffe://shop/app"))]);
    for (path, key) in [("/", ""), ("/", "key-of-app"), ("/apps", ""), ("/open", "")] {
        app.expires = 0;
        assert_eq!(status(&digest, path, Some(app.clone()), key), 401, "{path}");
        app.expires = i64::MAX;
        assert_eq!(status(&digest, path, Some(app.clone()), key), 200, "{path}");
    }
}
