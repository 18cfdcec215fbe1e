//! Which certificate is for whom, and what settings are refused.

use super::*;
use rcgen::{CertificateParams, CertifiedKey, generate_simple_self_signed};
use std::path::Path;

/// `tls`, as it is after its files are read: each is called after what it holds.
fn config(yaml: &str) -> TlsConfig {
    let read = |path: &Path| {
        let name = path.to_str().unwrap();
        if name == "bad" {
            return Ok("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END\n".to_owned());
        }
        let (kind, hosts) = name.split_once(' ').ok_or(std::io::ErrorKind::NotFound)?;
        let hosts: Vec<String> = hosts.split(' ').map(str::to_owned).collect();
        // The same names, the same key.
        let made = IDENTITIES.with_borrow_mut(|made| {
            let fresh = || generate_simple_self_signed(hosts.clone()).unwrap();
            let CertifiedKey { cert, signing_key } =
                made.entry(hosts.clone()).or_insert_with(fresh);
            (cert.pem(), signing_key.serialize_pem())
        });
        Ok(if kind == "crt" { made.0 } else { made.1 })
    };
    let mut config: TlsConfig = serde_yaml::from_str(yaml).unwrap();
    config.complete(&read).unwrap();
    config
}

thread_local! {
    static IDENTITIES: std::cell::RefCell<HashMap<Vec<String>, CertifiedKey<rcgen::KeyPair>>> = std::cell::RefCell::default();
}

fn tls(yaml: &str) -> Tls {
    Tls::new(&config(yaml)).unwrap().unwrap()
}

fn error(yaml: &str) -> String {
    Tls::new(&config(yaml)).unwrap_err().to_string()
}

const THREE: &str = "
certificates:
  - { certificate: crt a.test, key: key a.test }
  - { certificate: crt b.test www.b.test, key: key b.test www.b.test, hosts: ['*.b.test', b.test] }
  - { certificate: crt x.b.test, key: key x.b.test }
";

#[test]
fn the_nearest_name_decides_and_the_first_is_for_the_rest() {
    let tls = tls(THREE);
    let cases = [
        (Some("a.test"), 0),
        (Some("b.test"), 1),
        (Some("B.Test"), 1),
        (Some("www.b.test"), 1),
        (Some("x.b.test"), 2),
        (Some("y.x.b.test"), 0),
        (Some("other.test"), 0),
        (Some("*.b.test"), 1),
        (Some(""), 0),
        (Some("."), 0),
        (None, 0),
    ];
    for (name, expected) in cases {
        assert_eq!(tls.choose(name), Some(Chosen(expected)), "{name:?}");
    }
    let strict = self::tls(&format!("strict_sni: true{THREE}"));
    assert_eq!(strict.choose(Some("x.b.test")), Some(Chosen(2)));
    assert_eq!(strict.choose(Some("y.x.b.test")), None);
    assert_eq!(strict.choose(None), None);
}

#[test]
fn a_connection_serves_no_host_that_would_have_asked_more() {
    let tls = tls("
certificates:
  - { certificate: crt open.test, key: key open.test, hosts: [open.test, also.test] }
  - { certificate: crt a.test, key: key a.test, client_authentication: { ca: crt ca.test } }
  - { certificate: crt b.test, key: key b.test, client_authentication: { ca: crt other.test, mode: optional } }
");
    let misdirected = |server_name: Option<&str>, authority: Option<&str>| {
        let chosen = tls.choose(server_name).unwrap();
        tls.is_misdirected(chosen, server_name, authority)
    };
    for (server_name, authority, expected) in [
        (Some("open.test"), Some("open.test"), false),
        (Some("open.test"), Some("also.test:443"), false),
        (Some("open.test"), Some("who.test"), false),
        (Some("open.test"), None, false),
        (Some("open.test"), Some("a.test"), true),
        (Some("open.test"), Some("A.Test.:8443"), true),
        (Some("open.test"), Some("b.test"), true),
        (Some("a.test"), Some("A.TEST:443"), false),
        (Some("a.test"), Some("a.test."), false),
        (Some("a.test"), Some("open.test"), true),
        (Some("a.test"), Some("b.test"), true),
        (None, Some("open.test"), false),
        (None, Some("127.0.0.1:443"), false),
        (None, Some("[::1]:443"), false),
        (None, Some("a.test"), true),
        (None, None, false),
    ] {
        let found = misdirected(server_name, authority);
        assert_eq!(found, expected, "{server_name:?} {authority:?}");
    }
    // Where nobody is asked, any name will do.
    let open = self::tls(THREE);
    assert!(!open.is_misdirected(Chosen(0), Some("a.test"), Some("b.test")));
}

#[test]
fn settings_that_cannot_be_served_say_why() {
    let cases = [
        (
            "certificates: [{ certificate: crt a.test, key: key b.test }]",
            "tls.certificates.0.certificate: the certificate and the key cannot be used: ",
        ),
        (
            "certificates: [{ certificate: key a.test, key: key a.test }]",
            "tls.certificates.0.certificate: there is no certificate in PEM here",
        ),
        (
            "certificates: [{ certificate: crt a.test, key: crt a.test }]",
            "tls.certificates.0.key: there is no private key in PEM here",
        ),
        (
            "certificates: [{ certificate: crt a.test, key: bad }]",
            "tls.certificates.0.key: there is no private key in PEM here",
        ),
        (
            "certificates: [{ certificate: crt a.test, key: key a.test, hosts: [a.test] }, { certificate: crt b.test, key: key b.test, hosts: [A.test] }]",
            "tls.certificates.1.hosts: `a.test` has a certificate further up",
        ),
        (
            "certificates: [{ certificate: crt a.test, key: key a.test, client_authentication: { ca: key a.test } }]",
            "tls.certificates.0.client_authentication: there is no certificate in PEM here",
        ),
        (
            "client_authentication: { ca: crt a.test }",
            "tls.client_authentication: this needs a certificate of our own: give `tls.certificates`",
        ),
    ];
    for (yaml, expected) in cases {
        let said = error(yaml);
        assert!(said.starts_with(expected), "{yaml}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn keys_are_never_shown() {
    let config = config("certificates: [{ certificate: crt a.test, key: bad }]");
    assert!(!format!("{config:?}").contains("hunter2"));
    let missing: TlsConfig =
        serde_yaml::from_str("certificates: [{ certificate: gone, key: gone }]").unwrap();
    let error = missing
        .clone()
        .complete(&|_| Err(std::io::ErrorKind::NotFound.into()));
    let error = error.unwrap_err().to_string();
    assert_eq!(
        error,
        "tls.certificates.0.certificate: cannot read gone: entity not found"
    );
}

#[test]
fn hosts_are_names() {
    for good in [
        "a",
        "Shop.Example",
        "*.shop.example",
        "my_host.test",
        "xn--bcher-kva.example",
    ] {
        assert!(HostPattern::try_from(good.to_owned()).is_ok(), "{good}");
    }
    for bad in [
        "",
        "*",
        "*.",
        "a..b",
        ".a",
        "a.",
        "*.*.a",
        "a*.b",
        "a b",
        "a:443",
        "bücher.example",
        "a/b",
    ] {
        assert!(HostPattern::try_from(bad.to_owned()).is_err(), "{bad}");
    }
}

#[test]
fn a_chain_is_sent_once_and_in_order() {
    let own = |name: &str| {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    };
    let ((leaf, key), (above, _)) = (own("a.test"), own("ca.test"));
    let whole = Pem(format!("{leaf}{above}"));
    let identity = Identity::read(&[&Pem(leaf), &whole], &Pem(key)).unwrap();
    assert_eq!(identity.names().unwrap().0, ["a.test"]);
    assert_eq!(identity.chain.len(), 2);
}
