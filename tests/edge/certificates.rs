//! Our own certificates: who gets which, and who gets none.

use super::{answer, header, router};
use crate::kit::{Authority, Client, Encrypted, Folder, Router, Speech, wire};
use graphway::gateway::{AlternativeName, ClientCertificate};
use rustls::version::TLS12;
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// The first host that a server's certificate names.
fn host(client: &Encrypted) -> String {
    let certificate = ClientCertificate::read(&client.shown()).unwrap();
    match certificate.sans.first() {
        Some(AlternativeName::Dns(name)) => name.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_of_apollos_is_served() {
    let (authority, folder) = (Authority::new("ours"), Folder::new());
    let own = authority.server(&["shop.test"]);
    let certificate = folder.write("server.crt", &own.certificate);
    let chain = folder.write("chain.crt", &authority.pem());
    let key = folder.write("server.key", &own.key);
    let (router, upstream) = router(&format!(
        "tls:
  supergraph:
    certificate: ${{file.{certificate}}}
    certificate_chain: ${{file.{chain}}}
    key: ${{file.{key}}}
"
    ));
    let config = Speech::new(&authority.pem()).config();
    let mut client = Encrypted::connect(router.address, "shop.test", &config).unwrap();
    assert_eq!(host(&client), "shop.test");
    let graph = client
        .request("POST /graphql\ncontent-type: application/json\n\n{\"query\":\"{ __typename }\"}");
    assert_eq!(
        graph.unwrap().body,
        b"{\"data\":{\"__typename\":\"Query\"}}"
    );
    // The same connection, and what upstreams are told of it.
    answer(&upstream, 1);
    let asked = client.request("GET /up/a\nhost: shop.test\nx-forwarded-proto: gopher\nx-forwarded-client-cert: Hash=me\n\n");
    assert_eq!(asked.unwrap().start, "HTTP/1.1 200 OK");
    let seen = upstream.take_seen().remove(0);
    assert_eq!(header(&seen, "x-forwarded-proto"), Some("https"), "{seen}");
    assert_eq!(header(&seen, "x-forwarded-client-cert"), None, "{seen}");
    assert_eq!(
        header(&seen, "forwarded"),
        Some("for=127.0.0.1;proto=https;host=\"shop.test\"")
    );
}

#[test]
fn clients_choose_by_name() {
    let (authority, folder) = (Authority::new("ours"), Folder::new());
    let settings = |more: &str| {
        format!(
            "tls:
  {more}
  certificates:
    - {{ {} }}
    - {{ {}, hosts: ['*.b.test'] }}
",
            folder.entry("a", &authority.server(&["a.test", "127.0.0.1"])),
            folder.entry(
                "b",
                &authority.server(&["b.test", "x.b.test", "y.x.b.test"])
            ),
        )
    };
    let config = Speech::new(&authority.pem()).config();
    let (router, _) = router(&settings("min_version: '1.2'"));
    let connect = |name: &str| Encrypted::connect(router.address, name, &config);
    assert_eq!(host(&connect("a.test").unwrap()), "a.test");
    assert_eq!(host(&connect("x.b.test").unwrap()), "b.test");
    // No name, and none that it knows: the first one, which is not for it.
    assert_eq!(host(&connect("127.0.0.1").unwrap()), "a.test");
    assert!(connect("b.test").is_err());
    assert!(connect("y.x.b.test").is_err());

    let (router, _) = super::router(&settings("strict_sni: true"));
    let connect = |name: &str| Encrypted::connect(router.address, name, &config);
    assert_eq!(host(&connect("x.b.test").unwrap()), "b.test");
    assert!(connect("127.0.0.1").is_err());
}

#[test]
fn old_versions_and_strange_protocols_are_not_spoken() {
    let (authority, folder) = (Authority::new("ours"), Folder::new());
    let entry = folder.entry("a", &authority.server(&["a.test"]));
    let pem = authority.pem();
    let start = |more: &str| router(&format!("tls: {{ certificates: [{{ {entry} }}], {more} }}")).0;
    let connect = |router: &Router, speech: Speech<'_>| {
        Encrypted::connect(router.address, "a.test", &speech.config())
    };
    let old = || Speech {
        version: Some(&TLS12),
        ..Speech::new(&pem)
    };
    let router = start("min_version: '1.2'");
    assert!(connect(&router, old()).is_ok());
    assert!(connect(&start("min_version: '1.3'"), old()).is_err());

    for (offered, settled) in [
        (&["h2", "http/1.1"][..], Some(&b"h2"[..])),
        (&["http/1.1", "h2"], Some(b"h2")),
        (&["http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ] {
        let speech = Speech {
            protocols: offered,
            ..Speech::new(&pem)
        };
        assert_eq!(connect(&router, speech).unwrap().protocol(), settled);
    }
    let challenge = Speech {
        protocols: &["acme-tls/1"],
        ..Speech::new(&pem)
    };
    assert!(connect(&router, challenge).is_err());
    // Who has settled on one protocol speaks no other.
    let http2 = Speech {
        protocols: &["h2"],
        ..Speech::new(&pem)
    };
    assert!(
        connect(&router, http2)
            .unwrap()
            .request("GET /who")
            .is_err()
    );
}

#[test]
fn who_speaks_in_the_clear_is_told() {
    let (authority, folder) = (Authority::new("ours"), Folder::new());
    let entry = folder.entry("a", &authority.server(&["a.test"]));
    let (router, upstream) = router(&format!("tls: {{ certificates: [{{ {entry} }}] }}"));
    for path in ["/up/a", "/health", "/graphql"] {
        let mut client = Client::connect(router.address);
        let answer = client.request(&format!("GET {path}\n\n"));
        assert_eq!(answer.start, "HTTP/1.1 400 Bad Request");
        let said = String::from_utf8(answer.body).unwrap();
        assert!(said.contains("TLS is spoken here"), "{said}");
        client.until_closed();
    }
    assert_eq!(upstream.asked(), 0);
    // A handshake that begins in pieces is one all the same.
    let mut slow = TcpStream::connect(router.address).unwrap();
    slow.write_all(&[22]).unwrap();
    slow.write_all(&[9, 9, 9, 9, 9]).unwrap();
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).unwrap();
    assert_eq!(answer.first(), Some(&21), "an alert, not {answer:?}");
}

/// What a client that wants this host sends first.
fn hello(authority: &Authority) -> Vec<u8> {
    let config = Speech::new(&authority.pem()).config();
    let name = "a.test".try_into().unwrap();
    let mut session = rustls::ClientConnection::new(config, name).unwrap();
    let mut hello = Vec::new();
    session.write_tls(&mut hello).unwrap();
    hello
}

#[test]
fn half_a_handshake_is_not_waited_for_and_takes_a_place_meanwhile() {
    let (authority, folder) = (Authority::new("ours"), Folder::new());
    let entry = folder.entry("a", &authority.server(&["a.test"]));
    let (router, _) = router(&format!(
        "tls: {{ certificates: [{{ {entry} }}] }}
server:
  trusted_proxies: {{ addresses: [127.0.0.2] }}
  proxy_protocol: any
  http: {{ tls_handshake_timeout: 2s, header_read_timeout: 2s, max_connections: 200 }}
"
    ));
    let hello = hello(&authority);
    let beginnings: [&[u8]; 6] = [
        b"",
        &hello[..1],
        &hello[..3],
        &hello[..hello.len() / 2],
        &hello,
        b"PRI * HTTP/2.0\r\n",
    ];
    let from_proxy = |bytes: &[u8]| {
        let socket = std::net::TcpListener::bind("127.0.0.2:0");
        drop(socket);
        connect_from([127, 0, 0, 2].into(), router.address, bytes)
    };
    let mut half: Vec<TcpStream> = (0..200)
        .map(|index| match index % 8 {
            6 => from_proxy(b"PROXY TCP4 9.9.9.9 127"),
            7 => from_proxy(b"PROXY TCP4 9.9.9.9 127.0.0.1 1 2\r\n\x16"),
            index => {
                let mut stream = TcpStream::connect(router.address).unwrap();
                stream.write_all(beginnings[index]).unwrap();
                stream
            }
        })
        .collect();
    // All places are taken: this one waits for one of them.
    let config = Speech::new(&authority.pem()).config();
    let mut client = Encrypted::connect(router.address, "a.test", &config).unwrap();
    assert_eq!(client.request("GET /who").unwrap().start, "HTTP/1.1 200 OK");
    for stream in &mut half {
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        // Closed, or reset where something was left unread.
        if let Err(error) = stream.read_to_end(&mut Vec::new()) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
    }
}

/// A connection from this address of this machine.
fn connect_from(from: std::net::IpAddr, to: SocketAddr, bytes: &[u8]) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    (&stream).write_all(bytes).unwrap();
    stream
}

#[test]
fn a_client_that_takes_nothing_is_given_up_under_tls_too() {
    let (authority, folder) = (Authority::new("ours"), Folder::new());
    let entry = folder.entry("a", &authority.server(&["a.test"]));
    let (router, _) = router(&format!(
        "tls: {{ certificates: [{{ {entry} }}] }}
server: {{ http: {{ write_timeout: 500ms, max_connections: 1 }} }}
"
    ));
    let config = Speech::new(&authority.pem()).config();
    let mut greedy = Encrypted::connect(router.address, "a.test", &config).unwrap();
    let ask = wire("GET /who");
    let requests = ask.repeat(200_000);
    // The server stops reading once its answers are not read, and this stops too.
    greedy
        .stream()
        .get_mut()
        .sock
        .set_write_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let refused = greedy.stream().get_mut().write_all(&requests);
    assert!(refused.is_err());
    // Its place is free again.
    let mut client = Encrypted::connect(router.address, "a.test", &config).unwrap();
    assert_eq!(client.request("GET /who").unwrap().start, "HTTP/1.1 200 OK");
}

#[test]
fn the_other_listener_sends_clients_on_and_does_nothing_else() {
    let (authority, folder) = (Authority::new("ours"), Folder::new());
    let entry = folder.entry("a", &authority.server(&["a.test"]));
    let start = |port: u16| {
        router(&format!(
            "tls: {{ certificates: [{{ {entry} }}] }}\nserver: {{ http_redirect: {{ listen: '127.0.0.1:0', port: {port} }} }}\n"
        ))
    };
    let ask =
        |router: &Router, written: &str| Client::connect(router.redirect.unwrap()).request(written);
    let (router, upstream) = start(443);
    for (target, host, location) in [
        ("/up/a?b=c&d", "a.test", "https://a.test/up/a?b=c&d"),
        ("/health", "A.test:80", "https://A.test/health"),
        ("/%7Ea", "a.test", "https://a.test/~a"),
        ("/", "[::1]:80", "https://[::1]/"),
        ("http://a.test/x", "a.test", "https://a.test/x"),
    ] {
        let answer = ask(&router, &format!("GET {target}\nhost: {host}\n\n"));
        assert_eq!(answer.start, "HTTP/1.1 308 Permanent Redirect", "{target}");
        assert_eq!(answer.header("location"), Some(location));
    }
    for bad in [
        "GET /a\nhost: a.test@evil.test\n\n",
        "GET /a\nhost: evil.test/a.test\n\n",
        "GET /a\nhost: a.test\nhost: evil.test\n\n",
        "GET //evil.test/\nhost: a.test\n\n",
        "GET /a/../b\nhost: a.test\n\n",
        "GET /a\\b\nhost: a.test\n\n",
        "GET /a\nhost:\n\n",
        "OPTIONS *\nhost: a.test\n\n",
        "CONNECT evil.test:443\nhost: evil.test:443\n\n",
    ] {
        let answer = ask(&router, bad);
        assert!(
            answer.start.starts_with("HTTP/1.1 4") || answer.start.starts_with("HTTP/1.1 501"),
            "{bad} {}",
            answer.start
        );
        assert_eq!(answer.header("location"), None, "{bad}");
    }
    let (router, _) = start(8443);
    let answer = ask(&router, "POST /a\nhost: a.test\n\nbody");
    assert_eq!(answer.header("location"), Some("https://a.test:8443/a"));
    assert_eq!(upstream.asked(), 0);
}
