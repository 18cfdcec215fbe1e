//! Compressed bodies, in all three directions, as clients and subgraphs see them.

use crate::kit::{Answer, Client, Exchange, Fake, Message, Router, wire};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use std::{
    fs,
    io::{Read, Write},
    path::Path,
};

const CODINGS: [&str; 3] = ["gzip", "br", "zstd"];
const QUERY: &str = "{\"query\":\"{ me { id name } }\"}";

fn coded(coding: &str, body: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    match coding {
        "gzip" => {
            let mut encoder = GzEncoder::new(&mut coded, Compression::fast());
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap();
        }
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(&mut coded, 4096, 1, 22);
            encoder.write_all(body).unwrap();
        }
        "zstd" => coded = zstd::encode_all(body, 1).unwrap(),
        other => panic!("no coding {other}"),
    }
    coded
}

fn plain(coding: &str, coded: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        "gzip" => GzDecoder::new(coded).read_to_end(&mut plain).unwrap(),
        "br" => brotli::Decompressor::new(coded, 4096)
            .read_to_end(&mut plain)
            .unwrap(),
        "zstd" => zstd::Decoder::new(coded)
            .unwrap()
            .read_to_end(&mut plain)
            .unwrap(),
        other => panic!("no coding {other}"),
    };
    plain
}

/// A router in front of the users and the products of the shop.
struct Setting {
    users: Fake,
    products: Fake,
    router: Router,
}

impl Setting {
    fn start(config: &str) -> Self {
        let users = Fake::upstream("users.test");
        let products = Fake::start();
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs");
        let sdl = fs::read_to_string(directory.join("shop.graphql"))
            .unwrap()
            .replace("users.test", &users.address.to_string())
            .replace("products.test", &products.address.to_string());
        let router = Router::start(config, &sdl);
        Self {
            users,
            products,
            router,
        }
    }

    /// What a client gets that asks with these header lines and this body, when the users answer so.
    fn ask(&self, headers: &str, body: &[u8], users: Option<Vec<u8>>) -> Message {
        let expected = users.into_iter().map(|answer| Exchange {
            expected: None,
            answer: Answer::Bytes(answer),
        });
        self.users.expect(expected.collect());
        let mut client = Client::connect(self.router.address);
        let length = body.len();
        client.send(&wire(&format!(
            "POST /graphql\ncontent-type: application/json\ncontent-length: {length}\n{headers}\n"
        )));
        client.send(body);
        client.response().unwrap()
    }
}

fn user(name: &str) -> Vec<u8> {
    format!("{{\"data\":{{\"me\":{{\"id\":\"one\",\"name\":\"{name}\"}}}}}}").into_bytes()
}

/// An answer with this body, and what it says of its coding.
fn answer(coding: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{coding}content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

#[test]
fn clients_get_what_they_accept() {
    let setting = Setting::start("");
    // One that is compressed where it is, and one that is not.
    for length in [3_000, 300_000] {
        let body = user(&"Ada ".repeat(length / 4));
        for coding in CODINGS {
            let accepted = format!("accept-encoding: {coding}\n");
            let response = setting.ask(&accepted, QUERY.as_bytes(), Some(answer("", &body)));
            assert_eq!(response.start, "HTTP/1.1 200 OK");
            assert_eq!(response.header("content-encoding"), Some(coding));
            assert_eq!(response.header("vary"), Some("accept-encoding"));
            assert!(response.body.len() * 10 < body.len());
            assert_eq!(plain(coding, &response.body), body);
        }
        for accepted in [
            "",
            "accept-encoding: identity\n",
            "accept-encoding: deflate\n",
        ] {
            let response = setting.ask(accepted, QUERY.as_bytes(), Some(answer("", &body)));
            assert_eq!(response.header("content-encoding"), None);
            assert_eq!(response.header("vary"), Some("accept-encoding"));
            assert_eq!(response.body, body);
        }
    }
}

#[test]
fn small_responses_are_not_compressed() {
    let setting = Setting::start("");
    let body = user("Ada");
    let accepted = "accept-encoding: gzip, br, zstd\n";
    let response = setting.ask(accepted, QUERY.as_bytes(), Some(answer("", &body)));
    assert_eq!(response.header("content-encoding"), None);
    assert_eq!(response.header("vary"), None);
    assert_eq!(response.body, body);
}

#[test]
fn responses_are_not_compressed_where_that_is_off() {
    let config = "traffic_shaping: { router: { compression: { response: { enabled: false } } } }\n";
    let setting = Setting::start(config);
    let body = user(&"Ada ".repeat(1_000));
    let accepted = "accept-encoding: gzip\n";
    let response = setting.ask(accepted, QUERY.as_bytes(), Some(answer("", &body)));
    assert_eq!(response.header("content-encoding"), None);
    assert_eq!(response.header("vary"), None);
    assert_eq!(response.body, body);
}

#[test]
fn clients_may_compress_their_bodies() {
    let setting = Setting::start("");
    let body = user("Ada");
    for coding in CODINGS {
        let says = format!("content-encoding: {coding}\n");
        let sent = coded(coding, QUERY.as_bytes());
        let response = setting.ask(&says, &sent, Some(answer("", &body)));
        assert_eq!(response.body, body, "{coding}");
    }
    let says = "content-encoding: identity\n";
    let response = setting.ask(says, QUERY.as_bytes(), Some(answer("", &body)));
    assert_eq!(response.body, body);
}

#[test]
fn bodies_that_are_too_large_inside_are_refused() {
    let setting = Setting::start("limits: { http_max_request_bytes: 100KB }\n");
    let bomb = format!("{QUERY}{}", " ".repeat(10_000_000));
    for coding in CODINGS {
        let says = format!("content-encoding: {coding}\n");
        let sent = coded(coding, bomb.as_bytes());
        assert!(sent.len() < 100_000);
        let response = setting.ask(&says, &sent, None);
        assert_eq!(response.start, "HTTP/1.1 413 Payload Too Large");
    }
}

#[test]
fn bodies_that_are_not_what_they_say_are_refused() {
    let setting = Setting::start("");
    let gzip = coded("gzip", QUERY.as_bytes());
    let twice = coded("gzip", &gzip);
    let cases: [(&str, &[u8], &str); 7] = [
        ("gzip", &gzip[..gzip.len() - 1], "400"),
        ("gzip", QUERY.as_bytes(), "400"),
        ("zstd", &gzip, "400"),
        ("gzip", &twice, "400"),
        ("gzip, gzip", &twice, "415"),
        ("deflate", &gzip, "415"),
        ("gzip\ncontent-encoding: gzip", &twice, "415"),
    ];
    for (says, sent, status) in cases {
        let response = setting.ask(&format!("content-encoding: {says}\n"), sent, None);
        assert!(
            response.start.contains(status),
            "{says}: {}",
            response.start
        );
        let codings = response.header("accept-encoding");
        assert_eq!(codings.is_some(), status == "415");
    }
    assert_eq!(setting.users.take_seen(), Vec::<String>::new());
}

#[test]
fn subgraphs_may_compress_their_answers() {
    let setting = Setting::start("");
    for length in [40, 300_000] {
        let body = user(&"Ada ".repeat(length / 4));
        for coding in CODINGS {
            let says = format!("content-encoding: {coding}\r\n");
            let sent = answer(&says, &coded(coding, &body));
            // What the client accepts is between it and the router.
            let accepted = "accept-encoding: deflate\n";
            let response = setting.ask(accepted, QUERY.as_bytes(), Some(sent));
            assert_eq!(response.body, body);
            assert_eq!(response.header("content-encoding"), None);
        }
    }
    for seen in setting.users.take_seen() {
        assert!(seen.contains("accept-encoding: gzip, br, zstd\n"), "{seen}");
    }
}

#[test]
fn subgraphs_are_not_asked_to_where_that_is_off() {
    let propagating = "headers: { all: { request: [{ propagate: { matching: '.*' } }] } }\n";
    for config in [
        "traffic_shaping: { all: { accept_encoding: false } }\n",
        "traffic_shaping: { subgraphs: { users: { accept_encoding: false } } }\n",
    ] {
        let setting = Setting::start(&format!("{config}{propagating}"));
        let body = user("Ada");
        let sent = answer("content-encoding: br\r\n", &coded("br", &body));
        let response = setting.ask("accept-encoding: gzip\n", QUERY.as_bytes(), Some(sent));
        // Nobody asked, but it is clear what it says.
        assert_eq!(response.body, body);
        let seen = setting.users.take_seen();
        assert!(!seen[0].contains("accept-encoding"), "{}", seen[0]);
    }
}

#[test]
fn answers_that_are_not_what_they_say_cost_one_fetch() {
    let setting = Setting::start("");
    let body = user(&"Ada ".repeat(100));
    let gzip = coded("gzip", &body);
    let twice = coded("gzip", &gzip);
    let bomb = coded("zstd", &vec![b' '; 70_000_000]);
    let cases: [(&str, &[u8]); 7] = [
        ("gzip", &gzip[..gzip.len() - 4]),
        ("gzip", &body),
        ("zstd", &gzip),
        ("deflate", &gzip),
        ("gzip", &twice),
        ("gzip, gzip", &twice),
        ("zstd", &bomb),
    ];
    for (says, sent) in cases {
        setting.products.expect(vec![Exchange {
            expected: None,
            answer: Answer::Bytes(answer("", b"{\"data\":{\"shopName\":\"Shop\"}}")),
        }]);
        let sent = answer(&format!("content-encoding: {says}\r\n"), sent);
        let query = b"{\"query\":\"{ me { id name } shopName }\"}";
        let response = setting.ask("", query, Some(sent));
        let text = String::from_utf8(response.body).unwrap();
        let data = "{\"data\":{\"me\":null,\"shopName\":\"Shop\"},\"errors\":[{";
        assert!(text.starts_with(data), "{says}: {text}");
        assert!(text.contains("SUBREQUEST_MALFORMED_RESPONSE"), "{text}");
    }
}
