//! Clients that show who they are, and those that would rather not.

use super::{answer, header, router};
use crate::kit::{Authority, Encrypted, Fake, Folder, Identity, Router, Speech};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, SanType};
use rustls::{
    NamedGroup,
    client::{
        ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue,
        Tls13ClientSessionValue,
    },
    pki_types::ServerName,
    version::{TLS12, TLS13},
};
use std::sync::Arc;

/// Authorities: of our hosts, and two of clients, whose own certificates are in files.
struct Ground {
    ours: Authority,
    theirs: Authority,
    others: Authority,
    theirs_pem: String,
    others_pem: String,
    folder: Folder,
}

impl Ground {
    fn new() -> Self {
        let (theirs, others) = (Authority::new("theirs"), Authority::new("others"));
        let folder = Folder::new();
        Self {
            theirs_pem: folder.write("theirs.crt", &theirs.pem()),
            others_pem: folder.write("others.crt", &others.pem()),
            ours: Authority::new("ours"),
            theirs,
            others,
            folder,
        }
    }

    /// An entry of `tls.certificates` for this host, without its end.
    fn entry(&self, host: &str) -> String {
        self.folder.entry(host, &self.ours.server(&[host]))
    }
}

/// Hosts that ask, and one that does not.
struct Shop {
    ground: Ground,
    router: Router,
    upstream: Fake,
}

/// `open.test` asks nobody, `may.test` whoever likes, `must.test` everybody, and `other.test` too, but trusts others.
fn shop() -> Shop {
    shop_that("forward_client_certificate: true")
}

fn shop_that(forwards: &str) -> Shop {
    let ground = Ground::new();
    let (theirs_pem, others_pem) = (&ground.theirs_pem, &ground.others_pem);
    let settings = format!(
        "tls:
  {forwards}
  certificates:
    - {{ {} }}
    - {{ {}, client_authentication: {{ ca: {theirs_pem}, mode: optional }} }}
    - {{ {}, client_authentication: {{ ca: {theirs_pem} }} }}
    - {{ {}, client_authentication: {{ ca: {others_pem} }} }}
",
        ground.entry("open.test"),
        ground.entry("may.test"),
        ground.entry("must.test"),
        ground.entry("other.test"),
    );
    let (router, upstream) = router(&settings);
    Shop {
        router,
        upstream,
        ground,
    }
}

impl Shop {
    /// The status of a request to a host by this client, or none if the handshake fails.
    fn status(&self, host: &str, identity: Option<&Identity>) -> Option<String> {
        let pem = self.ground.ours.pem();
        let config = Speech {
            identity,
            ..Speech::new(&pem)
        }
        .config();
        let mut client = Encrypted::connect(self.router.address, host, &config).ok()?;
        let answer = client
            .request(&format!("GET /who\nhost: {host}\n\n"))
            .ok()?;
        Some(answer.start[9..12].to_owned())
    }
}

/// Two hosts with authorities of their own, who may sign the same names. Each consumer is one authority's.
#[test]
fn a_name_is_whose_authority_has_signed_it() {
    let ground = Ground::new();
    let (theirs_pem, others_pem) = (&ground.theirs_pem, &ground.others_pem);
    let config = format!(
        "tls:
  certificates:
    - {{ {}, client_authentication: {{ ca: {theirs_pem} }} }}
    - {{ {}, client_authentication: {{ ca: {others_pem} }} }}
consumers:
  - {{ name: app, certificates: [{{ san: 'spiffe://shop/app', ca: {theirs_pem} }}] }}
  - {{ name: partner, certificates: [{{ subject_cn: partner, ca: {others_pem} }}] }}
policies: {{ p: {{ auth: [certificate] }} }}
routes: [{{ match: {{ path: /who }}, respond: {{ status: 200 }}, policies: [p] }}]
",
        ground.entry("shop.test"),
        ground.entry("partner.test"),
    );
    let shop = Shop {
        router: Router::start(&config, super::SHOP),
        upstream: Fake::start(),
        ground,
    };
    let known = |status: &str| Some(status.to_owned());
    let good = shop.ground.theirs.client("app", san);
    assert_eq!(shop.status("shop.test", Some(&good)), known("200"));
    let partner = shop.ground.others.client("partner", |_| {});
    assert_eq!(shop.status("partner.test", Some(&partner)), known("200"));
    // The partner's authority can sign any name; the routes are the same.
    let forged = shop.ground.others.client("app", san);
    assert_eq!(shop.status("shop.test", Some(&forged)), None);
    assert_eq!(shop.status("partner.test", Some(&forged)), known("401"));
    let forged = shop.ground.theirs.client("partner", |_| {});
    assert_eq!(shop.status("shop.test", Some(&forged)), known("401"));
}

fn san(params: &mut CertificateParams) {
    params.subject_alt_names = vec![SanType::URI("spiffe://shop/app".try_into().unwrap())];
}

#[test]
fn who_must_show_a_certificate_must_show_a_good_one() {
    let shop = shop();
    let ok = Some("200".to_owned());
    let good = shop.ground.theirs.client("app", san);
    let without_names = shop.ground.theirs.client("app", |_| {});
    for identity in [&good, &without_names] {
        for host in ["open.test", "may.test", "must.test"] {
            assert_eq!(shop.status(host, Some(identity)), ok, "{host}");
        }
        assert_eq!(shop.status("other.test", Some(identity)), None);
    }
    assert_eq!(shop.status("open.test", None), ok);
    assert_eq!(shop.status("may.test", None), ok);
    assert_eq!(shop.status("must.test", None), None);

    let stranger = Authority::new("theirs").client("app", san);
    let bad = [
        ("a stranger's", stranger),
        (
            "expired",
            shop.ground.theirs.client("app", |params| {
                params.not_after = rcgen::date_time_ymd(2020, 1, 1);
            }),
        ),
        (
            "not yet valid",
            shop.ground.theirs.client("app", |params| {
                params.not_before = rcgen::date_time_ymd(3000, 1, 1);
            }),
        ),
        (
            "a server's",
            shop.ground.theirs.client("app", |params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            }),
        ),
        (
            "with a NUL",
            shop.ground.theirs.client("app", |params| {
                params.subject_alt_names =
                    vec![SanType::DnsName("admin\0.evil.test".try_into().unwrap())];
            }),
        ),
        (
            "with a line break",
            shop.ground.theirs.client("app", |params| {
                params.distinguished_name = DistinguishedName::new();
                params
                    .distinguished_name
                    .push(DnType::CommonName, "app\r\nx: y");
            }),
        ),
    ];
    for (kind, identity) in &bad {
        for host in ["may.test", "must.test"] {
            assert_eq!(shop.status(host, Some(identity)), None, "{kind} at {host}");
        }
    }
    let many = "\n".to_owned() + &good.certificate.repeat(60);
    let long = Identity {
        certificate: good.certificate.clone() + &many,
        key: good.key.clone(),
    };
    // Longer than any handshake may be, or at least of no use to whoever sends it.
    let longer = Identity {
        certificate: good.certificate.clone() + &many.repeat(4),
        key: good.key.clone(),
    };
    assert_eq!(shop.status("must.test", Some(&longer)), None);
    let _ = shop.status("must.test", Some(&long));
    assert_eq!(shop.status("must.test", Some(&good)), ok);
}

#[test]
fn upstreams_are_told_who_has_shown_what() {
    let ask = |shop: &Shop, identity: Option<&Identity>| {
        let pem = shop.ground.ours.pem();
        answer(&shop.upstream, 1);
        let config = Speech {
            identity,
            ..Speech::new(&pem)
        }
        .config();
        let mut client = Encrypted::connect(shop.router.address, "may.test", &config).unwrap();
        let spoofed = "GET /up/a\nhost: may.test\nx-forwarded-client-cert: Hash=me\n\n";
        assert_eq!(client.request(spoofed).unwrap().start, "HTTP/1.1 200 OK");
        let seen = shop.upstream.take_seen().remove(0);
        header(&seen, "x-forwarded-client-cert").map(str::to_owned)
    };
    let told = shop();
    let good = told.ground.theirs.client("app", san);
    assert_eq!(ask(&told, None), None);
    let told = ask(&told, Some(&good)).unwrap();
    let (hash, rest) = told.split_once(';').unwrap();
    assert_eq!(hash.len(), "Hash=".len() + 64);
    assert_eq!(rest, "Subject=\"CN=app\";URI=\"spiffe://shop/app\"");

    let untold = shop_that("forward_client_certificate: false");
    let good = untold.ground.theirs.client("app", san);
    assert_eq!(ask(&untold, Some(&good)), None);
}

#[test]
fn what_was_stored_for_one_certificate_is_not_for_another() {
    let shop = shop();
    let pem = shop.ground.ours.pem();
    for name in ["ada", "bob"] {
        answer(&shop.upstream, 1);
        let identity = shop.ground.theirs.client(name, |_| {});
        let config = Speech {
            identity: Some(&identity),
            ..Speech::new(&pem)
        }
        .config();
        let mut client = Encrypted::connect(shop.router.address, "may.test", &config).unwrap();
        let got = client.request("GET /kept\nhost: may.test\n\n").unwrap();
        assert_eq!(got.start, "HTTP/1.1 200 OK");
        let seen = shop.upstream.take_seen();
        assert_eq!(
            seen.len(),
            1,
            "{name} got what was stored for somebody else"
        );
        let told = header(&seen[0], "x-forwarded-client-cert").unwrap();
        assert!(told.ends_with(&format!("Subject=\"CN={name}\"")), "{told}");
    }
}

#[test]
fn a_connection_is_for_the_host_that_it_was_made_for() {
    let shop = shop();
    let pem = shop.ground.ours.pem();
    let good = shop.ground.theirs.client("app", san);
    let status = |made_for: &str, identity, host: &str| {
        let config = Speech {
            identity,
            ..Speech::new(&pem)
        }
        .config();
        let mut client = Encrypted::connect(shop.router.address, made_for, &config).unwrap();
        client
            .request(&format!("GET /who\nhost: {host}\n\n"))
            .unwrap()
    };
    for (made_for, identity, host) in [
        ("open.test", None, "must.test"),
        ("open.test", None, "MUST.test.:443"),
        ("open.test", None, "may.test"),
        ("may.test", None, "must.test"),
        ("must.test", Some(&good), "other.test"),
        ("must.test", Some(&good), "open.test"),
    ] {
        let answer = status(made_for, identity, host);
        assert_eq!(
            answer.start, "HTTP/1.1 421 Misdirected Request",
            "{made_for} {host}"
        );
        let said = String::from_utf8(answer.body).unwrap();
        assert!(said.contains("MISDIRECTED_REQUEST"), "{said}");
    }
    assert_eq!(
        status("open.test", None, "any.test").start,
        "HTTP/1.1 200 OK"
    );
    assert_eq!(
        status("must.test", Some(&good), "Must.Test:443").start,
        "HTTP/1.1 200 OK"
    );
}

/// Sessions of all hosts under one name, as a client keeps them that wants to carry one from host to host.
#[derive(Debug)]
struct Carried(ClientSessionMemoryCache);

impl Carried {
    fn name() -> ServerName<'static> {
        "carried.test".try_into().unwrap()
    }
}

impl ClientSessionStore for Carried {
    fn set_kx_hint(&self, _: ServerName<'static>, group: NamedGroup) {
        self.0.set_kx_hint(Self::name(), group);
    }
    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        self.0.kx_hint(&Self::name())
    }
    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.0.set_tls12_session(Self::name(), value);
    }
    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.0.tls12_session(&Self::name())
    }
    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        self.0.remove_tls12_session(&Self::name());
    }
    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.0.insert_tls13_ticket(Self::name(), value);
    }
    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.0.take_tls13_ticket(&Self::name())
    }
}

#[test]
fn a_session_is_no_way_around_a_certificate() {
    let shop = shop();
    let pem = shop.ground.ours.pem();
    let good = shop.ground.theirs.client("app", san);
    for version in [&TLS13, &TLS12] {
        let session = |from: &str, identity, to: &str| {
            let sessions: Arc<dyn ClientSessionStore> =
                Arc::new(Carried(ClientSessionMemoryCache::new(8)));
            let config = Speech {
                identity,
                version: Some(version),
                sessions: Some(sessions),
                ..Speech::new(&pem)
            }
            .config();
            let mut first = Encrypted::connect(shop.router.address, from, &config).unwrap();
            first
                .request(&format!("GET /who\nhost: {from}\n\n"))
                .unwrap();
            let mut second = Encrypted::connect(shop.router.address, to, &config).ok()?;
            let is_resumed = second.is_resumed();
            let answer = second.request(&format!("GET /who\nhost: {to}\n\n")).ok()?;
            assert_eq!(answer.start, "HTTP/1.1 200 OK");
            Some(is_resumed)
        };
        assert_eq!(session("open.test", None, "open.test"), Some(true));
        assert_eq!(session("open.test", None, "may.test"), Some(false));
        assert_eq!(session("open.test", None, "must.test"), None);
        assert_eq!(session("may.test", None, "must.test"), None);
        assert_eq!(session("must.test", Some(&good), "other.test"), None);
        // Who has to show something shows it each time.
        assert_eq!(session("must.test", Some(&good), "must.test"), Some(false));
    }
}
