//! Proxies in front: who is believed, and whom they speak for.

use super::{answer, header, router};
use crate::kit::{Authority, Client, Encrypted, Folder, Message, Router, Speech, wire};

/// The client as the router sees it.
fn who(answer: &Message) -> String {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    body["address"].as_str().unwrap().to_owned()
}

/// A router that trusts what comes from this machine.
fn behind(more: &str) -> (Router, crate::kit::Fake) {
    router(&format!(
        "server:\n  trusted_proxies: {{ addresses: [127.0.0.0/8, 10.0.0.0/8] }}\n{more}"
    ))
}

#[test]
fn the_client_of_a_trusted_proxy_is_the_client() {
    let (router, upstream) = behind("");
    let mut client = Client::connect(router.address);
    let mut ask = |headers: &str| who(&client.request(&format!("GET /who\n{headers}\n")));
    assert_eq!(ask(""), "127.0.0.1");
    assert_eq!(
        ask("x-forwarded-for: 6.6.6.6, 9.9.9.9, 10.0.0.1\n"),
        "9.9.9.9"
    );
    // Each request for itself: a proxy's connection is many clients'.
    assert_eq!(ask("x-forwarded-for: 8.8.8.8\n"), "8.8.8.8");
    assert_eq!(ask("forwarded: for=6.6.6.6\n"), "127.0.0.1");

    answer(&upstream, 1);
    client.request(
        "GET /up/a\nhost: a.test\nx-forwarded-for: 6.6.6.6, 9.9.9.9\nx-forwarded-proto: https\n\n",
    );
    let seen = upstream.take_seen().remove(0);
    assert_eq!(header(&seen, "x-forwarded-for"), Some("9.9.9.9"));
    assert_eq!(header(&seen, "x-real-ip"), Some("9.9.9.9"));
    assert_eq!(header(&seen, "x-forwarded-proto"), Some("https"));
    assert_eq!(
        header(&seen, "forwarded"),
        Some("for=9.9.9.9;proto=https;host=\"a.test\"")
    );
}

#[test]
fn nobody_else_is_believed() {
    let (router, upstream) = router("server: { trusted_proxies: { addresses: [10.0.0.0/8] } }\n");
    let mut client = Client::connect(router.address);
    let spoofed = "x-forwarded-for: 9.9.9.9\nx-forwarded-proto: https\nforwarded: for=9.9.9.9;proto=https\nx-real-ip: 9.9.9.9";
    assert_eq!(
        who(&client.request(&format!("GET /who\n{spoofed}\n\n"))),
        "127.0.0.1"
    );
    answer(&upstream, 1);
    client.request(&format!("GET /up/a\n{spoofed}\n\n"));
    let seen = upstream.take_seen().remove(0);
    assert_eq!(header(&seen, "x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(header(&seen, "x-forwarded-proto"), Some("http"));
    // Nor one that speaks the PROXY protocol.
    let (router, _) = super::router(
        "server: { trusted_proxies: { addresses: [10.0.0.0/8] }, proxy_protocol: any }\n",
    );
    let mut client = Client::connect(router.address);
    client.send(b"PROXY TCP4 9.9.9.9 10.0.0.1 1 2\r\n");
    client.send(&wire("GET /who"));
    assert_eq!(client.response().unwrap().start, "HTTP/1.1 400 Bad Request");
}

#[test]
fn a_load_balancer_says_whose_a_connection_is() {
    let (authority, folder) = (Authority::new("ours"), Folder::new());
    let entry = folder.entry("a", &authority.server(&["a.test"]));
    let line = b"PROXY TCP4 9.9.9.9 10.0.0.1 4711 443\r\n";
    let bytes = [
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x08\x08\x08\x08\x0a\0\0\x01\x12\x34\x01\xbb"
            .as_slice(),
    ]
    .concat();
    let chained = b"PROXY TCP4 10.0.0.7 10.0.0.1 4711 443\r\n";

    let (router, _) = behind("  proxy_protocol: any\n");
    let ask = |before: &[u8], headers: &str| {
        let mut client = Client::connect(router.address);
        client.send(before);
        who(&client.request(&format!("GET /who\n{headers}\n")))
    };
    assert_eq!(ask(line, ""), "9.9.9.9");
    assert_eq!(ask(&bytes, ""), "8.8.8.8");
    assert_eq!(ask(b"PROXY UNKNOWN\r\n", ""), "127.0.0.1");
    // The client behind the load balancer is nobody to be believed, unless it is trusted itself.
    assert_eq!(ask(line, "x-forwarded-for: 7.7.7.7\n"), "9.9.9.9");
    assert_eq!(ask(chained, "x-forwarded-for: 7.7.7.7\n"), "7.7.7.7");
    // Who forgets the header is not served.
    let mut bare = Client::connect(router.address);
    let _ = bare.try_send(&wire("GET /who"));
    bare.until_closed();
    // One header is enough.
    let mut twice = Client::connect(router.address);
    twice.send(&[&line[..], &line[..]].concat());
    twice.send(&wire("GET /who"));
    assert_eq!(twice.response().unwrap().start, "HTTP/1.1 400 Bad Request");

    let (router, _) = behind(&format!(
        "  proxy_protocol: v2\ntls: {{ certificates: [{{ {entry} }}] }}\n"
    ));
    let config = Speech::new(&authority.pem()).config();
    let mut client = Encrypted::connect_after(router.address, &bytes, "a.test", &config).unwrap();
    assert_eq!(who(&client.request("GET /who").unwrap()), "8.8.8.8");
    assert!(Encrypted::connect_after(router.address, line, "a.test", &config).is_err());
    assert!(Encrypted::connect(router.address, "a.test", &config).is_err());
}

#[test]
fn connections_are_counted_by_whose_they_are() {
    let (router, _) = behind("  proxy_protocol: v1\n  http: { max_connections_per_ip: 1 }\n");
    let connect = |address: &str| {
        let mut client = Client::connect(router.address);
        client.send(format!("PROXY TCP4 {address} 10.0.0.1 1 2\r\n").as_bytes());
        client.send(&wire("GET /who"));
        client
    };
    let mut first = connect("9.9.9.9");
    assert_eq!(who(&first.response().unwrap()), "9.9.9.9");
    // One more of theirs gets no answer.
    let mut second = connect("9.9.9.9");
    assert!(second.try_response().is_none());
    let mut other = connect("8.8.8.8");
    assert_eq!(who(&other.response().unwrap()), "8.8.8.8");
}

/// A client of a load balancer is counted before its handshake: those that it does not finish are connections, too.
#[test]
fn handshakes_of_a_client_behind_a_load_balancer_are_counted() {
    let (authority, folder) = (Authority::new("ours"), Folder::new());
    let entry = folder.entry("a", &authority.server(&["a.test"]));
    let (router, _) = behind(&format!(
        "  proxy_protocol: v1
  http: {{ max_connections_per_ip: 1 }}
tls: {{ certificates: [{{ {entry} }}] }}
"
    ));
    let connect = |address: &str| {
        let mut client = Client::connect(router.address);
        client.send(format!("PROXY TCP4 {address} 10.0.0.1 1 2\r\n\x16").as_bytes());
        client
    };
    let _half = connect("9.9.9.9");
    // One of the two is the first to be counted; the other one is closed.
    connect("9.9.9.9").until_closed();
    let line = b"PROXY TCP4 8.8.8.8 10.0.0.1 1 2\r\n";
    let config = Speech::new(&authority.pem()).config();
    let mut other = Encrypted::connect_after(router.address, line, "a.test", &config).unwrap();
    assert_eq!(who(&other.request("GET /who").unwrap()), "8.8.8.8");
}
