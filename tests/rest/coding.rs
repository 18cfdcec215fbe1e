//! Content codings of answers: who codes them, and what is left alone.

use super::{Upstream, exchange, router};
use flate2::read::GzDecoder;
use std::io::Read;

const LONG: usize = 5000;

fn answer(settings: &str, answer: &str, headers: &str) -> (String, Vec<u8>) {
    let upstream = Upstream::answering(answer);
    let config = format!(
        "\
upstreams: {{ shop: {{ endpoints: ['http://{}'] }} }}
routes: [{{ to: shop, {settings} }}]
",
        upstream.address
    );
    let router = router(&config);
    let request = format!("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
    let mut stream = super::connect(&router);
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8(all[..end].to_vec()).unwrap();
    let body = match head.contains("transfer-encoding: chunked\r\n") {
        true => dechunked(&all[end..]),
        false => all[end..].to_vec(),
    };
    (head, body)
}

fn dechunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").unwrap();
        let length = std::str::from_utf8(&rest[..end]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 4 + length..];
    }
}

fn inflated(body: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(body).read_to_string(&mut text).unwrap();
    text
}

fn plain(status: &str, headers: &str) -> String {
    let body = "x".repeat(LONG);
    format!("HTTP/1.1 {status}\r\ncontent-length: {LONG}\r\n{headers}\r\n{body}")
}

const GZIP: &str = "accept-encoding: gzip\r\n";

#[test]
fn a_route_may_have_its_answers_compressed() {
    let text = plain(
        "200 OK",
        "content-type: text/css\r\netag: \"a\"\r\naccept-ranges: bytes\r\n",
    );
    let (head, body) = answer("compress: true", &text, GZIP);
    for line in [
        "content-encoding: gzip",
        "vary: accept-encoding",
        "etag: W/\"a\"",
    ] {
        assert!(head.contains(&format!("{line}\r\n")), "{head}");
    }
    assert!(
        !head.contains("content-length") && !head.contains("accept-ranges"),
        "{head}"
    );
    assert_eq!(inflated(&body), "x".repeat(LONG));
    let (head, body) = answer("compress: true", &text, "");
    assert!(head.contains("vary: accept-encoding\r\n"), "{head}");
    assert!(head.contains("etag: \"a\"\r\n"), "{head}");
    assert_eq!(body.len(), LONG);
}

#[test]
fn what_must_not_be_compressed_is_left_alone() {
    let json = "content-type: application/json\r\n";
    for (settings, status, headers) in [
        ("compress: false", "200 OK", json.to_owned()),
        (
            "compress: true",
            "206 Partial Content",
            format!("{json}content-range: bytes 0-4999/9999\r\n"),
        ),
        (
            "compress: true",
            "200 OK",
            format!("{json}content-encoding: br\r\n"),
        ),
        (
            "compress: true",
            "200 OK",
            format!("{json}cache-control: no-transform\r\n"),
        ),
        (
            "compress: true",
            "200 OK",
            "content-type: image/png\r\n".to_owned(),
        ),
    ] {
        let text = plain(status, &(headers.clone() + "etag: \"a\"\r\n"));
        let (head, body) = answer(settings, &text, GZIP);
        assert!(!head.contains("gzip") && !head.contains("vary"), "{head}");
        assert!(head.contains("etag: \"a\"\r\n"), "{head}");
        assert_eq!(body.len(), LONG, "{head}");
    }
}

#[test]
fn a_changed_answer_is_brought_out_of_its_coding() {
    let json = format!("{{\"secret\":1,\"text\":\"{}\"}}", "x".repeat(LONG));
    let mut coded = Vec::new();
    flate2::read::GzEncoder::new(json.as_bytes(), flate2::Compression::fast())
        .read_to_end(&mut coded)
        .unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/hal+json\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        coded.len()
    );
    let upstream = Upstream::start(move |mut connection| {
        while connection.head().is_some() {
            connection.send(head.as_bytes());
            connection.send(&coded);
        }
    });
    let config = format!(
        "\
upstreams: {{ shop: {{ endpoints: ['http://{}'] }} }}
routes: [{{ to: shop, response: {{ body: {{ json: [{{ remove: [secret] }}] }} }} }}]
",
        upstream.address
    );
    let request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = exchange(&router(&config), request.as_bytes());
    let expected = format!("{{\"text\":\"{}\"}}", "x".repeat(LONG));
    assert!(answer.ends_with(&expected), "{}", &answer[..500]);
    assert!(answer.contains(&format!("content-length: {}\r\n", expected.len())));
    assert!(!answer.contains("content-encoding"), "{}", &answer[..500]);
}
