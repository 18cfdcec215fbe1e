//! What clients can write into logs, identifiers and metrics.

use super::{post, status};
use crate::{
    kit::{Client, Process, Router},
    telemetry::{Scrape, shop},
};

/// Sends each of these requests over a connection of its own; how many were answered by the gateway itself.
fn send_all(process: &Process, requests: &[Vec<u8>]) {
    for request in requests {
        let mut client = Client::connect(process.address);
        client.send(request);
        let _ = client.try_response();
    }
}

/// CRLF, escape sequences, and characters that turn the direction of a line, in every place that a client can write to.
#[test]
fn a_client_cannot_write_lines_of_the_log() {
    let override_char = "\u{202e}";
    let values: [&[u8]; 7] = [
        "\u{202e}admin".as_bytes(),
        b"\x1b[2J\x1b[31mred",
        b"a\rINFO forged",
        b"\xff\xfe\x80",
        b"a\tb",
        b"\" status=200 \"",
        b"{\"level\":\"ERROR\"}",
    ];
    let names = [
        "apollographql-client-name",
        "apollographql-client-version",
        "x-request-id",
        "user-agent",
        "referer",
        "traceparent",
    ];
    let mut requests: Vec<Vec<u8>> = Vec::new();
    for name in names {
        for value in values {
            let head = format!("GET /a HTTP/1.1\r\nhost: x\r\n{name}: ");
            requests.push([head.as_bytes(), value, b"\r\n\r\n"].concat());
        }
    }
    for path in [
        "/%0d%0aforged",
        "/%1b[2J",
        "/%e2%80%ae",
        "/a?b=%0aforged",
        "/\u{202e}",
        "/a\u{1b}[2J",
    ] {
        requests.push(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes());
    }
    requests.push(b"GET /a HTTP/1.0\r\n\r\n".to_vec());
    requests.push(b"M\x1b[2J /a HTTP/1.1\r\nhost: x\r\n\r\n".to_vec());
    requests.push(crate::kit::wire(&post("query \u{202e}N { __typename }")));
    requests.push(crate::kit::wire(
        &post("query N { __typename }").replace("__typename", "__typename \\u001b[31m"),
    ));
    for format in ["json", "text"] {
        let mut process = Process::start(
            &format!(
                "request_id: {{ from_client: true }}\ntelemetry: {{ exporters: {{ logging: {{ access: true, slow_threshold: 0s, stdout: {{ format: {format} }} }} }} }}\n"
            ),
            &shop(&[]),
        );
        send_all(&process, &requests);
        let lines = process.stop();
        let told = lines
            .iter()
            .filter(|line| line.contains("status") && line.contains("/a"));
        assert!(told.count() > names.len() * 3, "{}", lines.join("\n"));
        for line in &lines {
            let is_hostile = line.contains(override_char) || line.chars().any(char::is_control);
            assert!(!is_hostile, "{line:?}");
            assert!(!line.starts_with("INFO forged"), "{line}");
            let is_whole = match format {
                "json" => serde_json::from_str::<serde_json::Value>(line).is_ok(),
                _ => line.starts_with("20"),
            };
            assert!(is_whole, "{line}");
        }
    }
}

/// Also where clients may give the id, not any.
#[test]
fn an_id_of_64_kb_is_replaced() {
    for config in ["", "request_id: { from_client: true }\n"] {
        let router = Router::start(config, &shop(&[]));
        let long = "x".repeat(64 * 1024);
        let request =
            post("{ __typename }").replacen('\n', &format!("\nx-request-id: {long}\n"), 1);
        let answer = Client::connect(router.address).request(&request);
        assert_eq!(status(&answer.start), 200);
        let id = answer.header("x-request-id").unwrap();
        assert!(
            id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{id}"
        );
    }
}

/// Whoever makes up paths, methods, names and hosts makes no series.
#[test]
fn ten_thousand_paths_are_one_series() {
    let process = Process::start(
        "telemetry: { exporters: { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } } }
routes: [{ match: { path: '/v/{id}' }, respond: { status: 204 } }]\n",
        &shop(&[]),
    );
    let mut client = Client::connect(process.address);
    let mut ask = |range: std::ops::Range<usize>| {
        let batch: Vec<Vec<u8>> = range
            .flat_map(|at| {
                let said = format!("host: h{at}.test\r\nuser-agent: {at}\r\napollographql-client-name: {at}\r\nx-consumer-username: {at}");
                [
                    format!("GET /p{at}?{at} HTTP/1.1\r\n{said}\r\n\r\n").into_bytes(),
                    format!("M{at} /v/{at} HTTP/1.1\r\n{said}\r\n\r\n").into_bytes(),
                ]
            })
            .collect();
        client.send(&batch.concat());
        for _ in batch {
            client.response().unwrap();
        }
    };
    let series = || {
        let mut metrics = Client::connect(process.address_after("metrics at http://"));
        let body = metrics.request("GET /metrics").body;
        let text = String::from_utf8(body).unwrap();
        Scrape::parse(&text);
        text.lines().filter(|line| !line.starts_with('#')).count()
    };
    ask(0..50);
    let before = series();
    for batch in 1..100 {
        ask(batch * 50..batch * 50 + 50);
    }
    assert_eq!(series(), before);
}
